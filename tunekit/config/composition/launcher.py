"""``hydra/launcher=NAME``: where the runs of a command are run. Hydra composes the choice, and makes nothing of it.

A launcher is looked up, and its plugin asked for it, only where one is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from tunekit.config.arguments import LAUNCHER
from tunekit.config.composition.environment import resolved_with_secrets
from tunekit_core.errors import ConfigurationError, UnknownComponentError
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.registry import registry

HERE = "basic"  # Hydra's own name of what runs jobs in its process; here it means no launcher
TARGET = "_target_"  # what Hydra's own launchers are made of
ON_THIS_MACHINE = (
    "Without a launcher runs are run on this machine; hydra.sweeper.n_jobs=N says how many of them at the same time."
)

# Launchers that plugins of Hydra offer: each runs the jobs that Hydra makes, of which there are none here.
OF_HYDRA_HERE = ("joblib", "submitit_local")
OF_HYDRA_ELSEWHERE = ("submitit_slurm", "ray", "ray_aws", "rq")


@attrs.frozen
class ChosenLauncher:
    """What runs the runs elsewhere.

    Attributes:
        component: The launcher.
        options: Those that were given.
    """

    component: Component
    options: Mapping[str, Any] = attrs.field(repr=False)  # secrets may be among them


def offered_launcher(config_path: str) -> Component | None:
    """The launcher that is meant by what Hydra calls a path; ``None`` if it is no installed one.

    Raises:
        ConfigurationError: If several distributions offer it.
    """
    group, slash, name = config_path.removesuffix(".yaml").rpartition(f"{LAUNCHER}/")
    if group or not slash or name == HERE or not registry().offering("launcher", name):
        return None
    return find_launcher(name)


def find_launcher(name: str) -> Component:
    """The launcher of a name that is typed.

    Raises:
        ConfigurationError: If there is none, or there are several.
    """
    try:
        return registry().find("launcher", name)
    except UnknownComponentError as error:
        if name in (*OF_HYDRA_HERE, *OF_HYDRA_ELSEWHERE):
            raise ConfigurationError(_of_hydra(name), option=LAUNCHER, value=name) from error
        raise ConfigurationError(
            f"{LAUNCHER}={name}: {error} {ON_THIS_MACHINE}", option=LAUNCHER, value=name
        ) from error


def _of_hydra(name: str) -> str:
    installed = ", ".join(registry().names("launcher")) or "none"
    instead = (
        "In its place type hydra.sweeper.n_jobs=N, for N runs at the same time on this machine."
        if name in OF_HYDRA_HERE
        else f"In its place type the launcher of a plugin of tunekit (installed: {installed}), or have each job of the "
        "cluster type this command without it, with a results_dir that they share: what one of them runs or has run, "
        "the others do not run."
    )
    why = "tunekit runs the runs of a sweep itself, and Hydra's launchers have no part in it."
    return f"{LAUNCHER}={name}: {why} {instead}"


def chosen_launcher() -> ChosenLauncher | None:
    """What is chosen in the configuration that Hydra has composed.

    Raises:
        ConfigurationError: If it is no launcher of a plugin, or options are given without one.
    """
    config = HydraConfig.get()
    name = config.runtime.choices.get(LAUNCHER)
    if name in (None, HERE):
        _check_no_options({} if OmegaConf.is_missing(config, "launcher") else config.launcher)
        return None
    component = find_launcher(name)
    options = {key: value for key, value in resolved_with_secrets(config.launcher).items() if key != "name"}
    return ChosenLauncher(component, options)


def _check_no_options(given: Mapping[str, Any]) -> None:
    for name in given:
        if name != TARGET:
            installed = ", ".join(registry().names("launcher")) or "none"
            raise ConfigurationError(
                f"hydra.launcher.{name}: no launcher is chosen that could have this option. Add {LAUNCHER}=NAME; "
                f"installed: {installed}. {ON_THIS_MACHINE}",
                option=f"hydra.launcher.{name}",
            )
