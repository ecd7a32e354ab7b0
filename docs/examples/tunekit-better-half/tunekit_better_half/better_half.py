"""Stop what is worse than half of the complete trials."""

from __future__ import annotations

from bisect import insort
from typing import Any, ClassVar

import attrs

from tunekit_core import Decision, Problem, Report, Scheduler, Searcher, Start, Status, Streams, Trial, option


@attrs.frozen(kw_only=True)
class BetterHalfOptions:
    """When comparing begins."""

    min_complete: int = option(5, help="Complete trials without which none is stopped.", at_least=1)


class BetterHalf(Scheduler):
    """Stops a trial whose best loss is above the median, at the same resource, of the trials that are complete.

    Unlike the paper, it compares with the best losses of the complete trials so far, not with their running averages.

    References:
        Golovin et al., Google Vizier: A Service for Black-Box Optimization, KDD 2017.
    """

    name: ClassVar[str] = "better_half"
    Options: ClassVar[type[Any]] = BetterHalfOptions

    def __init__(self, problem: Problem, streams: Streams, searcher: Searcher, options: BetterHalfOptions) -> None:
        super().__init__(problem, streams, searcher, options)
        self._min_complete = options.min_complete
        self._running: dict[int, dict[int, float]] = {}  # for each trial, the best loss so far at each resource
        self._complete: dict[int, list[float]] = {}  # the same of all complete trials, in order, by resource

    def suggest(self, trial_id: int) -> Start | None:
        proposal = self.searcher.suggest(trial_id, resource=self.problem.max_resource)
        return None if proposal is None else Start(proposal.configuration, note=proposal.note)

    def on_start(self, trial: Trial) -> None:
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, self.problem.max_resource)
        self._running[trial.id] = {}

    def on_report(self, trial: Trial, report: Report) -> Decision:
        self.searcher.on_report(trial, report)
        losses = self._running[trial.id]
        losses[report.resource] = min([report.losses[0], *losses.values()])
        complete = self._complete.get(report.resource, [])
        if report.resource == self.problem.max_resource or len(complete) < self._min_complete:
            return Decision.CONTINUE
        median = complete[len(complete) // 2]
        return Decision.STOP if losses[report.resource] > median else Decision.CONTINUE

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.searcher.on_end(trial, outcome)
        losses = self._running.pop(trial.id)
        if outcome is Status.COMPLETED:
            for resource, loss in losses.items():
                insort(self._complete.setdefault(resource, []), loss)
