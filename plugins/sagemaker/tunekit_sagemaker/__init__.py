"""Trials as training jobs of Amazon SageMaker, for tunekit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tunekit_core import Command, hookimpl

if TYPE_CHECKING:
    from tunekit_core import Backend

API = 2


@hookimpl
def tunekit_register_backends() -> list[type[Backend]]:
    """Training jobs of SageMaker."""
    from tunekit_sagemaker.backend.backend import SageMakerBackend

    return [SageMakerBackend]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the backend."""
    return ["tunekit_sagemaker.conf"]


@hookimpl
def tunekit_register_commands() -> list[Command]:
    """SageMaker without an account."""
    return [Command("sagemaker-emulator", "SageMaker on this machine, to try it without an account", _emulator)]


def _emulator(arguments: Sequence[str]) -> int:
    from tunekit_sagemaker.emulator.main import main

    return main(arguments)
