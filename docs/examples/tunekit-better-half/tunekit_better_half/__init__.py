"""A scheduler that stops the worse half of all trials, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Scheduler

API = 2


@hookimpl
def tunekit_register_schedulers() -> list[type[Scheduler]]:
    """The scheduler."""
    from tunekit_better_half.better_half import BetterHalf

    return [BetterHalf]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Its options."""
    return ["tunekit_better_half.conf"]
