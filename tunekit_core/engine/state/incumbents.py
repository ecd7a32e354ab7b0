"""The best that an experiment has found: by the first metric, and by several what no other dominates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Report, Status, Trial
from tunekit_core.contracts.view import Incumbent
from tunekit_core.engine.state.best import Best, BestReport
from tunekit_core.engine.state.front import Front

INFINITY = float("inf")


class Incumbents:
    """The best reports that meet the constraint, of trials that have not failed.

    Args:
        problem: What is solved.
        trials: All trials, by id; as many as are started.

    Attributes:
        has_infeasible: Whether a report with a finite loss did not meet the constraint.
    """

    def __init__(self, problem: Problem, trials: Sequence[Trial]) -> None:
        self._problem = problem
        self._trials = trials
        self._is_constrained = problem.constraint is not None
        self.has_infeasible = False
        self._best = BestReport()
        self._front = Front() if len(problem.objective.metric) > 1 else None

    @property
    def best(self) -> Incumbent | None:
        """The best report by the first metric."""
        return self._incumbent(self._best.best)

    @property
    def best_of_failed(self) -> Incumbent | None:
        """The best report of the trials that failed, if it is better than the best of the others."""
        return self._incumbent(self._best.best_of_failed)

    @property
    def best_of_ended(self) -> Incumbent | None:
        """The best report of the trials that have completed or were stopped."""
        return self._incumbent(self._best.settled)

    @property
    def not_dominated(self) -> Collection[Incumbent]:
        """The reports that no other dominates."""
        if self._front is None:
            return () if self.best is None else (self.best,)
        return [Incumbent(each, self._trials[each.trial_id].configuration) for each in self._front.reports]

    @property
    def trials_since(self) -> int:
        """Trials started since the best report was made."""
        best = self._best.best
        return len(self._trials) - (0 if best is None else best[2])

    @property
    def improvements(self) -> Sequence[tuple[float, float]] | None:
        """Seconds and loss by the first metric whenever the best report got better; ``None`` if that is not known."""
        return self._best.improvements.steps

    def report(self, report: Report, number: int) -> None:
        """A trial has reported.

        Args:
            report: The report.
            number: Which it is of those that the experiment has shown, from 1.
        """
        losses = report.losses
        if losses[0] < INFINITY and (not self._is_constrained or self._problem.is_feasible(report.metrics)):
            self._best.report(report, number, len(self._trials))
            if self._front is not None and max(losses) < INFINITY:
                self._front.report(report)
        elif losses[0] < INFINITY:
            self.has_infeasible = True

    def pause(self, trial_id: int) -> None:
        """A trial has paused."""
        self._best.pause(trial_id)

    def give_up(self, trial_id: int) -> None:
        """A trial that runs is going to fail, whatever happens to it."""
        self._best.improvements.fail(trial_id)

    def end(self, trial_id: int, status: Status, running: Iterable[int]) -> None:
        """A trial has ended for good.

        Args:
            trial_id: Which.
            status: Its final status.
            running: The trials that run now.
        """
        self._best.end(trial_id, status, running)
        if self._front is not None:
            self._front.end(trial_id, status)

    def _incumbent(self, best: Best | None) -> Incumbent | None:
        if best is None:
            return None
        report = best[-1]
        return Incumbent(report, self._trials[report.trial_id].configuration)
