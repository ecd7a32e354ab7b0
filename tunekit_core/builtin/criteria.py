"""Stopping criteria. A count of 256 means 256."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import attrs

from tunekit_core.contracts.options import option
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.errors import InvalidOption
from tunekit_core.number_text import format_number


@attrs.frozen(kw_only=True)
class CountOptions:
    """When a counter ends the experiment."""

    count: int = option(help="The count at which the experiment ends.", at_least=1)


@attrs.frozen(kw_only=True)
class ValueOptions:
    """When the metric ends the experiment."""

    value: float = option(help="The value at which the experiment ends, as trials report it.")


@attrs.frozen(kw_only=True)
class MaxWallclockTimeOptions:
    """When time is over."""

    seconds: float = option(
        help="Seconds after which the experiment ends, on the clock of the backend.", above=0, below=math.inf
    )


@attrs.frozen(kw_only=True)
class MaxCostOptions:
    """When too much is spent."""

    cost: float = option(
        help="The sum over all trials at which the experiment ends, in the unit of ``st_worker_cost``.",
        above=0,
        below=math.inf,
    )


@attrs.frozen(kw_only=True)
class MaxFailuresOptions:
    """When too many trials have failed."""

    count: int = option(help="Failures that are accepted.", at_least=0)


@attrs.frozen(kw_only=True)
class NoImprovementOptions:
    """When the search has stalled."""

    trials: int = option(help="Trials started since the incumbent was found.", at_least=1)


class MaxWallclockTime(StoppingCriterion):
    """End after this many seconds on the backend's clock; simulated seconds in a simulation."""

    name: ClassVar[str] = "max_wallclock_time"
    Options: ClassVar[type[Any]] = MaxWallclockTimeOptions
    is_certain: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: MaxWallclockTimeOptions) -> None:
        super().__init__(problem, options)
        self._seconds = options.seconds

    def __call__(self, view: ExperimentView) -> str | None:
        return f"{self._seconds:g} s are over" if view.now >= self._seconds else None

    def deadline(self) -> float | None:
        return self._seconds


class MaxNumEvaluations(StoppingCriterion):
    """End with this many reports, over all trials."""

    name: ClassVar[str] = "max_num_evaluations"
    Options: ClassVar[type[Any]] = CountOptions
    is_certain: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: CountOptions) -> None:
        super().__init__(problem, options)
        self._count = options.count

    def __call__(self, view: ExperimentView) -> str | None:
        return (
            _said(self._count, "evaluation was made", "evaluations were made")
            if view.n_reports >= self._count
            else None
        )


class MaxNumTrialsStarted(StoppingCriterion):
    """Start this many trials, let those that run come to their end, or to where they pause, and end.

    It is what other tools call ``n_trials``, ``num_samples`` or ``max_evals``.
    """

    name: ClassVar[str] = "max_num_trials_started"
    Options: ClassVar[type[Any]] = CountOptions
    is_certain: ClassVar[bool] = True
    waits_for_running: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: CountOptions) -> None:
        super().__init__(problem, options)
        self._count = options.count

    def __call__(self, view: ExperimentView) -> str | None:
        return _said(self._count, "trial was started", "trials were started") if view.n_started >= self._count else None


class MaxNumTrialsCompleted(StoppingCriterion):
    """End when this many trials have run to their end."""

    name: ClassVar[str] = "max_num_trials_completed"
    Options: ClassVar[type[Any]] = CountOptions

    def __init__(self, problem: Problem, options: CountOptions) -> None:
        super().__init__(problem, options)
        self._count = options.count

    def __call__(self, view: ExperimentView) -> str | None:
        return (
            _said(self._count, "trial was completed", "trials were completed")
            if view.n_completed >= self._count
            else None
        )


class MaxNumTrialsFinished(StoppingCriterion):
    """End when this many trials were completed, stopped or failed; paused ones do not count."""

    name: ClassVar[str] = "max_num_trials_finished"
    Options: ClassVar[type[Any]] = CountOptions
    is_certain: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: CountOptions) -> None:
        super().__init__(problem, options)
        self._count = options.count

    def __call__(self, view: ExperimentView) -> str | None:
        finished = view.n_completed + view.n_stopped + view.n_failed
        return _said(self._count, "trial was finished", "trials were finished") if finished >= self._count else None


class MaxCost(StoppingCriterion):
    """End when the trials have cost this much, by the ``st_worker_cost`` of reports and what is told at their ends."""

    name: ClassVar[str] = "max_cost"
    Options: ClassVar[type[Any]] = MaxCostOptions
    uses_cost: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: MaxCostOptions) -> None:
        super().__init__(problem, options)
        self._cost = options.cost

    def __call__(self, view: ExperimentView) -> str | None:
        return f"the cost reached {self._cost:g}" if view.cost >= self._cost else None


class MinMetricValue(StoppingCriterion):
    """End when the first metric of the objective falls to this value or below."""

    name: ClassVar[str] = "min_metric_value"
    Options: ClassVar[type[Any]] = ValueOptions

    def __init__(self, problem: Problem, options: ValueOptions) -> None:
        super().__init__(problem, options)
        self._value = options.value
        _check_direction(problem, options.value, mode="min", other="max_metric_value")

    def __call__(self, view: ExperimentView) -> str | None:
        return _incumbent_reached(self.problem, view, self._value)


class MaxMetricValue(StoppingCriterion):
    """End when the first metric of the objective rises to this value or above."""

    name: ClassVar[str] = "max_metric_value"
    Options: ClassVar[type[Any]] = ValueOptions

    def __init__(self, problem: Problem, options: ValueOptions) -> None:
        super().__init__(problem, options)
        self._value = options.value
        _check_direction(problem, options.value, mode="max", other="min_metric_value")

    def __call__(self, view: ExperimentView) -> str | None:
        return _incumbent_reached(self.problem, view, self._value)


class MaxFailures(StoppingCriterion):
    """Give up when more than this many trials have failed; 0 gives up at the first.

    An experiment that was given up on and goes on, since its script was mended, may have as many failures again.
    """

    name: ClassVar[str] = "max_failures"
    Options: ClassVar[type[Any]] = MaxFailuresOptions
    is_failure: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: MaxFailuresOptions) -> None:
        super().__init__(problem, options)
        self._count = options.count

    def __call__(self, view: ExperimentView) -> str | None:
        failed = view.failures.n
        if failed <= self._count:
            return None
        return f"{_said(failed, 'trial', 'trials')} failed, more than max_failures={self._count}"


class NoImprovement(StoppingCriterion):
    """End when this many trials were started since the incumbent was found."""

    name: ClassVar[str] = "no_improvement"
    Options: ClassVar[type[Any]] = NoImprovementOptions

    def __init__(self, problem: Problem, options: NoImprovementOptions) -> None:
        super().__init__(problem, options)
        self._trials = options.trials

    def __call__(self, view: ExperimentView) -> str | None:
        old = view.incumbent is not None and view.trials_since_improvement >= self._trials
        return f"{_said(self._trials, 'trial', 'trials')} brought no improvement" if old else None


def _said(n: int, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several}"


def _check_direction(problem: Problem, value: float, *, mode: str, other: str) -> None:
    if math.isnan(value):
        raise InvalidOption("value", value, "must be a number")
    if problem.objective.mode[0] != mode:
        raise InvalidOption(
            "value",
            value,
            f"would end the experiment at a bad value: the metric '{problem.objective.metric[0]}' has mode "
            f"'{problem.objective.mode[0]}'. Use stopping.{other}",
        )


def _incumbent_reached(problem: Problem, view: ExperimentView, value: float) -> str | None:
    objective = problem.objective
    threshold = value if objective.mode[0] == "min" else -value
    if view.incumbent is None or view.incumbent.report.losses[0] > threshold:
        return None
    reached = objective.metric_value(view.incumbent.report.losses[0])
    return f"{objective.metric[0]} reached {format_number(reached)}"
