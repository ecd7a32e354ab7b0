"""The state of an experiment: the fold of its events.

The live loop and the fold of a record apply the same events in the same order, so they end in the same state. Every
event takes constant time in the number of trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, overload

from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import COST_ATTRIBUTE, Decision, Report, Scalar, Status, Trial
from tunekit_core.contracts.view import Failure, Incumbent
from tunekit_core.engine.events import (
    CriterionMet,
    Decided,
    Happened,
    LateReport,
    Resumed,
    Started,
    TunerStarted,
    UnusableReport,
)
from tunekit_core.errors import RecordError

WITHOUT_REPORT = "it ended without a report"


class ExperimentState:
    """Trials, counters and incumbent; tells the scheduler what happens. An :class:`ExperimentView`.

    Attributes:
        trials: All trials, by id.
        now: Time of the latest event in seconds; the tuner moves it on between events.
    """

    def __init__(self, problem: Problem, scheduler: Scheduler, n_workers: int) -> None:
        self.problem = problem
        self.scheduler = scheduler
        self.n_workers = n_workers
        self.trials: list[Trial] = []
        self.now = 0.0
        self.n_running = 0
        self.n_reports = 0
        self.n_paused = 0
        self.n_completed = 0
        self.n_stopped = 0
        self.n_failed = 0
        self.cost = 0.0
        self.incumbent: Incumbent | None = None
        self.newest_failure: Failure | None = None
        self._incumbent_loss = float("inf")
        self._improved_at = 0
        self._running: dict[int, Trial] = {}
        self._ending: dict[int, Status] = {}
        self._unusable: dict[int, str] = {}
        self._costs: dict[int, float] = {}
        self._resource = problem.objective.resource
        self._losses = problem.objective.losses
        self._appliers: Mapping[type[Any], Callable[[Any], Any]] = {
            TunerStarted: self._keep,
            Started: self._start,
            Resumed: self._resume,
            Report: self._report,
            Decided: self._decide,
            LateReport: self._keep,
            UnusableReport: self._give_up,
            TrialEnded: self._end,
            CriterionMet: self._keep,
        }

    @property
    def n_started(self) -> int:
        """Trials started so far, which is also the id that the next one gets."""
        return len(self.trials)

    @property
    def trials_since_improvement(self) -> int:
        """Trials started since the incumbent was found."""
        return len(self.trials) - self._improved_at

    @property
    def running(self) -> Collection[Trial]:
        """The trials that run now."""
        return self._running.values()

    def columns(self) -> Mapping[str, Scalar]:
        """What the scheduler tells about itself."""
        return self.scheduler.columns()

    def read(self, message: TrialReported) -> Report | LateReport | UnusableReport:
        """What a report means in this state; changes nothing.

        It is late, and not shown to the scheduler, after the end of the trial was decided, after the trial got where it
        was sent to, and at or below the last resource seen. It is unusable if a metric of the objective is no number,
        the resource no whole number from 1 on, or the cost not finite.
        """
        trial_id, metrics = message.trial_id, message.metrics
        trial = self.trials[trial_id]
        last = trial.last_report
        if trial_id in self._ending or trial.status is not Status.RUNNING:
            return LateReport(trial_id, metrics, message.time)
        try:
            losses = self._losses(metrics)
            name = self._resource
            given = trial.n_reports + 1 if name is None else metrics[name]
            resource = int(given)
            usable = resource == given and resource >= 1 and math.isfinite(metrics.get(COST_ATTRIBUTE, 0.0))
        except (KeyError, TypeError, ValueError, OverflowError):
            usable = False
        if not usable:
            return UnusableReport(trial_id, metrics, message.time, self._what_is_wrong(metrics))
        if last is not None:
            has_arrived = trial.until is not None and last.resource >= trial.until
            if has_arrived or resource <= last.resource:
                return LateReport(trial_id, metrics, message.time)
        return Report(trial_id, resource, metrics, losses, message.time)

    @overload
    def apply(self, event: Started | Resumed) -> Trial: ...
    @overload
    def apply(self, event: Report) -> Decision: ...
    @overload
    def apply(self, event: TrialEnded) -> Status: ...
    @overload
    def apply(self, event: TunerStarted | Decided | LateReport | UnusableReport | CriterionMet) -> None: ...
    def apply(self, event: Happened) -> Trial | Decision | Status | None:
        """Let an event change the state: nothing else does. The scheduler is told.

        Returns:
            The trial that starts or is resumed; the decision of the scheduler on a report, which :class:`Decided`
            carries out; what has become of a trial that runs no longer: one that completed where it was sent to, below
            the last resource, has paused, and one that completed without a report has failed.

        Raises:
            RecordError: If a trial is resumed that is not paused, or ends though it does not run.
        """
        if not isinstance(event, Decided):
            self.now = event.time
        result: Trial | Decision | Status | None = self._appliers[type(event)](event)
        return result

    def ending(self, trial_id: int) -> Status | None:
        """What a running trial becomes when it ends, if that was decided already."""
        return self._ending.get(trial_id)

    def _start(self, event: Started) -> Trial:
        trial = Trial(len(self.trials), event.configuration, event.note, event.until, event.checkpoint_of)
        self.trials.append(trial)
        self._running[trial.id] = trial
        self.n_running += 1
        self.scheduler.on_start(trial)
        return trial

    def _resume(self, event: Resumed) -> Trial:
        trial = self.trials[event.trial_id]
        if trial.status is not Status.PAUSED:
            raise RecordError(
                f"Trial {trial.id} was to be resumed but is {trial.status.value.lower()}: only a paused trial can be."
            )
        trial.status = Status.RUNNING
        trial.until = event.until
        self._running[trial.id] = trial
        self.n_running += 1
        self.n_paused -= 1
        self.scheduler.on_resume(trial, event.note)
        return trial

    def _report(self, report: Report) -> Decision:
        trial = self.trials[report.trial_id]
        trial.last_report = report
        trial.n_reports += 1
        self.n_reports += 1
        if report.losses[0] < self._incumbent_loss and self.problem.is_feasible(report.metrics):
            self._incumbent_loss = report.losses[0]
            self.incumbent = Incumbent(report, trial.configuration)
            self._improved_at = len(self.trials)
        if COST_ATTRIBUTE in report.metrics:
            cost = float(report.metrics[COST_ATTRIBUTE])
            self.cost += cost - self._costs.get(trial.id, 0.0)
            self._costs[trial.id] = cost
        return self.scheduler.on_report(trial, report)

    def _decide(self, event: Decided) -> None:
        """The trial counts as running until it has ended."""
        if event.decision is Decision.PAUSE:
            self._ending[event.trial_id] = Status.PAUSED
        elif event.decision is Decision.STOP:
            self._ending[event.trial_id] = Status.STOPPED

    def _give_up(self, event: UnusableReport) -> None:
        """The trial counts as running until it has ended."""
        self._ending[event.trial_id] = Status.FAILED
        self._unusable[event.trial_id] = event.reason

    def _end(self, event: TrialEnded) -> Status:
        """What was decided wins over what the backend says, and the first reason for a failure over later ones."""
        trial_id = event.trial_id
        trial = self.trials[trial_id]
        if trial.status is not Status.RUNNING:
            raise RecordError(
                f"Trial {trial_id} was to end but is {trial.status.value.lower()}: only a running trial can end."
            )
        status = self._ending.pop(trial_id) if trial_id in self._ending else self._natural_end(trial, event.status)
        trial.status = status
        del self._running[trial_id]
        self.n_running -= 1
        if status is Status.PAUSED:
            self.n_paused += 1
            self.scheduler.on_pause(trial)
            return status
        if status is Status.COMPLETED:
            self.n_completed += 1
        elif status is Status.STOPPED:
            self.n_stopped += 1
        else:
            self.n_failed += 1
            self.newest_failure = Failure(trial_id, self._unusable.pop(trial_id, event.reason) or WITHOUT_REPORT)
        self.scheduler.on_end(trial, status)
        return status

    def _keep(self, event: TunerStarted | LateReport | CriterionMet) -> None:
        """Only the clock goes on."""

    def _natural_end(self, trial: Trial, status: Status) -> Status:
        if status is not Status.COMPLETED:
            return status
        if trial.last_report is None:
            return Status.FAILED
        reached, maximum = trial.last_report.resource, self.problem.max_resource
        # A trial may jump over the resource that it was sent to, as it may jump over a rung.
        if trial.until is not None and reached >= trial.until and (maximum is None or reached < maximum):
            return Status.PAUSED
        return Status.COMPLETED

    def _what_is_wrong(self, metrics: Mapping[str, Any]) -> str:
        needed = [f"a number as {name}" for name in self.problem.objective.metric]
        if self._resource is not None:
            needed.append(f"a whole number from 1 on as {self._resource}")
        if COST_ATTRIBUTE in metrics:
            needed.append(f"a finite number as {COST_ATTRIBUTE}")
        return f"it reported {dict(metrics)!r}, where these are needed: {', '.join(needed)}"
