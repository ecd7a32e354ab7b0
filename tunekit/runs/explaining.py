"""What was decided on a trial, and by what: its events are applied again, and the scheduler is asked after each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from tunekit.config.schema import METHOD_PARTS
from tunekit.config.specs.components import REVISION, split_options
from tunekit.config.specs.points import complete_points
from tunekit.config.specs.run_spec import RunSpec
from tunekit.results.going_on import is_of_tune
from tunekit.runs.building import build_scheduler, build_scheduler_for, build_tuner
from tunekit.runs.recorded import recorded_run_to_read
from tunekit_core.contracts.backends import TrialEnded
from tunekit_core.contracts.schedulers import ExplainsDecisions, Scheduler, Standing
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Status
from tunekit_core.engine.events import Decided, Recorded, Restarted, Resumed, Started, Stopped, UnusableReport
from tunekit_core.engine.fold import Fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ConfigurationError, RecordError
from tunekit_core.plugins.registry import registry
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.files import EVENTS, RESULTS
from tunekit_core.records.foreign_files import content_of
from tunekit_core.records.lock import is_locked
from tunekit_core.records.so_far import problem_of

OfATrial: TypeAlias = Started | Resumed | Decided | Stopped | Restarted | TrialEnded | UnusableReport


@attrs.frozen
class Step:
    """Something that happened to a trial.

    Attributes:
        time: Seconds since the experiment began.
        event: What happened.
        resource: The resource that the trial had come to; 0 before its first report.
        values: What it had reported there last, by metric; empty before its first report.
        status: What the trial was after it.
        reason: Why it failed, for people; empty if it has not.
        standing: Where it stood among others, if that was decided by.
        begins_again: Whether it is resumed without a checkpoint: what it had come to is trained again.
        is_proposed: Whether it starts since somebody asked to try it: then the scheduler has set it no resource to run
            to, and decides as it reports.
    """

    time: float
    event: OfATrial
    resource: int
    values: Mapping[str, Any]
    status: Status
    reason: str
    standing: Standing | None
    begins_again: bool = False
    is_proposed: bool = False


@attrs.frozen
class Explanation:
    """What was decided on a trial.

    Attributes:
        scheduler: Name of the scheduler.
        configuration: Of the trial.
        steps: What happened to it, in order.
        standing: Where it stands in the end, if it is not over.
        status: What it is in the end.
        time: When the record ends, in seconds since the experiment began.
        can_explain: Whether the scheduler says by what it decides.
    """

    scheduler: str
    configuration: Mapping[str, Any]
    steps: tuple[Step, ...]
    standing: Standing | None
    status: Status
    time: float
    can_explain: bool


def explain(folder: Path, metadata: Mapping[str, Any], trial_id: int) -> Explanation:
    """What was decided on a trial of an experiment, and by what.

    Simulated experiments keep no record of events: such a one is run again, in a temporary folder, and has to come to
    the same results.

    Args:
        folder: Of the experiment.
        metadata: Its ``metadata.json``.
        trial_id: The trial.

    Raises:
        TunekitError: If there is no such trial, the experiment cannot be rebuilt, or it comes to something else.
    """
    spec = None if is_of_tune(metadata) else recorded_run_to_read(folder, metadata)
    scheduler = _scheduler_of_tune(folder, metadata) if spec is None else build_scheduler(spec)
    state = ExperimentState(scheduler.problem, scheduler)
    asked = scheduler if isinstance(scheduler, ExplainsDecisions) else None
    folding, follower = Fold(state), _Follower(trial_id, state, asked)
    is_complete = metadata["status"] == ExperimentStatus.COMPLETED.value
    with _events(folder, spec, is_complete=is_complete) as events:
        for event in events:
            folding.add(event)
            follower.note(event)
    folding.finish()
    if trial_id >= state.n_started:
        last = f"its trials are 0 to {state.n_started - 1}" if state.n_started else "it has no trial"
        raise ConfigurationError(f"{folder} has no trial {trial_id}: {last}.", option="TRIAL", value=trial_id)
    trial = state.trials[trial_id]
    standing = None if asked is None or trial.status.final else asked.standing(trial_id)
    return Explanation(
        scheduler.name,
        trial.configuration,
        tuple(follower.steps),
        standing,
        trial.status,
        state.now,
        can_explain=asked is not None,
    )


def _scheduler_of_tune(folder: Path, metadata: Mapping[str, Any]) -> Scheduler:
    """The scheduler of an experiment of ``tune()``, from what is recorded: it does not need the function.

    Raises:
        TunekitError: If it is not installed, or another revision of it is.
    """
    config = metadata["config"]
    for kind in METHOD_PARTS:
        name, _ = split_options(config[kind])
        now, then = registry().find(kind, name).factory.revision, config[kind][REVISION]
        if now != then:
            raise RecordError(
                f"{folder} cannot be explained: its {kind} {config[kind]['name']} is of revision {now} now, and was of "
                f"revision {then}, which may have decided otherwise. Install the versions that made it, which are in "
                "its metadata.json."
            )
    problem = problem_of(folder, metadata)
    points = config["points_to_evaluate"]
    given: Any = complete_points(problem.space, [{}] if points is None else points)
    return build_scheduler_for(attrs.evolve(problem, points_to_evaluate=given), config)


@contextmanager
def _events(folder: Path, spec: RunSpec | None, *, is_complete: bool) -> Iterator[Iterator[Recorded]]:
    """The events of an experiment, recorded or made again.

    Args:
        folder: Of the experiment.
        spec: The run; ``None`` where it cannot be made again.
        is_complete: Whether it came to its end.
    """
    if (folder / EVENTS).exists():
        yield EventFile(folder / EVENTS).read()
        return
    if spec is None or spec.can_restore:
        raise RecordError(f"{folder} has lost its {EVENTS}, by which decisions are explained.")
    if is_locked(folder):
        raise RecordError(f"{folder} is run now; simulated experiments are explained when they have ended.")
    if not is_complete:
        raise RecordError(
            f"{folder} did not come to its end: simulated experiments keep no record, and are explained when they are "
            "complete. Type the command that made it again."
        )
    with tempfile.TemporaryDirectory(prefix="tunekit-explain-") as temporary:
        again = Path(temporary) / folder.name
        build_tuner(spec, ExperimentRecord(again, keep_events=True)).run()
        try:
            before = content_of(folder / RESULTS)
        except OSError as error:
            raise RecordError(f"{folder / RESULTS} cannot be read: {error}") from error
        if (again / RESULTS).read_bytes() != before:
            raise RecordError(
                f"{folder} cannot be explained: simulated experiments keep no record of decisions, and run again it "
                "comes to other results. The versions that made it are in its metadata.json."
            )
        yield EventFile(again / EVENTS).read()


class _Follower:
    """Follows one trial while events are applied."""

    def __init__(self, trial_id: int, state: ExperimentState, asked: ExplainsDecisions | None) -> None:
        self.steps: list[Step] = []
        self._trial_id = trial_id
        self._state = state
        self._asked = asked
        self._reached = 0  # when it was last decided on
        self._n_proposed = 0  # configurations that had been asked for and had not begun, before the last event

    def note(self, event: Recorded) -> None:
        """An event has been applied."""
        is_proposed = isinstance(event, Started) and len(self._state.requested.proposed) < self._n_proposed
        self._n_proposed = len(self._state.requested.proposed)
        if not isinstance(event, OfATrial) or event.trial_id != self._trial_id:
            return
        trial = self._state.trials[self._trial_id]
        report = trial.last_report
        if isinstance(event, Decided):
            assert report is not None
            time = report.time
        else:
            time = event.time
        failure = self._state.newest_failure if trial.status is Status.FAILED else None
        self.steps.append(
            Step(
                time,
                event,
                0 if report is None else report.resource,
                {} if report is None else report.metrics,
                trial.status,
                "" if failure is None else failure.reason,
                self._standing(event),
                begins_again=isinstance(event, Resumed) and not trial.has_checkpoint,
                is_proposed=is_proposed,
            )
        )
        if isinstance(event, Decided):
            self._reached = trial.reached

    def _standing(self, event: OfATrial) -> Standing | None:
        """Where the trial stands, if the event follows from that: it goes on, or has come to where it is compared."""
        if self._asked is None or not isinstance(event, Decided | Resumed):
            return None
        standing = self._asked.standing(self._trial_id)
        is_compared_now = standing is not None and standing.level > self._reached
        return standing if is_compared_now or isinstance(event, Resumed) else None
