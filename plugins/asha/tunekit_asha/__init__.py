"""Asynchronous successive halving (ASHA and PASHA) for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import ResultComposer, Scheduler

API = 2


@hookimpl
def tunekit_register_schedulers() -> list[type[Scheduler]]:
    """ASHA in its two variants, PASHA, and promotion by the searcher's choice."""
    from tunekit_asha.freeze_thaw import FreezeThawScheduler
    from tunekit_asha.pasha import Pasha
    from tunekit_asha.promotion import AshaPromotion
    from tunekit_asha.stopping import AshaStopping

    return [AshaStopping, AshaPromotion, Pasha, FreezeThawScheduler]


@hookimpl
def tunekit_register_composers() -> list[type[ResultComposer]]:
    """How PASHA stands, in the results."""
    from tunekit_asha.pasha import PashaColumns

    return [PashaColumns]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the schedulers."""
    return ["tunekit_asha.conf"]
