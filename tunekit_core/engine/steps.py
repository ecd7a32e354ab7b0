"""The steps of an experiment: each is checked, recorded, applied to the state and then acted on.

:class:`~tunekit_core.Tuner` takes them in a loop around a backend, :class:`~tunekit_core.AskTell` as its caller says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any, TypeGuard

from tunekit_core.contracts.backends import Backend, BackendEvent, StartFailed, TrialEnded, TrialReported
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import BoundsRegret, Recommends
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Cause, Decision, Report, Resume, Start, Status, Stop, Suggestion, Trial
from tunekit_core.engine.checkpoints import Checkpoints
from tunekit_core.engine.event_json import RECORD_FORMAT
from tunekit_core.engine.events import (
    CriterionMet,
    Decided,
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
from tunekit_core.engine.first_report import check_first_report
from tunekit_core.engine.gate import (
    AnyComponent,
    Gate,
    NamesErrors,
    SuggestionGate,
    check_answers,
    check_are_components,
    check_parts,
    check_signatures,
)
from tunekit_core.engine.record import NoRecord, Record
from tunekit_core.engine.recovery import Recovery
from tunekit_core.engine.state import ExperimentState, Reader, View
from tunekit_core.engine.state.reading import row_of
from tunekit_core.engine.steering import Request
from tunekit_core.engine.summary import BEGINS_ANEW, RECOMMENDED, described_trial, summary_of, terms_of_costs
from tunekit_core.errors import ConfigurationError, RecordError, ReplayError
from tunekit_core.space import Configuration

# Python 3.11 takes as long to look a member of an enumeration up as to call a function.
CONTINUE, PAUSE, FAILED = Decision.CONTINUE, Decision.PAUSE, Status.FAILED
KEPT = "What is recorded stays as it is; a new experiment needs another folder."


class Steps:
    """What happens in an experiment, step by step.

    Args:
        scheduler: Decides on trials.
        backend: Runs them.
        n_workers: Trials that may run at the same time, at least 1.
        stopping: Named if they raise an error; whoever takes the steps asks them.
        composers: Add columns to the rows of the result.
        observers: Watch.
        record: Where results are written; nowhere unless given.
        metadata: What else is to be known about the experiment, for the record and for observers.

    Attributes:
        state: The state of the experiment.
        view: What criteria, composers and observers see of it.
        gate: Checks what components say.

    Raises:
        ConfigurationError: If ``n_workers`` is below 1, or components do not go together or are none.
        PluginError: If a component lacks what its contract sets, or has a method that takes something else.
    """

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        backend: Backend,
        n_workers: int,
        stopping: Sequence[StoppingCriterion] = (),
        composers: Sequence[ResultComposer] = (),
        observers: Sequence[Observer] = (),
        record: Record | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(n_workers, int) or isinstance(n_workers, bool) or n_workers < 1:
            raise ConfigurationError(
                f"n_workers={n_workers!r} must be a whole number, at least 1.", option="n_workers", value=n_workers
            )
        check_are_components(
            {
                Scheduler: [scheduler],
                Backend: [backend],
                StoppingCriterion: stopping,
                ResultComposer: composers,
                Observer: observers,
            }
        )
        self._components: list[AnyComponent] = [
            scheduler,
            scheduler.searcher,
            backend,
            backend.benchmark,
            *stopping,
            *composers,
            *observers,
        ]
        with self.errors_named():
            check_parts(scheduler=scheduler, backend=backend)
            check_answers(scheduler)
            check_signatures(self._components)
        for criterion in stopping:
            if criterion.uses_cost:
                backend.check_costs(f"stopping.{criterion.name}")
            if criterion.uses_regret_bound and not isinstance(scheduler.searcher, BoundsRegret):
                raise ConfigurationError(
                    f"stopping.{criterion.name} ends an experiment by what a model says is still to gain, and the "
                    f"searcher '{scheduler.searcher.name}' has no model that says so. Use one that has, such as that "
                    "of method=BO or method=AUTO, or end by stopping.no_improvement.",
                    option=f"stopping.{criterion.name}",
                    value=scheduler.searcher.name,
                )
        self.state = ExperimentState(scheduler.problem, scheduler)
        self.view = View(self.state)
        self.gate = Gate(self.state, backend)
        self._suggestions = SuggestionGate(self.state)
        self._backend = backend
        self._n_workers = n_workers
        self._composers = tuple(composers)
        self._observers = tuple(observers)
        self._watching: list[Observer] = []  # those that are to be told of the end
        self._recommended: Trial | None = None
        self._record: Record = NoRecord() if record is None else record
        self._metadata = deepcopy(dict(metadata or {}))  # what others do with theirs is theirs
        self._reader = Reader(self.state)
        self._checkpoints = Checkpoints(self.state, scheduler, backend, self.gate)

    def errors_named(self) -> AbstractContextManager[None]:
        """Raise what a component raises as the error of that component."""
        return NamesErrors(self._components)

    def begin(self) -> None:
        """The experiment begins, or goes on where the process before it died."""
        state, backend = self.state, self._backend
        restores = "restore" in backend.capabilities
        recovery = Recovery(state, self._record, self._write_row, self._write_incomplete)
        try:
            past = self._record.begin(
                state.problem,
                self._n_workers,
                self._components,
                {**self._metadata, **terms_of_costs(backend)},
                restores=restores,
            )
            self.gate.check_columns()
            has_past = recovery.read(past)  # before the backend is opened: its clock does not run meanwhile
        except (RecordError, ReplayError) as error:
            raise type(error)(f"{error} {KEPT}") from error
        if recovery.undecided is not None:
            self._record.write(recovery.undecided)  # right after its report, or the record could not be folded again
        self._happened(TunerStarted(RECORD_FORMAT, state.now))
        if state.n_workers != self._n_workers:
            self._happened(Workers(self._n_workers, state.now))
        backend.open(self._n_workers)
        if has_past:
            recovery.hand_over(backend)
            self._checkpoints.restore(trial.id for trial in state.trials if trial.status is Status.PAUSED)
        for observer in self._observers:
            observer.on_experiment_start(self.view, deepcopy(self._metadata))
            self._watching.append(observer)

    def suggest(self) -> Suggestion | None:
        """What a free worker should do: what somebody asked to try comes first."""
        if self.state.requested.proposed:
            return Start(self.state.requested.proposed[0])
        return self._suggestions.check(self.state.scheduler.suggest(self.state.n_started))

    def carry_out(self, suggestion: Suggestion) -> None:
        """Do what was suggested."""
        if isinstance(suggestion, Start):
            self._start(suggestion)
        elif isinstance(suggestion, Resume):
            self._resume(suggestion)
        else:
            self._stop(suggestion)

    def receive(self, message: BackendEvent) -> None:
        """Take in what a backend says."""
        trial = self.gate.expected(message)
        if trial is None:
            self._happened(self.gate.anomaly(message))
        elif isinstance(message, TrialReported):
            event = self._reader.read(message)
            if self._composers and (isinstance(event, Report) or self._is_incomplete(event)):
                event = self.gate.with_own_columns(event)
            if isinstance(event, Report):
                self._report(trial, event)
            else:
                self._keep(trial, event)
        elif isinstance(message, TrialEnded):
            self._receive_end(trial, message)
        else:
            self._happened(self.gate.place(message))

    def meet(self, criterion: StoppingCriterion, reason: str) -> None:
        """A criterion ends the experiment."""
        self._happened(CriterionMet(criterion.name, reason, self.state.now))

    def proposed(self, given: Mapping[str, Any]) -> Configuration:
        """A configuration that somebody asks to try, complete.

        Raises:
            ConfigurationError: If it cannot be tried.
        """
        return self._suggestions.proposed(given)

    def steer(self, request: Request) -> None:
        """What somebody asked is done."""
        self._happened(Steered(request.nonce, request.kind, request.given, self.gate.time(self._backend.now())))

    def recommend(self, *, whatever_happens: bool = False) -> None:
        """Ask the searcher which trial it recommends, if it does so, for the record: once, at the end.

        Args:
            whatever_happens: Whether an error of it is left out, since the experiment was interrupted, and is to end.
        """
        searcher = self.state.scheduler.searcher
        if isinstance(searcher, Recommends):
            try:
                self._recommended = self._suggestions.recommended(searcher.recommended_trial())
            except Exception:
                if not whatever_happens:
                    raise

    def end_observation(self, reason: str, *, whatever_happens: bool = False) -> None:
        """Nothing more is shown to observers: each that was told of a beginning is told of one end.

        Args:
            reason: Why the experiment ends.
            whatever_happens: Whether an error of one is left out, since another error ends the experiment already.
        """
        while self._watching:
            try:
                self._watching.pop(0).on_experiment_end(self.view, reason)
            except Exception:
                if not whatever_happens:
                    raise

    def finish(self, status: ExperimentStatus, reason: str, *, begins_anew: bool = False) -> None:
        """Close the record.

        Args:
            status: How the experiment ended.
            reason: Why.
            begins_anew: Whether there is nothing in it to go on from, though it is not complete.
        """
        summary = summary_of(self.state, terms_of_costs(self._backend))
        summary[RECOMMENDED] = None if self._recommended is None else described_trial(self._recommended)
        self._record.finish(status, reason, summary | ({BEGINS_ANEW: True} if begins_anew else {}))

    def _start(self, start: Start) -> None:
        now = self.gate.time(self._backend.now())
        trial = self._happened(Started.of(self.state.n_started, start, now))
        for observer in self._observers:
            observer.on_trial_start(self.view, trial)
        try:
            self._backend.start(trial, start.until, start.checkpoint_of)
        except StartFailed as error:
            self._end(trial, _failed_start(trial, now, error))

    def _resume(self, resume: Resume) -> None:
        now = self.gate.time(self._backend.now())
        trial = self._happened(Resumed.of(resume, now))
        self._checkpoints.on_resume(trial.id)
        for observer in self._observers:
            observer.on_trial_resume(self.view, trial)
        self._run_again(trial, now)

    def _run_again(self, trial: Trial, now: float) -> None:
        try:
            self._backend.resume(trial, trial.until)
        except StartFailed as error:
            self._end(trial, _failed_start(trial, now, error))

    def _stop(self, stop: Stop) -> None:
        """End a paused trial, or ask one to end that runs."""
        trial = self.state.trials[stop.trial_id]
        self._happened(Stopped(trial.id, self.gate.time(self._backend.now())))
        if trial.status is Status.RUNNING:
            self._backend.stop(trial)
        else:
            self._after_end(trial)

    def _keep(self, trial: Trial, event: LateReport | UnusableReport) -> None:
        """Record a report that the scheduler is not shown; with it, the end of the trial may be decided."""
        was_ending = trial.is_ending
        self._happened(event)
        if isinstance(event, UnusableReport):  # the trial fails
            self._record.failure(trial.id, event.reason)
        elif self._is_incomplete(event):
            self._write_incomplete(trial, row_of(event))
        if trial.is_ending and not was_ending:
            self._backend.stop(trial)
        if isinstance(event, UnusableReport) and self.state.n_reports == 0:  # else the experiment goes on
            check_first_report(event, self.state.problem.objective, self._backend.benchmark)

    def _report(self, trial: Trial, report: Report) -> None:
        state, record = self.state, self._record
        record.write(report)
        decision = state.apply(report)
        if decision is not CONTINUE:
            self._carry_out_decision(trial, self.gate.decision(decision, report))
        elif record.keeps_events:  # it changes nothing
            record.write(Decided(trial.id, CONTINUE))
        if self._composers:
            self._write_row(trial, report, decision)
        else:
            record.row(trial, report, decision, ())
        for observer in self._observers:
            observer.on_report(self.view, trial, report, decision)

    def _carry_out_decision(self, trial: Trial, decision: Decision) -> None:
        self._happened(Decided(trial.id, decision))
        if decision is PAUSE:
            self._backend.pause(trial)
        else:
            self._backend.stop(trial)

    def _receive_end(self, trial: Trial, event: TrialEnded) -> None:
        """A run is over: so is the trial, unless it is begun again."""
        event = self.gate.end(event)
        if event.status is not FAILED or trial.is_ending or not self._may_begin_again(event):
            self._end(trial, event)
            return
        self._suggestions.check_counting(trial.id, has_checkpoint=event.has_checkpoint)
        self._happened(Restarted(trial.id, trial.n_runs, event.cause, event.reason, event.time))
        self._run_again(trial, event.time)

    def _may_begin_again(self, event: TrialEnded) -> bool:
        backend = self._backend
        limit = backend.max_losses if event.cause is Cause.INFRASTRUCTURE else backend.max_retries
        return self.state.runs.n_begun_again(event.trial_id, event.cause) < limit

    def _end(self, trial: Trial, event: TrialEnded) -> None:
        if self._happened(event) is FAILED:
            self._record_failure()
        self._after_end(trial)

    def _record_failure(self) -> None:
        failure = self.state.newest_failure
        assert failure is not None
        self._record.failure(failure.trial_id, failure.reason)

    def _after_end(self, trial: Trial) -> None:
        self._checkpoints.on_end(trial.id, trial.status)
        for observer in self._observers:
            observer.on_trial_end(self.view, trial, trial.status)

    def _happened(self, event: Any) -> Any:
        self._record.write(event)
        return self.state.apply(event)

    def _is_incomplete(self, event: object) -> TypeGuard[LateReport]:
        return isinstance(event, LateReport) and self.state.is_incomplete(event)

    def _write_incomplete(self, trial: Trial, report: Report) -> None:
        """A row with what there is: neither scheduler nor composers nor observers are shown it."""
        self._record.row(trial, report, CONTINUE, ())

    def _write_row(self, trial: Trial, report: Report, decision: Decision) -> None:
        composed = [composer(self.view, trial, report) for composer in self._composers]
        self._record.row(trial, report, decision, self.gate.composed(self._composers, composed, report))


def _failed_start(trial: Trial, time: float, error: StartFailed) -> TrialEnded:
    return TrialEnded(trial.id, trial.run, Status.FAILED, time, Cause.SCRIPT, str(error))
