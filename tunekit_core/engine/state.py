"""The state of an experiment: the fold of its events.

The live loop and the replay of a record call the same methods in the same order, so they end in the same state.
Every method takes constant time in the number of trials.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Decision, Report, Resume, Scalar, Start, Status, Trial
from tunekit_core.contracts.view import Failure, Incumbent
from tunekit_core.errors import BadReport, RecordError

COST_ATTRIBUTE = "st_worker_cost"
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

    def start(self, start: Start, time: float) -> Trial:
        """A new trial starts."""
        trial = Trial(len(self.trials), start.configuration, start.note, start.until, start.checkpoint_of)
        self.trials.append(trial)
        self._running[trial.id] = trial
        self.now = time
        self.n_running += 1
        self.scheduler.on_start(trial)
        return trial

    def resume(self, resume: Resume, time: float) -> Trial:
        """A paused trial runs again.

        Raises:
            RecordError: If the trial is not paused: the scheduler, or the record, is wrong.
        """
        trial = self.trials[resume.trial_id]
        if trial.status is not Status.PAUSED:
            raise RecordError(
                f"Trial {trial.id} was to be resumed but is {trial.status.value.lower()}: only a paused trial can be."
            )
        trial.status = Status.RUNNING
        trial.until = resume.until
        self._running[trial.id] = trial
        self.now = time
        self.n_running += 1
        self.n_paused -= 1
        self.scheduler.on_resume(trial, resume.note)
        return trial

    def read(self, trial_id: int, metrics: Mapping[str, Any], time: float) -> Report:
        """Make a report of what a trial sent; changes nothing.

        Raises:
            BadReport: If a metric of the objective is no number, the resource no whole number from 1 on, or the
                cost not finite.
        """
        try:
            losses = self._losses(metrics)
            name = self._resource
            given = self.trials[trial_id].n_reports + 1 if name is None else metrics[name]
            resource = int(given)
            usable = resource == given and resource >= 1 and math.isfinite(metrics.get(COST_ATTRIBUTE, 0.0))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadReport(metrics, self._needed(metrics)) from error
        if not usable:
            raise BadReport(metrics, self._needed(metrics))
        return Report(trial_id, resource, metrics, losses, time)

    def is_late(self, report: Report) -> bool:
        """Whether a report is not to be shown to the scheduler.

        So it is with a report after the end of the trial was decided, or after it got where it was sent to, and with
        one at or below the last resource seen.
        """
        trial = self.trials[report.trial_id]
        if trial.id in self._ending or trial.status is not Status.RUNNING:
            return True
        if trial.last_report is None:
            return False
        reached = trial.last_report.resource
        return report.resource <= reached or (trial.until is not None and reached >= trial.until)

    def report(self, report: Report) -> Decision:
        """A running trial reported; the scheduler decides. :meth:`decide` carries the decision out."""
        trial = self.trials[report.trial_id]
        trial.last_report = report
        trial.n_reports += 1
        self.now = report.time
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

    def decide(self, trial_id: int, decision: Decision) -> None:
        """A decision is carried out. The trial counts as running until :meth:`end`."""
        if decision is Decision.PAUSE:
            self._ending[trial_id] = Status.PAUSED
        elif decision is Decision.STOP:
            self._ending[trial_id] = Status.STOPPED

    def fail(self, trial_id: int, reason: str) -> None:
        """A running trial is given up, since what it reports is no use. It counts as running until :meth:`end`."""
        self._ending[trial_id] = Status.FAILED
        self._unusable[trial_id] = reason

    def ending(self, trial_id: int) -> Status | None:
        """What a running trial becomes when it ends, if that was decided already."""
        return self._ending.get(trial_id)

    def end(self, trial_id: int, status: Status, time: float, reason: str = "") -> Status:
        """A trial runs no longer.

        Args:
            trial_id: Which trial.
            status: What the backend says: ``COMPLETED`` or ``FAILED``. A decision to pause or stop overrides it.
            time: When.
            reason: Why it failed, if it did. That it was given up on is a reason that comes first.

        Returns:
            What has become of the trial: a completed one that was sent to a resource below the last and got
            there has paused; one that completed without a report has failed.

        Raises:
            RecordError: If the trial does not run: the backend, or the record, is wrong.
        """
        trial = self.trials[trial_id]
        if trial.status is not Status.RUNNING:
            raise RecordError(
                f"Trial {trial_id} was to end but is {trial.status.value.lower()}: only a running trial can end."
            )
        status = self._ending.pop(trial_id) if trial_id in self._ending else self._natural_end(trial, status)
        trial.status = status
        del self._running[trial_id]
        self.now = time
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
            self.newest_failure = Failure(trial_id, self._unusable.pop(trial_id, reason) or WITHOUT_REPORT)
        self.scheduler.on_end(trial, status)
        return status

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

    def _needed(self, metrics: Mapping[str, Any]) -> str:
        needed = [f"a number as {name}" for name in self.problem.objective.metric]
        if self._resource is not None:
            needed.append(f"a whole number from 1 on as {self._resource}")
        if COST_ATTRIBUTE in metrics:
            needed.append(f"a finite number as {COST_ATTRIBUTE}")
        return ", ".join(needed)
