"""Stopping criteria. A count of 256 means 256."""

from __future__ import annotations

import math
from typing import ClassVar

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.engine.state import COST_ATTRIBUTE
from tunekit_core.errors import ConfigurationError


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ConfigurationError(
            f"stopping.{name}={value} must be greater than 0.", option=f"stopping.{name}", value=value
        )


class MaxWallclockTime(StoppingCriterion):
    """End after this many seconds on the backend's clock; simulated seconds in a simulation."""

    name: ClassVar[str] = "max_wallclock_time"

    def __init__(self, problem: Problem, *, seconds: float) -> None:
        super().__init__(problem)
        _positive(self.name, seconds)
        self._seconds = seconds

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the time is over."""
        return f"{self._seconds:g} s are over" if view.now >= self._seconds else None

    def deadline(self) -> float | None:
        """The time itself."""
        return self._seconds


class MaxNumEvaluations(StoppingCriterion):
    """End with this many reports, over all trials."""

    name: ClassVar[str] = "max_num_evaluations"

    def __init__(self, problem: Problem, *, count: int) -> None:
        super().__init__(problem)
        _positive(self.name, count)
        self._count = count

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the count is reached."""
        return f"{self._count} evaluations were made" if view.n_reports >= self._count else None


class MaxNumTrialsStarted(StoppingCriterion):
    """Start this many trials, let those that run come to their end, or to where they pause, and end."""

    name: ClassVar[str] = "max_num_trials_started"
    waits_for_running: ClassVar[bool] = True

    def __init__(self, problem: Problem, *, count: int) -> None:
        super().__init__(problem)
        _positive(self.name, count)
        self._count = count

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the count is reached."""
        return f"{self._count} trials were started" if view.n_started >= self._count else None


class MaxNumTrialsCompleted(StoppingCriterion):
    """End when this many trials have run to their end."""

    name: ClassVar[str] = "max_num_trials_completed"

    def __init__(self, problem: Problem, *, count: int) -> None:
        super().__init__(problem)
        _positive(self.name, count)
        self._count = count

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the count is reached."""
        return f"{self._count} trials were completed" if view.n_completed >= self._count else None


class MaxNumTrialsFinished(StoppingCriterion):
    """End when this many trials were completed, stopped or failed; paused ones do not count."""

    name: ClassVar[str] = "max_num_trials_finished"

    def __init__(self, problem: Problem, *, count: int) -> None:
        super().__init__(problem)
        _positive(self.name, count)
        self._count = count

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the count is reached."""
        finished = view.n_completed + view.n_stopped + view.n_failed
        return f"{self._count} trials were finished" if finished >= self._count else None


class MaxCost(StoppingCriterion):
    """End when the trials have cost this much, by the ``st_worker_cost`` that they report."""

    name: ClassVar[str] = "max_cost"

    def __init__(self, problem: Problem, *, cost: float) -> None:
        super().__init__(problem)
        _positive(self.name, cost)
        problem.check_metric(COST_ATTRIBUTE, option=f"stopping.{self.name}")
        self._cost = cost

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the cost is reached."""
        return f"the cost reached {self._cost:g}" if view.cost >= self._cost else None


class MinMetricValue(StoppingCriterion):
    """End when the first metric of the objective falls to this value or below."""

    name: ClassVar[str] = "min_metric_value"

    def __init__(self, problem: Problem, *, value: float) -> None:
        super().__init__(problem)
        self._value = value
        _check_direction(problem, self.name, value, mode="min", other="max_metric_value")

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the incumbent is that good."""
        return _incumbent_reached(self.problem, view, self._value)


class MaxMetricValue(StoppingCriterion):
    """End when the first metric of the objective rises to this value or above."""

    name: ClassVar[str] = "max_metric_value"

    def __init__(self, problem: Problem, *, value: float) -> None:
        super().__init__(problem)
        self._value = value
        _check_direction(problem, self.name, value, mode="max", other="min_metric_value")

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the incumbent is that good."""
        return _incumbent_reached(self.problem, view, self._value)


class MaxFailures(StoppingCriterion):
    """Give up when more than this many trials have failed; 0 gives up at the first.

    An experiment that was given up on and goes on, since its script was mended, may have as many failures again.
    """

    name: ClassVar[str] = "max_failures"
    is_failure: ClassVar[bool] = True

    def __init__(self, problem: Problem, *, count: int) -> None:
        super().__init__(problem)
        if count < 0:
            raise ConfigurationError(
                f"stopping.{self.name}={count} must not be negative.", option=f"stopping.{self.name}", value=count
            )
        self._count = count
        self._before: int | None = None  # failures before this process began

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether more trials have failed than allowed."""
        if self._before is None:
            self._before = view.n_failed
        failed = view.n_failed - self._before
        return f"{failed} trials failed, more than max_failures={self._count}" if failed > self._count else None


class NoImprovement(StoppingCriterion):
    """End when this many trials were started since the incumbent was found."""

    name: ClassVar[str] = "no_improvement"

    def __init__(self, problem: Problem, *, trials: int) -> None:
        super().__init__(problem)
        _positive(self.name, trials)
        self._trials = trials

    def __call__(self, view: ExperimentView) -> str | None:
        """Whether the incumbent is that old."""
        old = view.incumbent is not None and view.trials_since_improvement >= self._trials
        return f"{self._trials} trials brought no improvement" if old else None


def _check_direction(problem: Problem, name: str, value: float, *, mode: str, other: str) -> None:
    if math.isnan(value):
        raise ConfigurationError(f"stopping.{name}={value} must be a number.", option=f"stopping.{name}", value=value)
    if problem.objective.mode[0] != mode:
        raise ConfigurationError(
            f"stopping.{name}={value:g} would end the experiment at a bad value: the metric "
            f"'{problem.objective.metric[0]}' has mode '{problem.objective.mode[0]}'. Use stopping.{other}.",
            option=f"stopping.{name}",
            value=value,
        )


def _incumbent_reached(problem: Problem, view: ExperimentView, value: float) -> str | None:
    objective = problem.objective
    threshold = value if objective.mode[0] == "min" else -value
    if view.incumbent is None or view.incumbent.report.losses[0] > threshold:
        return None
    reached = objective.metric_value(view.incumbent.report.losses[0])
    return f"{objective.metric[0]} reached {reached:.6g}"
