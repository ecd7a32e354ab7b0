"""From the command line to plain configurations, with Hydra; nothing is run here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import attrs
import hydra
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.errors import ConfigCompositionException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from tunekit.config_files import config_packages
from tunekit_core.errors import PluginError

CONFIG_PACKAGE = "pkg://tunekit.conf"


@attrs.frozen
class SweepOptions:
    """What of ``hydra.sweeper`` concerns running.

    Attributes:
        n_jobs: Runs at the same time; ``None`` takes as many as there are cores.
        plan: List what would run, and end.
    """

    n_jobs: int | None
    plan: bool


@attrs.frozen
class Composition:
    """What the command line asks for.

    Attributes:
        configs: In plain dicts, interpolations resolved; none if Hydra was only asked to show something.
        sweep: Options of the sweep, or ``None`` for a single run.
    """

    configs: list[dict[str, Any]]
    sweep: SweepOptions | None


class PluginConfigs(SearchPathPlugin):
    """Makes Hydra see the configs of every plugin, in every kind of install."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the config packages."""
        for package in config_packages()[1:]:
            search_path.append(provider=package, path=f"pkg://{package}")


def compose(arguments: Sequence[str]) -> Composition:
    """Let Hydra compose what the arguments ask for.

    Args:
        arguments: In the form of :attr:`tunekit.arguments.CommandLine.for_hydra`.

    Raises:
        Exception: Hydra's own, see :mod:`tunekit.hydra_errors`.
    """
    Plugins.instance().register(PluginConfigs)
    Plugins.instance().register(_sweeper())
    try:
        return _run_hydra(arguments)
    except ConfigCompositionException as error:
        if "hydra.mode changed" not in str(error):
            raise
        return _run_hydra(["--multirun", *arguments])  # Hydra 1.4 does not look for hydra.mode in recipes


def _run_hydra(arguments: Sequence[str]) -> Composition:
    configs: list[dict[str, Any]] = []
    sweeps: list[SweepOptions] = []

    def collect(config: DictConfig) -> None:
        hydra_config = HydraConfig.get()
        if hydra_config.mode == RunMode.MULTIRUN and not sweeps:
            sweeps.append(SweepOptions(hydra_config.sweeper.n_jobs, hydra_config.sweeper.plan))
        configs.append(cast("dict[str, Any]", OmegaConf.to_container(config, resolve=True)))

    # Hydra 1.4 warns at any explicit version_base, 1.3 at none.
    version_base = {"version_base": "1.3"} if hydra.__version__.startswith("1.3.") else {}
    with _hydra_environment(arguments):
        hydra.main(config_path=CONFIG_PACKAGE, config_name="config", **version_base)(collect)()
    return Composition(configs, sweeps[0] if sweeps else None)


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
