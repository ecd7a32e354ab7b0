"""Where Hydra finds configs: in place of its own search, which takes the first of several files of one name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tunekit.config.composition.launcher import offered_launcher
from tunekit.config.options_files.files import OptionsFile, config_folders, files, find_file, split_path, typed_files
from tunekit.config.options_files.names import PRIMARY, with_clear_names
from tunekit.config.options_files.own_components import with_own_components
from tunekit.config.schema import COMPONENTS, RECIPES
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.names import BUILT_IN

LIBRARIES_ADD = re.compile(r"\s*(full_key|object_type|reference_type)(: ?|=)\S*|\s*To append to your config use \S*")
CONFIG_PACKAGE = "pkg://tunekit.conf"
SCHEME = "tunekit"


class OptionsFiles(ConfigSource):
    """The primary configuration, and the options files of all distributions and of the user.

    Attributes:
        config_dir: The user's own folder in the command that is composed.
    """

    config_dir: ClassVar[str | None] = None  # Hydra makes the object, and registers a class for a scheme once

    @staticmethod
    def scheme() -> str:
        return SCHEME

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        groups = [*files(), *COMPONENTS, *RECIPES]
        return any(f"{group}/".startswith(f"{config_path}/") for group in groups) or not config_path

    def is_config(self, config_path: str) -> bool:
        found = self._primary(config_path) or self._offered(config_path) or offered_launcher(config_path)
        return found is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        found: set[str] = set()
        if results_filter != ObjectType.GROUP:
            found.update(typed_files(config_path))
        if results_filter != ObjectType.CONFIG:
            start = f"{config_path}/" if config_path else ""
            inside = (group[len(start) :] for group in files() if group.startswith(start))
            found.update(group.partition("/")[0] for group in inside)
        return sorted(found)

    def load_config(self, config_path: str) -> ConfigResult:
        launcher = offered_launcher(config_path)
        if launcher is not None:
            return self._result(OmegaConf.create({"name": launcher.qualified}), "")
        file = self._primary(config_path) or self._offered(config_path)
        if file is None:
            raise ConfigLoadError(f"There is no {config_path}.")
        if file.path is None:
            return self._result(OmegaConf.create({"name": file.qualified}), "")
        config, text = read_options_file(file.path)
        content = OmegaConf.to_container(config, resolve=False)
        clear = with_clear_names(content, file)
        if file.group == "method":
            clear = with_own_components(clear, file, self.config_dir)
        return self._result(config if clear == content else OmegaConf.create(clear), text)

    def _result(self, config: Any, text: str) -> ConfigResult:
        header = self._get_header_dict(text)
        return ConfigResult(config=config, path=self.full_path(), provider=self.provider, header=header)

    def _primary(self, config_path: str) -> OptionsFile | None:
        """The primary configuration, which is ours alone."""
        name = _without_suffix(config_path)
        path = next(iter(config_folders())) / f"{name}.yaml"
        return OptionsFile(PRIMARY, name, BUILT_IN, path) if "/" not in name and path.is_file() else None

    def _offered(self, config_path: str) -> OptionsFile | None:
        group, name = split_path(_without_suffix(config_path))
        return find_file(group, name, self.config_dir) if group else None


class ReplacesTheSearch(SearchPathPlugin):
    """Puts the source above in the place where Hydra would search our package."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for element in search_path.get_path():
            if element.path == CONFIG_PACKAGE:
                element.path = f"{SCHEME}://"


def read_options_file(path: Path) -> tuple[Any, str]:
    """What an options file holds, as OmegaConf has it, and its text.

    Raises:
        ConfigurationError: If it cannot be read.
    """
    try:
        return OmegaConf.load(path), path.read_text(encoding="utf-8")
    except (OSError, ValueError, YAMLError, OmegaConfBaseException) as error:
        reason = LIBRARIES_ADD.sub("", " ".join(str(error).split()))
        raise ConfigurationError(f"{path} cannot be read: {reason}") from error


def _without_suffix(config_path: str) -> str:
    return config_path.removesuffix(".yaml")
