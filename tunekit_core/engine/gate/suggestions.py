"""What a scheduler suggests: its configurations, targets, checkpoints and notes; and what its searcher recommends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Checkpoint, Note, Resume, Start, Status, Stop, Suggestion, Trial
from tunekit_core.engine.gate.culprits import broken_rule, described
from tunekit_core.engine.gate.notes import read_only_note
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ComponentError, ConfigurationError, shown
from tunekit_core.space import Configuration


class SuggestionGate:
    """Checks what a scheduler suggests against its contract and the state.

    Args:
        state: The state of the experiment.
    """

    def __init__(self, state: ExperimentState) -> None:
        self._state = state
        self._problem = state.problem
        self._scheduler = state.scheduler

    def check(self, suggestion: Suggestion | None) -> Suggestion | None:
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
        raise self._refusal(None, f"returned {suggestion!r}, which is no Start, Resume, Stop or None")

    def proposed(self, given: Mapping[str, Any]) -> Configuration:
        """A configuration that somebody asks to try; what it lacks is the value in the middle of its domain.

        Raises:
            ConfigurationError: If it is not in the space, or not among the allowed rows.
        """
        configuration = self._problem.space.complete(given)
        rows = self._problem.rows
        if rows is not None and rows.index_of(configuration) is None:
            raise ConfigurationError(f"{dict(configuration)} is not among the allowed rows.", option="configuration")
        return configuration

    def recommended(self, trial_id: int | None) -> Trial | None:
        """The trial that a searcher recommends.

        Raises:
            ComponentError: If it was not started, or has failed.
        """
        if trial_id is None:
            return None
        trial = self._state.find(trial_id)
        if trial is None or trial.status is Status.FAILED:
            problem = f"recommends the trial {shown(trial_id)}, {what_is(trial)}"
            raise broken_rule(self._scheduler.searcher, "recommended_trial", None, problem)
        return trial

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
        note = self._note(start.note, trial_id)
        if configuration is start.configuration and note is start.note:
            return start
        return Start(configuration, start.until, checkpoint, note)

    def _resume(self, resume: Resume) -> Resume:
        trial = self._state.find(resume.trial_id)
        if trial is None or trial.status is not Status.PAUSED:
            raise self._refusal(None, f"resumes the trial {resume.trial_id!r}, {what_is(trial)}")
        self._check_need("pause", trial.id, "resumes a trial")
        self._check_until(resume.until, trial.reached, trial.id)
        self.check_counting(trial.id, has_checkpoint=trial.has_checkpoint)
        note = self._note(resume.note, trial.id)
        return resume if note is resume.note else Resume(trial.id, resume.until, note)

    def _stop(self, stop: Stop) -> Stop:
        trial = self._state.find(stop.trial_id)
        if trial is None or trial.status.final:
            raise self._refusal(None, f"stops the trial {stop.trial_id!r}, {what_is(trial)}")
        if trial.id in self._state.endings:
            raise self._refusal(trial.id, "stops a trial whose end was decided already")
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
            raise self._refusal(trial_id, f"gives {checkpoint!r} as checkpoint_of, which is no Checkpoint")
        self._check_need("copy", trial_id, "starts a trial from the checkpoint of another")
        other = self._state.find(checkpoint.trial_id)
        if other is None:
            raise self._refusal(trial_id, f"copies {checkpoint}, {what_is(other)}")
        if not _is_whole(checkpoint.resource) or not 1 <= checkpoint.resource <= other.reached:
            raise self._refusal(trial_id, f"copies {checkpoint}, and that trial has come to {other.reached}")
        self.check_counting(trial_id, has_checkpoint=True)

    def _check_until(self, until: int | None, reached: int, trial_id: int) -> None:
        if until is None:
            return
        self._check_need("pause", trial_id, "sends a trial to a resource where it pauses")
        if not _is_whole(until) or until <= reached:
            raise self._refusal(
                trial_id,
                f"gives until={until!r}: a whole number above {reached}, where the trial is, is needed",
            )
        maximum = self._problem.max_resource
        if maximum is not None and until > maximum:
            raise self._refusal(trial_id, f"gives until={until}, above max_resource={maximum}")

    def _note(self, note: Note, trial_id: int) -> Note:
        """The note as it is read back from a record: a copy, so that nobody changes it."""
        try:
            return read_only_note(note)
        except ValueError as error:
            raise self._refusal(trial_id, f"gives a note that {error}") from error

    def _check_need(self, need: str, trial_id: int, what: str) -> None:
        if need not in self._scheduler.needs:
            raise undeclared(self._scheduler, need, "suggest", trial_id, what)

    def _refusal(self, trial_id: int | None, problem: str) -> ComponentError:
        return broken_rule(self._scheduler, "suggest", trial_id, problem)


def undeclared(scheduler: Scheduler, need: str, method: str, trial_id: int, what: str) -> ComponentError:
    """The error of a scheduler that does what it does not declare to need."""
    return broken_rule(scheduler, method, trial_id, f"{what}, and does not declare that it needs '{need}'")


def what_is(trial: Trial | None) -> str:
    """What is the matter with a trial, as the end of a sentence about it."""
    return "which does not exist" if trial is None else f"which is {trial.status.value.lower()}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
