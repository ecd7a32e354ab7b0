"""Trials, and whole experiments, as training jobs of Amazon SageMaker, for tunekit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tunekit_core import Command, hookimpl

if TYPE_CHECKING:
    from tunekit_core import Backend, Launcher, Observer

API = 2


@hookimpl
def tunekit_register_backends() -> list[type[Backend]]:
    """Training jobs of SageMaker."""
    from tunekit_sagemaker.backend.backend import SageMakerBackend

    return [SageMakerBackend]


@hookimpl
def tunekit_register_launchers() -> list[type[Launcher]]:
    """Training jobs with experiments in them."""
    from tunekit_sagemaker.launcher.launcher import SageMakerLauncher

    return [SageMakerLauncher]


@hookimpl
def tunekit_register_observers() -> list[type[Observer]]:
    """Metrics of a training job with experiments in it."""
    from tunekit_sagemaker.observer.observer import SageMakerMetrics

    return [SageMakerMetrics]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the backend."""
    return ["tunekit_sagemaker.conf"]


@hookimpl
def tunekit_register_commands() -> list[Command]:
    """What was launched, and SageMaker without an account."""
    return [
        Command("remote", "what was launched to SageMaker: status, collect, stop", _remote),
        Command("sagemaker-emulator", "SageMaker on this machine, to try it without an account", _emulator),
    ]


def _remote(arguments: Sequence[str]) -> int:
    from tunekit_sagemaker.remote.command import main

    return main(arguments)


def _emulator(arguments: Sequence[str]) -> int:
    from tunekit_sagemaker.emulator.main import main

    return main(arguments)
