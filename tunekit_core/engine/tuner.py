"""The tuning loop: one for every backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from tunekit_core.contracts.backends import Backend, BackendEvent, StartFailed, TrialEnded
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Decision, Report, Resume, Start, Status, Trial
from tunekit_core.contracts.view import Incumbent
from tunekit_core.engine.checkpoints import Checkpoints
from tunekit_core.engine.events import CriterionMet, Decided, Resumed, Started, UnusableReport
from tunekit_core.engine.record import NoRecord, Record
from tunekit_core.engine.recovery import restore
from tunekit_core.engine.state import WITHOUT_REPORT, ExperimentState
from tunekit_core.errors import ConfigurationError
from tunekit_core.threads import single_threaded

BY_KEYBOARD = "interrupted from the keyboard"
COUNTS = ("n_started", "n_completed", "n_stopped", "n_failed", "n_paused", "n_reports")


@attrs.frozen
class TuningResult:
    """How an experiment ended.

    Attributes:
        reason: Why it ended.
        failed: Whether a criterion gave up on it.
        incumbent: The best report, or ``None`` if nothing was reported.
        n_trials: Trials started.
        n_reports: Reports shown to the scheduler.
        n_failed: Trials that failed.
        time: Seconds on the backend's clock.
    """

    reason: str
    failed: bool
    incumbent: Incumbent | None
    n_trials: int
    n_reports: int
    n_failed: int
    time: float


class Tuner:
    """Runs an experiment.

    >>> result = Tuner(scheduler=scheduler, backend=backend, stopping=[limit], n_workers=4).run()
    >>> result.incumbent.configuration

    Args:
        scheduler: Decides on trials.
        backend: Runs them.
        stopping: The first criterion to give a reason ends the experiment. Without any, it ends when nothing
            runs and nothing is suggested.
        n_workers: Trials that run at the same time, at least 1.
        composers: Add columns to the rows of the result.
        observers: Watch.
        record: Where results are written; nowhere unless given.
        wait_for_running: Let running trials end when a criterion gives a reason, rather than stop them.

    Raises:
        ConfigurationError: If ``n_workers`` is below 1 or the scheduler needs what the backend cannot do.
    """

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        backend: Backend,
        stopping: Sequence[StoppingCriterion] = (),
        n_workers: int = 4,
        composers: Sequence[ResultComposer] = (),
        observers: Sequence[Observer] = (),
        record: Record | None = None,
        wait_for_running: bool = False,
    ) -> None:
        if n_workers < 1:
            raise ConfigurationError(f"n_workers={n_workers} must be at least 1.", option="n_workers", value=n_workers)
        lacking = scheduler.needs - backend.capabilities
        if lacking:
            raise ConfigurationError(
                f"The scheduler '{scheduler.name}' needs a backend that can {' and '.join(sorted(lacking))}; "
                f"'{backend.name}' cannot. Use a backend that can, or a scheduler that does without: "
                "`python -m tunekit plugins scheduler` lists what is installed.",
                option="backend",
                value=backend.name,
            )
        self._backend = backend
        self._stopping = tuple(stopping)
        self._composers = tuple(composers)
        self._observers = tuple(observers)
        self._record: Record = NoRecord() if record is None else record
        self._wait_for_running = wait_for_running
        self._state = ExperimentState(scheduler.problem, scheduler, n_workers)
        self._checkpoints = Checkpoints(scheduler, backend)
        self._ending: StoppingCriterion | None = None
        self._reason = "nothing is left to suggest"

    def run(self) -> TuningResult:
        """Run the experiment to its end, closing the backend and the record whatever happens."""
        state = self._state
        with single_threaded():
            try:
                try:
                    restores = "restore" in self._backend.capabilities
                    past = self._record.begin(state.problem, state.n_workers, self._components(), restores=restores)
                    self._backend.open(state.n_workers)
                    if past:
                        restore(past, state, self._backend, self._record, self._write_row)
                        self._checkpoints.restore(t.id for t in state.trials if t.status is Status.PAUSED)
                    result = self._loop()
                finally:
                    self._backend.close()
            except KeyboardInterrupt:
                self._record.finish(ExperimentStatus.INTERRUPTED, BY_KEYBOARD, self._summary())
                raise
            except BaseException as error:
                self._record.finish(ExperimentStatus.FAILED, f"{type(error).__name__}: {error}", self._summary())
                raise
        status = ExperimentStatus.FAILED if result.failed else ExperimentStatus.COMPLETED
        self._record.finish(status, result.reason, self._summary())
        return result

    def _loop(self) -> TuningResult:
        state = self._state
        for observer in self._observers:
            observer.on_experiment_start(state)
        try:
            self._run_trials()
        except KeyboardInterrupt:
            self._end_observation(BY_KEYBOARD)
            raise
        self._end_observation(self._reason)
        failed = self._ending is not None and self._ending.is_failure
        return TuningResult(
            self._reason, failed, state.incumbent, state.n_started, state.n_reports, state.n_failed, state.now
        )

    def _run_trials(self) -> None:
        state, backend = self._state, self._backend
        deadlines = [seconds for criterion in self._stopping if (seconds := criterion.deadline()) is not None]
        deadline = min(deadlines, default=None)
        while True:
            ends = self._ask_criteria()
            if not ends and state.n_running < state.n_workers and self._start_one():
                continue
            if state.n_running == 0 or (ends and not self._waits()):
                return
            for position, event in enumerate(backend.wait(None if self._reason_is_final() else deadline)):
                if position and self._ask_criteria() and not self._waits():
                    break  # a count is reached in the middle of what has happened: the rest never counts
                self._on_message(event)
            state.now = max(state.now, backend.now())

    def _end_observation(self, reason: str) -> None:
        for observer in self._observers:
            observer.on_experiment_end(self._state, reason)

    def _ask_criteria(self) -> bool:
        """Whether the experiment ends; the first reason that a criterion gives is kept.

        While trials come to their end because a criterion waits for them, one that does not may still cut it short.
        """
        if not self._reason_is_final():
            for criterion in self._stopping:
                if self._ending is not None and criterion.waits_for_running:
                    continue
                reason = criterion(self._state)
                if reason is not None:
                    self._ending, self._reason = criterion, reason
                    event = CriterionMet(criterion.name, reason, self._state.now)
                    self._record.write(event)
                    self._state.apply(event)
                    break
        return self._ending is not None

    def _waits(self) -> bool:
        """Whether trials that run when the experiment ends come to their end."""
        return self._wait_for_running or (self._ending is not None and self._ending.waits_for_running)

    def _reason_is_final(self) -> bool:
        if self._ending is None:
            return False
        return self._wait_for_running or not self._ending.waits_for_running

    def _start_one(self) -> bool:
        """Give one free worker something to do; false if the scheduler has nothing for it."""
        state = self._state
        suggestion = state.scheduler.suggest(state.n_started)
        if suggestion is None:
            return False
        if isinstance(suggestion, Start):
            self._start(suggestion)
        else:
            self._resume(suggestion)
        return True

    def _start(self, start: Start) -> None:
        state, now = self._state, self._backend.now()
        event = Started.of(state.n_started, start, now)
        self._record.write(event)
        trial = state.apply(event)
        for observer in self._observers:
            observer.on_trial_start(state, trial)
        try:
            self._backend.start(trial, start.until, start.checkpoint_of)
        except StartFailed as error:
            self._on_end(TrialEnded(trial.id, Status.FAILED, now, str(error)))

    def _resume(self, resume: Resume) -> None:
        state, now = self._state, self._backend.now()
        event = Resumed.of(resume, now)
        self._record.write(event)
        trial = state.apply(event)
        self._checkpoints.on_resume(trial.id)
        for observer in self._observers:
            observer.on_trial_resume(state, trial)
        try:
            self._backend.resume(trial, resume.until)
        except StartFailed as error:
            self._on_end(TrialEnded(trial.id, Status.FAILED, now, str(error)))

    def _on_message(self, message: BackendEvent) -> None:
        """Record what a backend relays, apply it, and act on it."""
        if isinstance(message, TrialEnded):
            self._on_end(message)
            return
        event = self._state.read(message)
        self._record.write(event)
        if isinstance(event, Report):
            self._on_report(event)
        elif isinstance(event, UnusableReport):  # the trial fails, the experiment goes on
            self._state.apply(event)
            self._record.failure(event.trial_id, event.reason)
            self._backend.stop(self._state.trials[event.trial_id])
        else:
            self._state.apply(event)

    def _on_report(self, report: Report) -> None:
        state = self._state
        trial = state.trials[report.trial_id]
        decision = state.apply(report)
        decided = Decided(trial.id, decision)
        self._record.write(decided)
        state.apply(decided)
        if decision is Decision.PAUSE:
            self._backend.pause(trial)
        elif decision is Decision.STOP:
            self._backend.stop(trial)
        self._write_row(trial, report, decision)
        for observer in self._observers:
            observer.on_report(state, trial, report, decision)

    def _write_row(self, trial: Trial, report: Report, decision: Decision) -> None:
        composed = [composer(self._state, trial, report) for composer in self._composers]
        self._record.row(trial, report, decision, composed)

    def _on_end(self, event: TrialEnded) -> None:
        state = self._state
        self._record.write(event)
        status = state.apply(event)
        if status is Status.FAILED:
            self._record.failure(event.trial_id, event.reason or WITHOUT_REPORT)
        self._checkpoints.on_end(event.trial_id, status)
        for observer in self._observers:
            observer.on_trial_end(state, state.trials[event.trial_id], status)

    def _components(self) -> list[Any]:
        scheduler, backend = self._state.scheduler, self._backend
        fixed = [scheduler, scheduler.searcher, backend, backend.benchmark]
        return [*fixed, *self._stopping, *self._composers, *self._observers]

    def _summary(self) -> dict[str, Any]:
        """What the metadata says of the result."""
        state, incumbent = self._state, self._state.incumbent
        counts = {name: getattr(state, name) for name in COUNTS} | {"time": state.now}
        if incumbent is None:
            return counts
        best = {
            "trial_id": incumbent.report.trial_id,
            "resource": incumbent.report.resource,
            "metrics": {name: incumbent.report.metrics[name] for name in state.problem.objective.metric},
            "configuration": dict(incumbent.configuration),
        }
        return counts | {"incumbent": best}
