"""Asynchronous successive halving (ASHA) for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from tunekit_core.schedulers import Scheduler


@hookimpl
def tunekit_register_schedulers() -> list[type[Scheduler]]:
    """ASHA in its two variants."""
    from tunekit_asha.promotion import AshaPromotion
    from tunekit_asha.stopping import AshaStopping

    return [AshaStopping, AshaPromotion]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the schedulers."""
    return ["tunekit_asha.conf"]
