"""End an experiment on a plateau."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from tunekit_core import ExperimentView, Problem, StoppingCriterion, option


@attrs.frozen(kw_only=True)
class PlateauOptions:
    """How long a plateau is."""

    seconds: float = option(
        help="Seconds without a better value after which the experiment ends, on the clock of the backend.",
        above=0,
    )


class Plateau(StoppingCriterion):
    """End when the best value was found so many seconds ago."""

    name: ClassVar[str] = "plateau"
    Options: ClassVar[type[Any]] = PlateauOptions

    def __init__(self, problem: Problem, options: PlateauOptions) -> None:
        super().__init__(problem, options)
        self._seconds = options.seconds

    def __call__(self, view: ExperimentView) -> str | None:
        best = view.incumbent
        if best is None or view.now - best.report.time < self._seconds:
            return None
        return f"{self.problem.objective.metric[0]} has not improved for {self._seconds:g} s"
