"""How many trials have reached each rung."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.trials import Report, Scalar, Trial
from tunekit_core.contracts.view import ExperimentView

PREFIX = "num_at_level"


class RungSizes(ResultComposer):
    """The number of trials that have reported at each rung, as columns ``num_at_level1``, ``num_at_level3``, ….

    Schedulers without rungs get no columns.
    """

    name: ClassVar[str] = "rung_sizes"

    def __call__(self, view: ExperimentView, trial: Trial, report: Report) -> Mapping[str, Scalar]:
        return {name: value for name, value in view.columns().items() if name.startswith(PREFIX)}
