"""The best report of an experiment by one metric, of trials that have not failed."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import TypeAlias

from tunekit_core.contracts.trials import Report, Status
from tunekit_core.engine.state.improvements import Improvements

Best: TypeAlias = tuple[float, int, int, Report]
"""The loss by the first metric, which report it was of all that were shown, how many trials were started, the report.

They compare better first, ties in the order in which they were made; no number is there twice.
"""


class BestReport:
    """The best report so far, which gets worse when its trial fails.

    Each trial that may still fail keeps its best report; those that have completed or were stopped share one. A report
    takes constant time, a pause logarithmic time; where the trial with the best report fails, those that run are looked
    through.

    Attributes:
        best: The best report of all, or ``None``.
        settled: The best of the trials that have completed or were stopped, or ``None``.
        improvements: When it got better.
    """

    def __init__(self) -> None:
        self.best: Best | None = None
        self.settled: Best | None = None
        self.improvements = Improvements()
        self._by_trial: dict[int, Best] = {}  # of those that run or are paused
        self._paused: list[Best] = []  # a heap, also of some that are paused no longer; never at the front
        self._failed: Best | None = None

    @property
    def best_of_failed(self) -> Best | None:
        """The best report of all that failed, where it is better than that of the others."""
        if self._failed is None or (self.best is not None and self.best < self._failed):
            return None
        return self._failed

    def report(self, report: Report, number: int, n_started: int) -> None:
        """A trial has made a report that meets the constraint, with a finite loss.

        Args:
            report: The report.
            number: Which it is of those that the experiment has shown, from 1.
            n_started: How many trials were started by now.
        """
        loss = report.losses[0]
        before = self._by_trial.get(report.trial_id)
        if before is not None and before[0] <= loss:
            return
        best = self._by_trial[report.trial_id] = loss, number, n_started, report
        if self.best is None or loss < self.best[0]:
            self.best = best
            self.improvements.add(report)

    def pause(self, trial_id: int) -> None:
        """A trial has paused."""
        best = self._by_trial.get(trial_id)
        if best is not None:
            heappush(self._paused, best)

    def end(self, trial_id: int, status: Status, running: Iterable[int]) -> None:
        """A trial has ended for good.

        Args:
            trial_id: Which.
            status: Its final status.
            running: The trials that run now.
        """
        best = self._by_trial.pop(trial_id, None)
        if best is None:
            return
        if status is not Status.FAILED:
            self.settled = best if self.settled is None else min(best, self.settled)
            return
        self.improvements.fail(trial_id)
        self._failed = best if self._failed is None else min(best, self._failed)
        if self.best is best:
            self.best = self._best_of_others(running)

    def _best_of_others(self, running: Iterable[int]) -> Best | None:
        while self._paused and self._by_trial.get(self._paused[0][-1].trial_id) is not self._paused[0]:
            heappop(self._paused)  # of a trial that has done better since, or has ended
        candidates = [self.settled, *self._paused[:1], *(self._by_trial.get(trial_id) for trial_id in running)]
        return min((best for best in candidates if best is not None), default=None)
