"""The gate: whatever crosses a contract is checked here, once, before it is recorded."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tunekit_core.contracts.backends import Backend, BackendEvent, Cause, TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import (
    Checkpoint,
    Decision,
    Note,
    Report,
    Resume,
    Scalar,
    Start,
    Status,
    Stop,
    Suggestion,
    Trial,
)
from tunekit_core.engine.culprits import broken_rule, described
from tunekit_core.engine.events import Anomaly
from tunekit_core.engine.notes import read_only_note
from tunekit_core.engine.reading import taken_columns
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ComponentError, ConfigurationError
from tunekit_core.space import Configuration

CONTINUE = Decision.CONTINUE  # looking it up takes as long as a call in Python 3.11
SCALARS = (bool, int, float, str, type(None), np.generic)
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
        self._problem = state.problem
        self._scheduler = state.scheduler
        self._backend = backend
        self._pauses = "pause" in state.scheduler.needs
        self._layout: tuple[tuple[str, ...], ...] = ()  # names of metrics and composed columns of the last row
        self._owners: dict[str, ResultComposer | None] = {}  # of columns so far; nobody where it is a metric

    def suggestion(self, suggestion: Suggestion | None) -> Suggestion | None:
        """What a scheduler suggests, its configuration and note made read-only.

        Raises:
            ComponentError: If it breaks a rule.
            ConfigurationError: If it needs the resource of a trial whose reports are counted.
        """
        if suggestion is None:
            return None
        if isinstance(suggestion, Start):
            return self._start(suggestion)
        if isinstance(suggestion, Resume):
            return self._resume(suggestion)
        if isinstance(suggestion, Stop):
            return self._stop(suggestion)
        raise self._refusal("suggest", None, f"returned {suggestion!r}, which is no Start, Resume, Stop or None")

    def decision(self, decision: Decision, report: Report) -> Decision:
        """What a scheduler decides.

        Raises:
            ComponentError: If it breaks a rule.
        """
        if decision is CONTINUE:
            return decision
        if not isinstance(decision, Decision):
            raise self._refusal("on_report", report.trial_id, f"returned {decision!r}, which is no Decision")
        if decision is Decision.PAUSE and not self._pauses:
            self._check_need("pause", "on_report", report.trial_id, "pauses a trial")
        return decision

    def expects(self, message: BackendEvent) -> bool:
        """Whether what a backend says is about the current run of a trial that runs; if not, it is an anomaly.

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
        if type(message.trial_id) is not int:
            return False
        trial = self._running.get(message.trial_id)
        return trial is not None and message.run == trial.n_runs - 1

    def check_end(self, end: TrialEnded) -> None:
        """Refuse the end of a run that would be misread.

        Raises:
            ComponentError: If a field is of another type than the contract says.
        """
        cost = end.cost
        problem = ""
        if end.status is not Status.COMPLETED and end.status is not Status.FAILED:
            problem = f"status={end.status!r}, which is neither Status.COMPLETED nor Status.FAILED"
        elif not isinstance(end.cause, Cause):
            problem = f"cause={end.cause!r}, which is no Cause"
        elif end.metrics is not None and not isinstance(end.metrics, Mapping):
            problem = f"metrics={end.metrics!r}, which is no mapping"
        elif cost is not None and not (isinstance(cost, int | float) and math.isfinite(cost)):
            problem = f"cost={cost!r}, which is no finite number"
        if problem:
            raise broken_rule(self._backend, "wait", end.trial_id, f"ended a run with {problem}")

    def messages(self, messages: list[BackendEvent]) -> list[BackendEvent]:
        """What a backend says has happened.

        Raises:
            ComponentError: If it is no list.
        """
        if not isinstance(messages, list):
            raise broken_rule(self._backend, "wait", None, f"returned {messages!r}, which is no list of events")
        return messages

    def anomaly(self, message: BackendEvent) -> Anomaly:
        """What is wrong with what a backend says and is not expected."""
        kind, trial = type(message).__name__, self._trial(message.trial_id)
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
        if not isinstance(reason, str):
            raise broken_rule(criterion, "__call__", None, f"returned {reason!r} as its reason, which is no text")
        return reason

    def deadline(self, criterion: StoppingCriterion) -> float | None:
        """When a criterion ends the experiment whatever happens.

        Raises:
            ComponentError: If it is no number.
        """
        seconds = criterion.deadline()
        if seconds is not None and (not isinstance(seconds, int | float) or math.isnan(seconds)):
            raise broken_rule(criterion, "deadline", None, f"returned {seconds!r}, which is no number of seconds")
        return seconds

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
                if not isinstance(value, SCALARS):
                    problem = f"returned {name}={value!r}, which is no truth value, number, text or None"
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
        except TypeError as error:
            raise self._refusal("released", None, f"returned {trial_ids!r}, which are no trial ids") from error
        for trial_id in released:
            trial = self._trial(trial_id)
            if trial is None or not trial.status.final:
                raise self._refusal("released", None, f"releases the trial {trial_id!r}, {_what_is(trial)}")
        return released

    def least_promising(self, trial_id: int | None, among: Collection[int]) -> int | None:
        """The paused trial that a scheduler gives up first.

        Raises:
            ComponentError: If it was not among those asked about.
        """
        if trial_id is not None and trial_id not in among:
            raise self._refusal("least_promising", None, f"returned {trial_id!r}, which it was not asked about")
        return trial_id

    def check_counting(self, trial_id: int, *, has_checkpoint: bool) -> None:
        """Refuse a run that goes on from a checkpoint where resources are counts of reports.

        Raises:
            ConfigurationError: Since nobody knows how far the trial had come.
        """
        if has_checkpoint and self._problem.objective.resource is None:
            raise ConfigurationError(
                f"Trial {trial_id} goes on from a checkpoint, and no metric is named as the resource: reports are "
                "counted, and nobody knows how many were made before the checkpoint. Name the metric that says how far "
                'a trial has come, such as epoch: benchmark.resource=epoch, or resource="epoch" in Python.',
                option="benchmark.resource",
            )

    def _start(self, start: Start) -> Start:
        trial_id = self._state.n_started
        configuration = self._configuration(start.configuration, trial_id)
        checkpoint = start.checkpoint_of
        if checkpoint is not None:
            self._check_checkpoint(checkpoint, trial_id)
        self._check_until(start.until, 0 if checkpoint is None else checkpoint.resource, trial_id)
        return Start(configuration, start.until, checkpoint, self._note(start.note, trial_id))

    def _resume(self, resume: Resume) -> Resume:
        trial = self._trial(resume.trial_id)
        if trial is None or trial.status is not Status.PAUSED:
            raise self._refusal("suggest", None, f"resumes the trial {resume.trial_id!r}, {_what_is(trial)}")
        self._check_need("pause", "suggest", trial.id, "resumes a trial")
        self._check_until(resume.until, trial.reached, trial.id)
        self.check_counting(trial.id, has_checkpoint=self._state.goes_on_uncounted(trial.id))
        return Resume(trial.id, resume.until, self._note(resume.note, trial.id))

    def _stop(self, stop: Stop) -> Stop:
        trial = self._trial(stop.trial_id)
        if trial is None or trial.status.final:
            raise self._refusal("suggest", None, f"stops the trial {stop.trial_id!r}, {_what_is(trial)}")
        if trial.id in self._state.endings:
            raise self._refusal("suggest", trial.id, "stops a trial whose end was decided already")
        return stop

    def _configuration(self, given: Mapping[str, Any], trial_id: int) -> Configuration:
        space, rows = self._problem.space, self._problem.rows
        problem = ""
        if type(given) is not Configuration and not isinstance(given, Mapping):
            problem = f"it is {given!r}, which is no mapping"
        elif len(given) != len(space):  # with as many, an unknown name is in the place of one that is missing
            missing = [name for name in space if name not in given]
            unknown = [name for name in given if name not in space]
            problem = (
                f"it lacks {', '.join(missing)}" if missing else f"the space has no {', '.join(map(str, unknown))}"
            )
        else:
            try:
                configuration = space.complete(given)
            except ConfigurationError as error:
                problem = str(error).rstrip(".")
            else:
                if rows is None or rows.index_of(configuration) is not None:
                    return configuration
                problem = f"{dict(configuration)} is not among the allowed rows"
        raise ComponentError(
            f"Trial {trial_id} cannot start with the configuration that was suggested: {problem}. It comes from the "
            f"{described(self._scheduler.searcher)} or the {described(self._scheduler)}.",
            kind="searcher",
            name=self._scheduler.searcher.name,
            origin=described(self._scheduler.searcher),
            method="suggest",
            trial_id=trial_id,
        )

    def _check_checkpoint(self, checkpoint: Checkpoint, trial_id: int) -> None:
        if not isinstance(checkpoint, Checkpoint):
            raise self._refusal("suggest", trial_id, f"gives {checkpoint!r} as checkpoint_of, which is no Checkpoint")
        self._check_need("copy", "suggest", trial_id, "starts a trial from the checkpoint of another")
        other = self._trial(checkpoint.trial_id)
        if other is None:
            raise self._refusal("suggest", trial_id, f"copies {checkpoint}, {_what_is(other)}")
        if not _is_whole(checkpoint.resource) or not 1 <= checkpoint.resource <= other.reached:
            raise self._refusal("suggest", trial_id, f"copies {checkpoint}, and that trial has come to {other.reached}")
        self.check_counting(trial_id, has_checkpoint=True)

    def _check_until(self, until: int | None, reached: int, trial_id: int) -> None:
        if until is None:
            return
        self._check_need("pause", "suggest", trial_id, "sends a trial to a resource where it pauses")
        if not _is_whole(until) or until <= reached:
            raise self._refusal(
                "suggest",
                trial_id,
                f"gives until={until!r}: a whole number above {reached}, where the trial is, is needed",
            )
        maximum = self._problem.max_resource
        if maximum is not None and until > maximum:
            raise self._refusal("suggest", trial_id, f"gives until={until}, above max_resource={maximum}")

    def _note(self, note: Note, trial_id: int) -> Note:
        """The note as it is read back from a record: a copy, so that nobody changes it."""
        try:
            return read_only_note(note)
        except ValueError as error:
            raise self._refusal("suggest", trial_id, f"gives a note that {error}") from error

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

    def _trial(self, trial_id: Any) -> Trial | None:
        trials = self._state.trials
        return trials[trial_id] if _is_whole(trial_id) and 0 <= trial_id < len(trials) else None

    def _check_need(self, need: str, method: str, trial_id: int, what: str) -> None:
        if need not in self._scheduler.needs:
            raise self._refusal(method, trial_id, f"{what}, and does not declare that it needs '{need}'")

    def _refusal(self, method: str, trial_id: int | None, problem: str) -> ComponentError:
        return broken_rule(self._scheduler, method, trial_id, problem)


def check_parts(scheduler: Scheduler, backend: Backend) -> None:
    """Refuse components that do not go together.

    Raises:
        ConfigurationError: If the scheduler needs what the backend cannot do, or the problem has more metrics than
            scheduler or searcher use.
    """
    lacking = scheduler.needs - backend.capabilities
    if lacking:
        raise ConfigurationError(
            f"The scheduler '{scheduler.name}' needs a backend that can {' and '.join(sorted(lacking))}; "
            f"'{backend.name}' cannot. Use a backend that can, or a scheduler that does without: "
            "`python -m tunekit plugins scheduler` lists what is installed.",
            option="backend",
            value=backend.name,
        )
    metrics = scheduler.problem.objective.metric
    for kind, component in (("scheduler", scheduler), ("searcher", scheduler.searcher)):
        if len(metrics) > 1 and component.objectives == "one":
            raise ConfigurationError(
                f"{kind}={component.name} uses one metric, and the problem has {len(metrics)}: {', '.join(metrics)}. "
                f"Name one metric, or use a {kind} that takes several, such as "
                f"{kind}={'fifo' if kind == 'scheduler' else 'random'}.",
                option=kind,
                value=component.name,
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _what_is(trial: Trial | None) -> str:
    return "which does not exist" if trial is None else f"which is {trial.status.value.lower()}"
