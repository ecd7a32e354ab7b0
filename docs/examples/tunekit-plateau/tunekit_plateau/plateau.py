"""End an experiment on a plateau."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import attrs

from tunekit_core import ExperimentView, Problem, StoppingCriterion, option


@attrs.frozen(kw_only=True)
class PlateauOptions:
    """What a plateau is."""

    seconds: float = option(
        help="Seconds without an improvement after which the experiment ends, on the clock of the backend.", above=0
    )
    margin: float = option(
        0.0, help="An improvement is one by more than this, in the unit of the metric.", at_least=0, below=math.inf
    )


class Plateau(StoppingCriterion):
    """End when the best value has not improved by a margin for so many seconds."""

    name: ClassVar[str] = "plateau"
    Options: ClassVar[type[Any]] = PlateauOptions

    def __init__(self, problem: Problem, options: PlateauOptions) -> None:
        super().__init__(problem, options)
        self._seconds = options.seconds
        self._margin = options.margin
        self._loss = math.inf  # of the last improvement
        self._since = 0.0  # when it was made

    def __call__(self, view: ExperimentView) -> str | None:
        if view.incumbent is None:
            return None
        report = view.incumbent.report
        loss = report.losses[0]
        if loss < self._loss - self._margin:
            self._loss, self._since = loss, report.time
        elif loss > self._loss:  # the trial of the incumbent has failed: another takes its place
            self._loss, self._since = loss, view.now
        if view.now - self._since < self._seconds:
            return None
        metric = self.problem.objective.metric[0]
        return f"{metric} has not improved by more than {self._margin:g} for {self._seconds:g} s"
