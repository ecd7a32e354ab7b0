"""The state of an experiment: the fold of its events.

The live loop and the fold of a record apply the same events in the same order, so they end in the same state. Every
event takes constant time in the number of trials.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, overload

from tunekit_core.contracts.backends import TrialEnded, TrialPlaced
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import COST_ATTRIBUTE, Cause, Decision, Report, Scalar, Status, Trial
from tunekit_core.contracts.view import Failure, Failures, Incumbent
from tunekit_core.engine.events import (
    Anomaly,
    CriterionMet,
    Decided,
    Happened,
    LateReport,
    Restarted,
    Resumed,
    Started,
    Steered,
    Stopped,
    TunerStarted,
    UnusableReport,
    Workers,
)
from tunekit_core.engine.state.dropped_reports import is_dropped, why_dropped
from tunekit_core.engine.state.failures import with_one_more
from tunekit_core.engine.state.incumbents import Incumbents
from tunekit_core.engine.state.requested import Requested
from tunekit_core.engine.state.runs import Runs
from tunekit_core.engine.state.trial_fields import (
    set_failure_cause,
    set_final_metrics,
    set_has_checkpoint,
    set_is_ending,
    set_last_report,
    set_n_reports,
    set_n_runs,
    set_status,
    set_until,
)
from tunekit_core.errors import RecordError
from tunekit_core.portable.printed_reports import WITHOUT_REPORT

INFINITY = float("inf")
# Python 3.11 takes as long to look a member of an enumeration up as to call a function.
PAUSE, STOP, INFRASTRUCTURE = Decision.PAUSE, Decision.STOP, Cause.INFRASTRUCTURE
RUNNING, PAUSED, COMPLETED, STOPPED, FAILED = Status


class ExperimentState:
    """Trials, counters and incumbents; tells the scheduler what happens. An :class:`ExperimentView`.

    Attributes:
        trials: All trials, by id.
        now: Time of the latest event in seconds; the tuner moves it on between events.
        n_incomplete: Reports that lacked a metric of the objective, and were kept.
        first_dropped: The first report that was dropped, for people; empty if there was none.
        first_anomaly: The first message of the backend that made no sense, and why; empty if there was none.
        runs: What the runs of each trial have done.
        running_by_id: The trials that run, in the order in which they started or were resumed.
        endings: What trials that run become when they end, where that was decided already.
        costs: What each trial has cost so far, by its id, as far as that is known.
        metric_names: The names of all metrics that were reported.
        placed: Where trials run, as the backend says, by id; of a backend that says so, those that it lacks wait.
        requested: What people have asked of the experiment.
    """

    def __init__(self, problem: Problem, scheduler: Scheduler) -> None:
        self.problem = problem
        self.scheduler = scheduler
        self.trials: list[Trial] = []
        self.now = 0.0
        self.n_workers = 0
        self.n_running = 0
        self.n_reports = 0
        self.n_paused = 0
        self.n_completed = 0
        self.n_stopped = 0
        self.n_failed = 0
        self.n_restarted = 0
        self.n_anomalies = 0
        self.cost = 0.0
        self.costs: dict[int, float] = {}
        self.first_anomaly = ""
        self.newest_failure: Failure | None = None
        self.failures = Failures()
        self.n_dropped = 0
        self.first_dropped = ""
        self.n_incomplete = 0
        self.latest_report: Report | None = None
        self.metric_names: set[str] = set()
        self.placed: dict[int, TrialPlaced] = {}
        self.requested = Requested()
        self._is_placed = False  # whether the backend says when trials run
        self._max_resource = INFINITY if problem.max_resource is None else problem.max_resource
        self._incumbents = Incumbents(problem, self.trials)
        self.runs = Runs(counts_reports=problem.objective.resource is None)
        self.running_by_id: dict[int, Trial] = {}
        self.endings: dict[int, Status] = {}
        self._reasons: dict[int, str] = {}  # why trials fail that run still
        self._appliers: Mapping[type[Any], Callable[[Any], Any]] = {
            TunerStarted: self._begin,
            Workers: self._set_workers,
            Started: self._start,
            Resumed: self._resume,
            Stopped: self._stop,
            TrialPlaced: self._place,
            Report: self._report,
            Decided: self._decide,
            LateReport: self._late,
            UnusableReport: self._give_up,
            Restarted: self._restart,
            TrialEnded: self._end,
            CriterionMet: self._keep,
            Steered: self.requested.do,
            Anomaly: self._count_anomaly,
        }

    @property
    def n_started(self) -> int:
        """Trials started so far, which is also the id that the next one gets."""
        return len(self.trials)

    @property
    def why_nothing_succeeded(self) -> str:
        """Why all that was tried counts for nothing, as the end of a sentence; empty if something succeeded.

        A trial succeeds that has not failed so far and has reported a finite value of the metric.
        """
        if self._incumbents.best is not None or not (self.n_failed or self.n_reports):
            return ""
        n_others = self.n_completed + self.n_stopped + self.n_paused
        runs_well = any(trial.last_report is not None for trial in self.running_by_id.values())
        if not n_others and not runs_well:
            return "no trial has succeeded"
        constraint = self.problem.constraint
        if self._incumbents.has_infeasible:  # the metric was finite there
            never_reported = constraint is not None and constraint not in self.metric_names
            return f"no trial has succeeded: none reported the constraint {constraint}" if never_reported else ""
        return f"no trial has succeeded: none that did not fail reported a finite {self.problem.objective.metric[0]}"

    @property
    def n_waiting(self) -> int:
        """Those of the trials that run which are queued, as far as the backend says so."""
        return self.n_running - len(self.placed) if self._is_placed else 0

    @property
    def trials_since_improvement(self) -> int:
        """Trials started since the incumbent was found."""
        return self._incumbents.trials_since

    @property
    def incumbent(self) -> Incumbent | None:
        """The best report by the first metric, of trials that have not failed."""
        return self._incumbents.best

    @property
    def best_of_failed(self) -> Incumbent | None:
        """The best report of the trials that failed, if it is better than the incumbent."""
        return self._incumbents.best_of_failed

    @property
    def best_of_ended(self) -> Incumbent | None:
        """The best report of the trials that have completed or were stopped."""
        return self._incumbents.best_of_ended

    @property
    def incumbents(self) -> Collection[Incumbent]:
        """The reports that no other dominates, of trials that have not failed."""
        return self._incumbents.not_dominated

    @property
    def improvements(self) -> Sequence[tuple[float, float]] | None:
        """Seconds and loss by the first metric whenever the incumbent got better.

        ``None`` where a trial has failed that was best for a while: what else was reported then is not kept.
        """
        return self._incumbents.improvements

    @property
    def running(self) -> Collection[Trial]:
        """The trials that run now."""
        return self.running_by_id.values()

    def find(self, trial_id: Any) -> Trial | None:
        """The trial of that id; ``None`` if it is none."""
        is_id = isinstance(trial_id, int) and not isinstance(trial_id, bool) and 0 <= trial_id < len(self.trials)
        return self.trials[trial_id] if is_id else None

    def is_incomplete(self, event: LateReport) -> bool:
        """Whether it is a report of a trial that goes on, and lacks a metric of the objective."""
        if event.is_beyond or self.trials[event.trial_id].is_ending:
            return False
        return any(name not in event.metrics for name in self.problem.objective.metric)

    def columns(self) -> Mapping[str, Scalar]:
        """What the scheduler and the searcher tell about themselves."""
        of_searcher = self.scheduler.searcher.columns()
        return {**self.scheduler.columns(), **of_searcher} if of_searcher else self.scheduler.columns()

    @overload
    def apply(self, event: Started | Resumed) -> Trial: ...
    @overload
    def apply(self, event: Report) -> Decision: ...
    @overload
    def apply(self, event: TrialEnded) -> Status: ...
    @overload
    def apply(
        self,
        event: TunerStarted
        | Workers
        | Stopped
        | TrialPlaced
        | Decided
        | LateReport
        | UnusableReport
        | Restarted
        | CriterionMet
        | Steered
        | Anomaly,
    ) -> None: ...
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

    def _begin(self, event: TunerStarted) -> None:
        self.requested.begin()
        self.runs.forget_lost()
        self.failures = Failures()

    def _set_workers(self, event: Workers) -> None:
        self.n_workers = event.n
        self.scheduler.on_workers(event.n)

    def _start(self, event: Started) -> Trial:
        self.requested.start(event.configuration)
        trial = Trial(len(self.trials), event.configuration, event.note, event.until, event.checkpoint_of)
        self.trials.append(trial)
        self._run(trial)
        self.scheduler.on_start(trial)
        return trial

    def _resume(self, event: Resumed) -> Trial:
        trial = self.trials[event.trial_id]
        if trial.status is not PAUSED:
            raise RecordError(
                f"Trial {trial.id} was to be resumed but is {trial.status.value.lower()}: only a paused trial can be."
            )
        set_status(trial, RUNNING)
        set_until(trial, event.until)
        set_n_runs(trial, trial.n_runs + 1)
        self.n_paused -= 1
        self._run(trial)
        self.scheduler.on_resume(trial, event.note)
        return trial

    def _run(self, trial: Trial) -> None:
        self.running_by_id[trial.id] = trial
        self.n_running += 1
        self.runs.begin(trial.id)

    def _stop(self, event: Stopped) -> None:
        """A paused trial has ended with that; one that runs counts as running until it has ended."""
        trial = self.trials[event.trial_id]
        if trial.status is PAUSED:
            self.n_paused -= 1
            self._settle(trial, STOPPED)
        elif trial.status is RUNNING and trial.id not in self.endings:
            self._end_later(trial.id, STOPPED)
        else:
            raise RecordError(
                f"Trial {trial.id} was to be stopped but is {trial.status.value.lower()} or ends already."
            )

    def _place(self, event: TrialPlaced) -> None:
        self._is_placed = True
        self.placed[event.trial_id] = event

    def _report(self, report: Report) -> Decision:
        trial = self.trials[report.trial_id]
        set_last_report(trial, report)
        set_n_reports(trial, trial.n_reports + 1)
        self.latest_report = report
        self.n_reports += 1
        if self.runs.counts_reports:
            self.runs.report(trial.id)
        self._incumbents.report(report, self.n_reports)
        if COST_ATTRIBUTE in report.metrics:
            self._set_cost(trial.id, float(report.metrics[COST_ATTRIBUTE]))
        return self.scheduler.on_report(trial, report)

    def _decide(self, event: Decided) -> None:
        """The trial counts as running until it has ended."""
        if event.decision is PAUSE:
            self._end_later(event.trial_id, PAUSED)
        elif event.decision is STOP:
            self._end_later(event.trial_id, STOPPED)

    def _late(self, event: LateReport) -> None:
        """One that reports beyond the last resource does not end by itself: it has completed, unless that was all."""
        if self.is_incomplete(event):
            self.n_incomplete += 1
            self.metric_names.update(event.metrics)
            return
        trial = self.trials[event.trial_id]
        if is_dropped(trial, event):
            self.n_dropped += 1
            self.first_dropped = self.first_dropped or why_dropped(trial, event, self.problem.objective)
        if self.runs.counts_reports:
            self.runs.report(event.trial_id)
        if event.is_beyond and event.trial_id not in self.endings:
            if trial.last_report is None:
                self._reasons[event.trial_id] = self._beyond(event.metrics)
                self._end_later(event.trial_id, FAILED)
            else:
                self._end_later(event.trial_id, COMPLETED)

    def _beyond(self, metrics: Mapping[str, Any]) -> str:
        """Why a trial fails whose first report had these metrics."""
        resource = self.problem.objective.resource
        reached = "" if resource is None else f" at {resource} {metrics[resource]},"
        return f"its first report was made{reached} beyond max_resource={self.problem.max_resource}"

    def _end_later(self, trial_id: int, status: Status) -> None:
        """The end of a trial that runs is decided; it counts as running until it has ended."""
        self.endings[trial_id] = status
        set_is_ending(self.trials[trial_id], True)

    def _give_up(self, event: UnusableReport) -> None:
        """The trial counts as running until it has ended."""
        self._reasons[event.trial_id] = event.reason
        self._end_later(event.trial_id, FAILED)
        self._incumbents.give_up(event.trial_id)

    def _restart(self, event: Restarted) -> None:
        trial = self.trials[event.trial_id]
        set_n_runs(trial, event.run + 1)
        self.n_restarted += 1
        self.placed.pop(trial.id, None)
        self.runs.begin_again(trial.id, event.cause)

    def _end(self, event: TrialEnded) -> Status:
        """A failure wins over what was decided, what was decided over how the run ended by itself."""
        trial = self.trials[event.trial_id]
        if trial.status is not RUNNING:
            raise RecordError(
                f"Trial {trial.id} was to end but is {trial.status.value.lower()}: only a running trial can end."
            )
        decided = self.endings.pop(trial.id, None)
        if decided is not None:
            set_is_ending(trial, False)
        if event.status is FAILED and (decided is None or event.cause is not INFRASTRUCTURE):
            status = FAILED
        else:
            status = decided or self._natural_end(trial)
        if event.metrics is not None:
            set_final_metrics(trial, MappingProxyType(dict(event.metrics)))
        if event.cost is not None:
            self._set_cost(trial.id, event.cost)
        del self.running_by_id[trial.id]
        self.n_running -= 1
        self.placed.pop(trial.id, None)
        if status is PAUSED:
            set_status(trial, status)
            self.n_paused += 1
            set_has_checkpoint(trial, event.has_checkpoint)
            self._incumbents.pause(trial.id)
            self.scheduler.on_pause(trial)
        else:
            self._settle(trial, status, event.cause, event.reason)
        return status

    def _settle(self, trial: Trial, status: Status, cause: Cause | None = None, reason: str = "") -> None:
        """A trial has ended for good."""
        set_status(trial, status)
        if status is COMPLETED:
            self.n_completed += 1
        elif status is STOPPED:
            self.n_stopped += 1
        else:
            self.n_failed += 1
            set_failure_cause(trial, cause)
            self.newest_failure = Failure(trial.id, self._reasons.pop(trial.id, reason) or WITHOUT_REPORT)
            self.failures = with_one_more(self.failures, self.newest_failure, trial.reached)
        self._incumbents.end(trial.id, status, self.running_by_id)
        self.scheduler.on_end(trial, status)

    def _keep(self, event: CriterionMet) -> None:
        """Only the clock goes on."""

    def _count_anomaly(self, event: Anomaly) -> None:
        self.n_anomalies += 1
        if self.n_anomalies == 1:
            self.first_anomaly = f"{event.message}: {event.reason}"

    def _natural_end(self, trial: Trial) -> Status:
        if trial.last_report is None:
            return FAILED
        # A trial may jump over the resource that it was sent to, as it may jump over a rung.
        if trial.until is not None and self._max_resource > trial.reached >= trial.until:
            return PAUSED
        return COMPLETED

    def _set_cost(self, trial_id: int, cost: float) -> None:
        self.cost += cost - self.costs.get(trial_id, 0.0)
        self.costs[trial_id] = cost
