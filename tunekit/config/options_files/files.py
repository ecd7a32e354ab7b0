"""Which options files there are, and which of them a name means; found without Hydra, for the help page too.

A file belongs to the distribution that ships it, and never stands in for a file or a component of another: where
several distributions offer a name, the bare name is refused, and ``distribution/name`` says which is meant. What a
user has in a folder of his own and names with ``--config-dir`` is his wish, and taken first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import attrs

from tunekit.config.schema import COMPONENTS, RECIPES
from tunekit.console import warn_once
from tunekit_core.errors import ConfigurationError, PluginError
from tunekit_core.plugins.diverted import stdout_diverted
from tunekit_core.plugins.names import BUILT_IN, meant_within, qualified, several_offer, split_name
from tunekit_core.plugins.registry import registry

OWN_PACKAGE = "tunekit.conf"
HYDRA = "hydra"  # the group of Hydra's own options: how runs are started must not depend on what is installed


@attrs.frozen
class OptionsFile:
    """What a name means that is chosen in a group.

    Attributes:
        group: Such as ``"searcher"`` or ``"method"``.
        name: Its bare name.
        distribution: What ships it; ``None`` for a file of the user.
        path: The file; ``None`` for a component without one, which then has no option that differs from its default.
    """

    group: str
    name: str
    distribution: str | None
    path: Path | None

    @property
    def qualified(self) -> str:
        """Its name with that of its distribution before it."""
        assert self.distribution is not None
        return qualified(self.distribution, self.name)


@cache
def config_folders() -> Mapping[Path, str]:
    """The folders that hold configs, ours first, and the distribution of each.

    A package that a plugin names but lacks is reported and left out.

    Raises:
        PluginError: If our own cannot be imported.
    """
    own = _folders(OWN_PACKAGE)
    if not own:
        here = Path(__file__).parents[2]
        raise PluginError(
            f"The configuration of tunekit (package {OWN_PACKAGE}) is not beside {here}. "
            "In the root of a clone while a wheel is installed, Python finds the clone's package instead: change to "
            "another folder, or install the clone with `pip install -r requirements.txt`."
        )
    found = dict.fromkeys(own, BUILT_IN)
    for package, distribution in registry().config_packages.items():
        folders = _folders(package)
        if not folders:
            warn_once(
                f"the plugin {distribution} names the config package '{package}', which is no package with an "
                "__init__.py that can be imported; it is left out."
            )
        for folder in folders:
            found.setdefault(folder, distribution)
    return found


@cache
def files() -> Mapping[str, Mapping[str, tuple[OptionsFile, ...]]]:
    """The files of all distributions, by group and bare name: several where several distributions have one."""
    found: dict[str, dict[str, dict[str, OptionsFile]]] = {}
    for folder, distribution in config_folders().items():
        for path in sorted(folder.rglob("*.yaml")):
            group = path.parent.relative_to(folder).as_posix()
            if group != "." and group.partition("/")[0] != HYDRA:
                homes = found.setdefault(group, {}).setdefault(path.stem, {})
                if homes.setdefault(distribution, OptionsFile(group, path.stem, distribution, path)).path != path:
                    warn_once(f"{distribution} has a second file {group}/{path.name}: {path}; it is left out.")
    return {
        group: {name: tuple(homes.values()) for name, homes in sorted(names.items())}
        for group, names in sorted(found.items())
    }


def typed_files(group: str) -> Mapping[str, OptionsFile]:
    """The files of a group by what is typed for each: its name, with its distribution where that is needed."""
    return {
        file.name if len(homes) == 1 else file.qualified: file
        for homes in files().get(group, {}).values()
        for file in homes
    }


def find_file(group: str, name: str, config_dir: str | None = None) -> OptionsFile | None:
    """What a name means that is chosen in a group, or ``None`` if there is nothing of that name.

    Args:
        group: Such as ``"experiment"``.
        name: Bare, or ``distribution/name``.
        config_dir: The user's own folder, which is looked through first.

    Raises:
        ConfigurationError: If several distributions offer it.
    """
    own = None if config_dir is None else Path(config_dir) / group / f"{name}.yaml"
    if own is not None and own.is_file():
        return OptionsFile(group, name, None, own)
    offering = _offering(group, name)
    if len(offering) > 1:
        versions = registry().versions
        raise ConfigurationError(
            several_offer(
                f"A {group} named '{name}'",
                [(distribution, versions[distribution]) for distribution in _homes(offering)],
                [f"{group}={file.qualified}" for file in offering],
            ),
            option=group,
            value=name,
        )
    return offering[0] if offering else None


def name_within(group: str, name: str, distribution: str) -> str:
    """A name that is chosen in a group by a distribution's own file or code, as it is meant there."""
    return meant_within(name, _homes(_offering(group, name)), distribution)


def split_path(path: str) -> tuple[str, str]:
    """Group and name of what Hydra calls a path: ``"searcher/tunekit-bo/mobster"`` has a name with a distribution."""
    first, _, rest = path.partition("/")
    if first in (*COMPONENTS, *RECIPES):
        return first, rest
    group, _, name = path.rpartition("/")
    outer, slash, distribution = group.rpartition("/")
    return (outer, f"{distribution}/{name}") if slash and group not in files() and outer in files() else (group, name)


def _offering(group: str, name: str) -> list[OptionsFile]:
    """What distributions offer by that name: a file each, or a component that has none."""
    distribution, bare = split_name(name)
    found = {file.distribution: file for file in files().get(group, {}).get(bare, ())}
    if group in COMPONENTS:
        for component in registry().offering(group, bare):
            found.setdefault(component.distribution, OptionsFile(group, bare, component.distribution, None))
    offering = [file for file in found.values() if distribution in (None, file.distribution)]
    usable = [file for file in offering if file.distribution in registry().versions]
    return usable or offering  # of a plugin that broke in a hook the name is known, and its component is missed later


def _homes(offering: list[OptionsFile]) -> list[str]:
    return [file.distribution for file in offering if file.distribution is not None]


def _folders(package: str) -> list[Path]:
    try:
        with stdout_diverted():
            spec = find_spec(package)
    except KeyboardInterrupt:
        raise
    except BaseException:  # the packages around it are imported, and may raise anything
        return []
    if spec is None or spec.origin is None:  # a folder without __init__.py, which may be anybody's
        return []
    return [Path(location) for location in spec.submodule_search_locations or ()]
