"""A composer that records the regret, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import ResultComposer

API = 2


@hookimpl
def tunekit_register_composers() -> list[type[ResultComposer]]:
    """The composer."""
    from tunekit_regret.regret import Regret

    return [Regret]
