"""What a backend says, and what components decide, compose and answer."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from tunekit_core.contracts.backends import Backend, BackendEvent, TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Cause, Decision, Report, Scalar, Status, Trial
from tunekit_core.engine.event_fields import BEYOND_FLOAT
from tunekit_core.engine.events import Anomaly, LateReport, UnusableReport
from tunekit_core.engine.gate.answers import SCALARS
from tunekit_core.engine.gate.culprits import broken_rule, described
from tunekit_core.engine.gate.suggestions import undeclared, what_is
from tunekit_core.engine.state import MAX_BITS, ExperimentState, as_recorded, taken_columns
from tunekit_core.errors import ComponentError, shown

INFINITY = math.inf
MESSAGES = frozenset({TrialPlaced, TrialReported, TrialEnded})


class Gate:
    """Checks what components return, and what a backend says, against the contracts and the state.

    Args:
        state: The state of the experiment.
        backend: Runs the trials.
    """

    def __init__(self, state: ExperimentState, backend: Backend) -> None:
        self._state = state
        self._running = state.running_by_id
        self._scheduler = state.scheduler
        self._backend = backend
        self._pauses = "pause" in state.scheduler.needs
        self._layout: tuple[tuple[str, ...], ...] = ()  # names of metrics and composed columns of the last row
        self._owners: dict[str, ResultComposer | None] = {}  # of columns so far; nobody where it is a metric

    def decision(self, decision: Decision, report: Report) -> Decision:
        """What a scheduler decides other than to go on.

        Raises:
            ComponentError: If it breaks a rule.
        """
        if not isinstance(decision, Decision):
            raise self._refusal("on_report", report.trial_id, f"returned {decision!r}, which is no Decision")
        if decision is Decision.PAUSE and not self._pauses:
            raise undeclared(self._scheduler, "pause", "on_report", report.trial_id, "pauses a trial")
        return decision

    def expected(self, message: BackendEvent) -> Trial | None:
        """The trial that runs and whose current run a backend speaks of; if there is none, it is an anomaly.

        Raises:
            ComponentError: If it is no event at all.
        """
        if type(message) not in MESSAGES:
            raise broken_rule(
                self._backend,
                "wait",
                None,
                f"returned {message!r}, which is no TrialPlaced, TrialReported or TrialEnded",
            )
        trial_id, time = message.trial_id, message.time
        if type(trial_id) is not int:
            return None
        if type(time) is not float or not 0.0 <= time < INFINITY:
            self.time(time)
        trial, run = self._running.get(trial_id), message.run
        if trial is None or run != trial.n_runs - 1 or type(run) is not int:
            return None
        return trial

    def time(self, seconds: float) -> float:
        """A time on the clock of the backend.

        Raises:
            ComponentError: If it is no finite number from 0 on.
        """
        if type(seconds) is float and 0.0 <= seconds < INFINITY:  # as it is nearly always
            return seconds
        if not _is_number(seconds) or not 0.0 <= seconds < INFINITY:
            raise broken_rule(self._backend, "now or wait", None, f"says that it is {seconds!r} s since it began")
        return seconds

    def check_columns(self) -> None:
        """See that scheduler and searcher tell about themselves under names that the other has not.

        Raises:
            ComponentError: If one does not.
        """
        names: set[str] = set()
        for component in (self._scheduler, self._scheduler.searcher):
            columns = component.columns()
            if names.intersection(columns):
                taken = sorted(names.intersection(columns))
                raise broken_rule(component, "columns", None, f"returned {taken}, which the scheduler has too")
            names.update(columns)

    def place(self, placed: TrialPlaced) -> TrialPlaced:
        """Where a trial runs.

        Raises:
            ComponentError: If it is no text.
        """
        if not isinstance(placed.place, str):
            problem = f"placed a run with place={shown(placed.place)}, which is no text"
            raise broken_rule(self._backend, "wait", placed.trial_id, problem)
        return placed

    def end(self, end: TrialEnded) -> TrialEnded:
        """The end of a run, with metrics as a record holds them.

        Raises:
            ComponentError: If a field is of another type than the contract says.
        """
        problem = ""
        if end.status is not Status.COMPLETED and end.status is not Status.FAILED:
            problem = f"status={shown(end.status)}, which is neither Status.COMPLETED nor Status.FAILED"
        elif not isinstance(end.cause, Cause):
            problem = f"cause={shown(end.cause)}, which is no Cause"
        elif not isinstance(end.reason, str):
            problem = f"reason={shown(end.reason)}, which is no text"
        elif end.metrics is not None and not _has_names(end.metrics):
            problem = f"metrics={shown(end.metrics)}, which is no mapping from names to values"
        elif end.cost is not None and not (_is_number(end.cost) and math.isfinite(end.cost)):
            problem = f"cost={shown(end.cost)}, which is no finite number"
        elif not isinstance(end.has_checkpoint, bool):
            problem = f"has_checkpoint={shown(end.has_checkpoint)}, which is neither True nor False"
        if problem:
            raise broken_rule(self._backend, "wait", end.trial_id, f"ended a run with {problem}")
        if end.metrics is None:
            return end
        try:
            return attrs.evolve(end, metrics=as_recorded(end.metrics))
        except (ValueError, RecursionError) as error:
            problem = f"ended a run with metrics={shown(end.metrics)}, which JSON cannot hold: {error}"
            raise broken_rule(self._backend, "wait", end.trial_id, problem) from error

    def messages(self, messages: list[BackendEvent], deadline: float | None) -> list[BackendEvent]:
        """What a backend says has happened.

        Args:
            messages: What it returned while trials run.
            deadline: How long it might have waited; ``None`` if until something happens.

        Raises:
            ComponentError: If it is no list, or nothing though there was no deadline: nothing would ever happen.
        """
        if not isinstance(messages, list):
            raise broken_rule(self._backend, "wait", None, f"returned {messages!r}, which is no list of events")
        if not messages and deadline is None:
            running = ", ".join(map(str, self._running))
            problem = f"returned nothing without a deadline, and of these trials it has not told the end: {running}"
            raise broken_rule(self._backend, "wait", None, problem)
        return messages

    def anomaly(self, message: BackendEvent) -> Anomaly:
        """What is wrong with what a backend says and is not expected."""
        kind, trial = type(message).__name__, self._state.find(message.trial_id)
        if trial is None:
            reason = "there is no such trial"
        elif trial.status is not Status.RUNNING:
            reason = f"the trial is {trial.status.value.lower()}"
        else:
            reason = f"the current run of the trial is {trial.run}"
        return Anomaly(f"{kind} of trial {message.trial_id}, run {message.run}", reason, self._state.now)

    def reason(self, criterion: StoppingCriterion, reason: str) -> str:
        """Why a criterion ends the experiment.

        Raises:
            ComponentError: If it is no text.
        """
        if not isinstance(reason, str) or not reason:
            raise broken_rule(criterion, "__call__", None, f"returned {reason!r} as its reason, which is no text")
        return reason

    def deadline(self, criterion: StoppingCriterion) -> float | None:
        """When a criterion ends the experiment whatever happens.

        Raises:
            ComponentError: If it is no number, or one below 0.
        """
        seconds = criterion.deadline()
        if seconds is None:
            return None
        if not _is_number(seconds) or not seconds >= 0.0:
            problem = f"returned {shown(seconds)}, which is no number of seconds from 0 on"
            raise broken_rule(criterion, "deadline", None, problem)
        return float(seconds) if seconds < INFINITY else None  # it never comes

    def missed(self, criterion: StoppingCriterion, deadline: float) -> ComponentError:
        """The error of a criterion that has no reason though its deadline has come."""
        problem = f"returned no reason though the {deadline:g} s that it gave as its deadline are over"
        return broken_rule(criterion, "__call__", None, problem)

    def with_own_columns(self, report: Report | LateReport) -> Report | LateReport | UnusableReport:
        """A report, which cannot be used if a metric has the name of a column of composers; call it if there are some.

        Those are known that they have composed, and those that scheduler and searcher tell, which composers pass on.
        """
        if self._layout and tuple(report.metrics) == self._layout[0]:
            return report
        told = self._state.columns()
        for name in report.metrics:
            if self._owners.get(name) is not None or name in told:
                reason = f"it reported a metric named {shown(name)}, which is a column of the results"
                return UnusableReport(report.trial_id, report.run, report.metrics, report.time, reason)
        return report

    def composed(
        self, composers: Sequence[ResultComposer], composed: Sequence[Mapping[str, Scalar]], report: Report
    ) -> Sequence[Mapping[str, Scalar]]:
        """The columns of composers for a row.

        Raises:
            ComponentError: If a column exists already, or a value is no scalar.
        """
        for composer, columns in zip(composers, composed, strict=True):
            if not isinstance(columns, Mapping):
                raise broken_rule(composer, "__call__", report.trial_id, f"returned {columns!r}, which is no mapping")
            for name, value in columns.items():
                if not isinstance(value, SCALARS) or (isinstance(value, int) and value.bit_length() > MAX_BITS):
                    problem = f"returned {name}={shown(value)}, which is no truth value, number, text or None"
                    raise broken_rule(composer, "__call__", report.trial_id, problem)
        layout = (tuple(report.metrics), *map(tuple, composed))
        if layout != self._layout:
            self._check_names(composers, composed, report)
            self._layout = layout
        return composed

    def released(self, trial_ids: Iterable[int]) -> tuple[int, ...]:
        """Trials that a scheduler releases, each once.

        Raises:
            ComponentError: If there is no such trial, or it has not ended.
        """
        try:
            released = tuple(dict.fromkeys(trial_ids))
        except Exception as error:  # also what raises only now, as a generator does
            raise self._refusal("released", None, f"returned {shown(trial_ids)}, which are no trial ids") from error
        for trial_id in released:
            trial = self._state.find(trial_id)
            if trial is None or not trial.status.final:
                raise self._refusal("released", None, f"releases the trial {trial_id!r}, {what_is(trial)}")
        return released

    def least_promising(self, trial_id: int | None, among: Collection[int]) -> int | None:
        """The paused trial that a scheduler gives up first.

        Raises:
            ComponentError: If it was not among those asked about.
        """
        is_id = isinstance(trial_id, int | np.integer) and not isinstance(trial_id, bool)
        if trial_id is not None and (not is_id or trial_id not in among):
            raise self._refusal("least_promising", None, f"returned {trial_id!r}, which it was not asked about")
        return trial_id

    def _check_names(
        self, composers: Sequence[ResultComposer], composed: Sequence[Mapping[str, Scalar]], report: Report
    ) -> None:
        """A column belongs to whom it belonged in the rows before."""
        for name in report.metrics:
            owner = self._owners.setdefault(name, None)
            if owner is not None:
                raise self._taken(owner, name, "a metric that was reported", report)
        for composer, columns in zip(composers, composed, strict=True):
            for name in columns:
                if taken_columns([name]):
                    raise self._taken(composer, name, "a column that every row has, or no text", report)
                owner = self._owners.setdefault(name, composer)
                if owner is not composer:
                    what = "a metric that was reported" if owner is None else f"a column of the {described(owner)}"
                    raise self._taken(composer, name, what, report)

    def _taken(self, composer: ResultComposer, name: str, what: str, report: Report) -> ComponentError:
        return broken_rule(composer, "__call__", report.trial_id, f"returned the column {name!r}, which is {what}")

    def _refusal(self, method: str, trial_id: int | None, problem: str) -> ComponentError:
        return broken_rule(self._scheduler, method, trial_id, problem)


def _has_names(metrics: Any) -> bool:
    return isinstance(metrics, Mapping) and all(isinstance(name, str) for name in metrics)


def _is_number(value: Any) -> bool:
    """Whether it is a number, and one that a float can hold."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return abs(int(value)) < BEYOND_FLOAT
    return isinstance(value, float | np.floating)
