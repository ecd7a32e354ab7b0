"""A stopping criterion for plateaus, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import StoppingCriterion

API = 2


@hookimpl
def tunekit_register_stopping_criteria() -> list[type[StoppingCriterion]]:
    """The criterion."""
    from tunekit_plateau.plateau import Plateau

    return [Plateau]
