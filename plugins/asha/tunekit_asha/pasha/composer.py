"""How PASHA stands, in the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tunekit_core import ExperimentView, Report, ResultComposer, Scalar, Trial

PREFIX = "pasha_"


class PashaColumns(ResultComposer):
    """How PASHA stands at each report, as columns ``pasha_epsilon``, ``pasha_unlocked_rungs``, ``pasha_max_resource``.

    Where the two orders are compared as a whole, by ``rbo``, ``rrr`` or ``arrr``, there is ``pasha_score`` instead of
    ``pasha_epsilon``: their overlap, or the regret. Once all rungs are unlocked, either stays as it was.

    Other schedulers get no columns.
    """

    name: ClassVar[str] = "pasha"

    def __call__(self, view: ExperimentView, trial: Trial, report: Report) -> Mapping[str, Scalar]:
        return {name: value for name, value in view.columns().items() if name.startswith(PREFIX)}
