"""How far the best value is from the best possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from tunekit_core import ExperimentView, Problem, Report, ResultComposer, Scalar, Trial, option


@attrs.frozen(kw_only=True)
class RegretOptions:
    """What is possible."""

    best: float = option(help="The best value of the metric that there is.")


class Regret(ResultComposer):
    """How far the best value so far is from the best possible, and for how many seconds it has been the best."""

    name: ClassVar[str] = "regret"
    Options: ClassVar[type[Any]] = RegretOptions

    def __init__(self, problem: Problem, options: RegretOptions) -> None:
        super().__init__(problem, options)
        self._least_loss = options.best if problem.objective.mode[0] == "min" else -options.best

    def __call__(self, view: ExperimentView, trial: Trial, report: Report) -> Mapping[str, Scalar]:
        if view.incumbent is None:
            return {"regret": None, "incumbent_age": None}
        best = view.incumbent.report
        return {"regret": best.losses[0] - self._least_loss, "incumbent_age": view.now - best.time}
