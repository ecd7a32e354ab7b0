"""From the command line to plain configurations, with Hydra; nothing is run here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import attrs
import hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tunekit.config.arguments import CommandLine
from tunekit.config.composition.environment import as_written, resolved_where_possible, resolved_with_secrets
from tunekit.config.composition.hydra_errors import explain
from tunekit.config.composition.launcher import ChosenLauncher, chosen_launcher
from tunekit.config.composition.source import CONFIG_PACKAGE, OptionsFiles, ReplacesTheSearch, read_options_file
from tunekit.config.composition.sweep_options import SweepOptions, check_is_sweep, sweep_options
from tunekit.config.options_files.files import find_file
from tunekit.config.qualified_keys import decoded
from tunekit_core.errors import ConfigurationError, PluginError, TunekitError


@attrs.define
class Composition:
    """What the command line asks for.

    Attributes:
        configs: In plain dicts, interpolations resolved; none if Hydra was only asked to show something.
        written: With ``--cfg job`` the same, with values of environment variables as they were written.
        is_sweep: Whether Hydra was asked for a sweep, of however many runs.
        options: Those of ``hydra.sweeper``; ``None`` if Hydra was only asked to show something.
        launcher: What runs the runs elsewhere; ``None`` where they are run here.
    """

    configs: list[dict[str, Any]] = attrs.field(factory=list)
    written: list[dict[str, Any]] = attrs.field(factory=list)
    is_sweep: bool = False
    options: SweepOptions | None = None
    launcher: ChosenLauncher | None = None


def compose(line: CommandLine) -> Composition:
    """Let Hydra compose what the command line asks for.

    Raises:
        ConfigurationError: If it cannot be composed.
    """
    _register_plugins(line.config_dir)
    arguments = line.for_hydra
    with _explained():
        if line.names_no_command and _is_study(line):
            arguments = ["--multirun", *arguments]
    composition = Composition()
    unresolved: list[OmegaConfBaseException | TunekitError] = []

    def collect(config: DictConfig) -> None:
        try:
            if not composition.configs:
                hydra_config = HydraConfig.get()
                composition.is_sweep = hydra_config.mode == RunMode.MULTIRUN
                composition.options = sweep_options(hydra_config)
                if not composition.is_sweep:
                    check_is_sweep(composition.options)
                composition.launcher = chosen_launcher()
            if line.shown is not None:
                composition.written.append(decoded(as_written(config)))
                composition.configs.append(decoded(resolved_where_possible(config)))
            else:
                composition.configs.append(decoded(_plain(config)))
        except (OmegaConfBaseException, TunekitError) as error:  # raised from here, Hydra would print it first
            unresolved.append(error)

    # Hydra 1.4 warns at any explicit version_base, 1.3 at none.
    version_base = {"version_base": "1.3"} if hydra.__version__.startswith("1.3.") else {}
    with _hydra_environment(arguments), _explained():
        hydra.main(config_path=CONFIG_PACKAGE, config_name="config", **version_base)(collect)()
        if unresolved:
            raise unresolved[0]
    return composition


def compose_run(overrides: Sequence[str]) -> dict[str, Any]:
    """The configuration of one run, composed apart from the program that asks, which may be one of Hydra's own.

    Args:
        overrides: Each as Hydra wants it.

    Raises:
        ConfigurationError: If it cannot be composed.
    """
    _register_plugins(None)
    with _explained():
        loader = ConfigLoaderImpl(create_config_search_path(CONFIG_PACKAGE))
        config = loader.load_configuration("config", list(overrides), RunMode.RUN)
        OmegaConf.set_struct(config, False)
        del config["hydra"]
        return decoded(_plain(config))


def _plain(config: DictConfig) -> dict[str, Any]:
    return cast("dict[str, Any]", resolved_with_secrets(config))


def _register_plugins(config_dir: str | None) -> None:
    OptionsFiles.config_dir = config_dir
    Plugins.instance().register(OptionsFiles)
    Plugins.instance().register(ReplacesTheSearch)
    Plugins.instance().register(_sweeper())


def _is_study(line: CommandLine) -> bool:
    """Whether the experiment that is chosen is a sweep, by its ``hydra.mode``, which Hydra 1.4 ignores in recipes."""
    for override in line.overrides:
        key, _, name = override.partition("=")
        if key == "+experiment":
            file = find_file("experiment", name, line.config_dir)
            if file is None or file.path is None:
                return False
            config, _ = read_options_file(file.path)
            return bool(OmegaConf.select(config, "hydra.mode") == RunMode.MULTIRUN.name)
    return False


def _sweeper() -> type[Sweeper]:
    """Our sweeper, which Hydra 1.3 does not find by itself in every editable install."""
    try:
        from hydra_plugins.tunekit_sweeper.sweeper import TunekitSweeper
    except ImportError as error:
        raise PluginError(
            f"The sweeper cannot be imported ({error}). Type `pip install tunekit-sweeper`; if it is installed, a file "
            "hydra_plugins/__init__.py on the Python path hides it: remove that file."
        ) from error
    return cast("type[Sweeper]", TunekitSweeper)


@contextmanager
def _explained() -> Iterator[None]:
    """Hydra's errors in our words."""
    try:
        yield
    except TunekitError:
        raise
    except Exception as error:
        raise ConfigurationError(explain(error)) from error


@contextmanager
def _hydra_environment(arguments: Sequence[str]) -> Iterator[None]:
    """Hydra reads ``sys.argv``, and prints errors and exits unless told to raise them."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [argv[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error
