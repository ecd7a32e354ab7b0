"""Simulation of experiments over recorded training runs, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Backend

API = 2


@hookimpl
def tunekit_register_backends() -> list[type[Backend]]:
    """The discrete-event simulator."""
    from tunekit_simulator.backend import Simulator

    return [Simulator]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the simulator."""
    return ["tunekit_simulator.conf"]
