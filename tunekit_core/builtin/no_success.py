"""Ends an experiment in which all trials fail."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from tunekit_core.contracts.options import option
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.view import ExperimentView

FEWEST_ALIKE = 5
BEYOND_WORKERS = 2  # a mistake shows in the trials that start together, and in some that start after them
OFF = "stopping.no_success=null goes on regardless"


@attrs.frozen(kw_only=True)
class NoSuccessOptions:
    """When trials fail and none succeeds."""

    count: int = option(20, help="Failures, while no trial succeeds, at which the experiment ends.", at_least=1)


class NoSuccess(StoppingCriterion):
    """Give up when trials fail and none succeeds; every experiment has it unless told ``stopping.no_success=null``.

    It ends with so many failures without a success. It ends sooner, with 5 or two more than there are workers,
    whichever is more, where all trials so far failed in the same way before any report: with the same exit status, and
    the same last line of errors but for numbers and paths.

    A success is a trial that was completed, was stopped or is paused: it has come to an end without a failure. A trial
    that runs is no failure. It counts as a success for as long as it has got further than every trial that failed: one
    that works while others fail at once is not ended with them.

    An experiment that was given up on and goes on may have as many failures again.
    """

    name: ClassVar[str] = "no_success"
    Options: ClassVar[type[Any]] = NoSuccessOptions
    is_failure: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: NoSuccessOptions) -> None:
        super().__init__(problem, options)
        self._count = options.count

    def __call__(self, view: ExperimentView) -> str | None:
        failures = view.failures
        if failures.n < min(self._count, FEWEST_ALIKE) or view.n_completed or view.n_stopped or view.n_paused:
            return None
        are_alike = view.n_reports == 0 and failures.n_alike == failures.n
        if are_alike and failures.n >= max(FEWEST_ALIKE, view.n_workers + BEYOND_WORKERS):
            return f"the first {failures.n} trials failed in the same way, before any report ({OFF})"
        if failures.n < self._count or any(trial.reached > failures.furthest for trial in view.running):
            return None
        return f"{failures.n} {'trial' if failures.n == 1 else 'trials'} failed and none has succeeded ({OFF})"
