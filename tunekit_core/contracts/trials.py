"""Values that cross the contracts: what is proposed, started, reported and decided."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import attrs

from tunekit_core.read_only import ReadOnlyDict
from tunekit_core.space import Configuration

JSON: TypeAlias = Any  # None, bool, int, float, str, and lists and dicts of them: survives a JSON round trip unchanged
Scalar: TypeAlias = "bool | int | float | str | None"
Note: TypeAlias = Mapping[str, JSON]


NO_NOTE: Note = ReadOnlyDict()
COST_ATTRIBUTE = "st_worker_cost"
"""What a trial has cost so far, where it reports that; in any unit, the same for all trials."""


class Decision(enum.Enum):
    """What happens to a trial after a report.

    Attributes:
        CONTINUE: The trial goes on. At its last resource this is the decision too: it then ends by itself.
        PAUSE: The trial stops and may be resumed.
        STOP: The trial stops for good.
    """

    CONTINUE = "CONTINUE"
    PAUSE = "PAUSE"
    STOP = "STOP"


class Status(enum.Enum):
    """Where a trial stands. The last three are final."""

    RUNNING = "Running"
    PAUSED = "Paused"
    COMPLETED = "Completed"
    STOPPED = "Stopped"
    FAILED = "Failed"

    @property
    def final(self) -> bool:
        """Whether the trial can never run again."""
        return self is not _RUNNING and self is not _PAUSED


_RUNNING, _PAUSED = Status.RUNNING, Status.PAUSED  # Python 3.11 takes as long to look them up as for a call


class Cause(enum.Enum):
    """Why a run of a trial ended, where it failed.

    Attributes:
        SCRIPT: What it ran has failed.
        INFRASTRUCTURE: What it ran on was lost. It is begun again, and does not count as a failure.
        LIMIT: It met a limit that was set for it, such as one of time.
    """

    SCRIPT = "script"
    INFRASTRUCTURE = "infrastructure"
    LIMIT = "limit"


@attrs.frozen
class Proposal:
    """A configuration that a searcher proposes.

    Attributes:
        configuration: A value for every entry of the search space, constants included.
        note: What the searcher wants to find again when the record is folded, such as what a fit found.
    """

    configuration: Mapping[str, Any]
    note: Note = NO_NOTE


@attrs.frozen
class PausedTrial:
    """A trial that waits to be resumed, as a searcher sees it that chooses among such trials.

    Attributes:
        trial_id: Which trial.
        resource: Where it was compared last.
        target: Where it would be compared next.
    """

    trial_id: int
    resource: int
    target: int


@attrs.frozen
class Promotion:
    """A paused trial that a searcher wants to go on.

    Attributes:
        trial_id: Which trial.
        note: What the searcher wants to find again when the record is folded.
    """

    trial_id: int
    note: Note = NO_NOTE


@attrs.frozen
class Checkpoint:
    """A named version of what a trial needs to go on.

    Attributes:
        trial_id: Whose.
        resource: How far that trial had come when it was written.
    """

    trial_id: int
    resource: int


@attrs.frozen
class Start:
    """Start a new trial.

    Attributes:
        configuration: A value for every entry of the search space.
        until: Run to this resource and pause there; ``None`` runs to the end.
        checkpoint_of: The checkpoint of another trial, from which the new one starts. A scheduler that gives one needs
            ``"copy"``.
        note: Kept with the trial and in the record.
    """

    configuration: Mapping[str, Any]
    until: int | None = None
    checkpoint_of: Checkpoint | None = None
    note: Note = NO_NOTE


@attrs.frozen
class Resume:
    """Resume a paused trial.

    Attributes:
        trial_id: The trial, which must be paused.
        until: Run to this resource, above what the trial has reached, and pause there; ``None`` runs to the end.
        note: Kept in the record.
    """

    trial_id: int
    until: int | None = None
    note: Note = NO_NOTE


@attrs.frozen
class Stop:
    """End a trial for good, and start nothing. The scheduler is asked again at once.

    A paused trial has ended with that. One that runs is asked to end and is ``is_ending`` until it has; its worker is
    not free before.

    Attributes:
        trial_id: A trial that is paused, or runs and is not ``is_ending``.
    """

    trial_id: int


Suggestion: TypeAlias = Start | Resume | Stop


class Report(NamedTuple):  # rather than an attrs class, for speed alone: there is one for every report
    """What a trial reported at one resource.

    Attributes:
        trial_id: Which trial.
        run: Which run of it, from 0.
        resource: How far the trial has come, at least 1, in the unit of the objective's resource.
        metrics: Everything that was reported, as it came. Read-only.
        losses: One per metric of the objective, lower is better; infinity for what was not finite.
        time: Seconds since the experiment began, on the backend's clock.
    """

    trial_id: int
    run: int
    resource: int
    metrics: Mapping[str, Any]
    losses: tuple[float, ...]
    time: float


@attrs.frozen(eq=False)
class Trial:
    """A configuration that is tried; keeps its id when it is paused and resumed.

    The engine alone changes it.

    Attributes:
        id: 0, 1, 2, … in the order of starting, never used twice.
        configuration: A value for every entry of the search space.
        note: The note of the :class:`Start`. Read-only.
        until: The resource that the trial was last sent to; ``None`` is the end.
        parent: The checkpoint that it started from.
        status: Where it stands.
        is_ending: Whether it runs and its end was decided: by a decision, a :class:`Stop`, or a report that cannot be
            used or was made beyond the last resource.
        last_report: The latest report that was shown to the scheduler.
        n_reports: How many reports were shown to the scheduler.
        n_runs: How often it was begun: started, resumed, and begun again after a run was lost.
        final_metrics: What it told at its end beyond its reports, if anything.
        failure_cause: Why it has failed, if it has: what a script does can be learnt, what befell its machine cannot.
        has_checkpoint: Whether it goes on from where it was if it is resumed, by what was found when it paused last.
    """

    id: int
    configuration: Configuration
    note: Note = NO_NOTE
    until: int | None = None
    parent: Checkpoint | None = None
    status: Status = Status.RUNNING
    is_ending: bool = False
    last_report: Report | None = None
    n_reports: int = 0
    n_runs: int = 1
    final_metrics: Mapping[str, Any] | None = None
    failure_cause: Cause | None = None
    has_checkpoint: bool = False

    @property
    def run(self) -> int:
        """Number of the current or last run, from 0."""
        return self.n_runs - 1

    @property
    def reached(self) -> int:
        """How far it has come, in the unit of the objective's resource; 0 before the first report."""
        if self.last_report is not None:
            return self.last_report.resource
        return 0 if self.parent is None else self.parent.resource
