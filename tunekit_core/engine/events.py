"""The events of an experiment: what is recorded, applied to its state, and read back from the record.

Each is written before it is acted on, see :mod:`tunekit_core.engine.event_json`.

=============  =======================  ==========================================================================
kind           class                    what happened
=============  =======================  ==========================================================================
tuner_started  :class:`TunerStarted`    a process began, or went on where another had died
workers        :class:`Workers`         so many trials may run at the same time from now on
start          :class:`Started`         a trial starts
resume         :class:`Resumed`         a paused trial runs again
stop           :class:`Stopped`         the scheduler ends a trial that has not just reported
placed         :class:`TrialPlaced`     a trial that was queued runs
report         :class:`Report`          a trial reported, and the scheduler was shown it
decision       :class:`Decided`         the decision on the report before
late           :class:`LateReport`      a trial reported what the scheduler is not shown
unusable       :class:`UnusableReport`  a trial reported what cannot be used: it fails
restarted      :class:`Restarted`       a run was lost or has failed, and the trial is begun again
ended          :class:`TrialEnded`      a trial runs no longer; the status is the backend's
criterion      :class:`CriterionMet`    a criterion ends the experiment
steered        :class:`Steered`         what somebody asked of the experiment is done
anomaly        :class:`Anomaly`         the backend said what makes no sense; nothing follows from it
=============  =======================  ==========================================================================

A report is written as it came, without what is derived from it. So it is read back as the message of a backend,
:class:`TrialReported`, and the state reads that as it does live.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from tunekit_core.contracts.backends import TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Note, Report, Resume, Start
from tunekit_core.engine.steering import Kind
from tunekit_core.space import Configuration

UNUSABLE = "it reported what cannot be used"  # what exactly was said when it did


@attrs.frozen
class TunerStarted:
    """A process began, or went on where another had died.

    Attributes:
        format: Of the record.
        time: Where the clock of the experiment stood, in seconds.
    """

    format: int
    time: float


@attrs.frozen
class Workers:
    """So many trials may run at the same time from now on.

    Attributes:
        n: How many.
        time: When, in seconds since the experiment began.
    """

    n: int
    time: float


@attrs.define  # not frozen, for speed alone, as those below: there is one for every run, or for every report
class Started:
    """A trial starts.

    Attributes:
        trial_id: Which.
        configuration: A value for every entry of the search space.
        until: As in :class:`~tunekit_core.Start`.
        checkpoint_of: As there.
        note: As there.
        time: When, in seconds since the experiment began.
    """

    trial_id: int
    configuration: Configuration
    until: int | None
    checkpoint_of: Checkpoint | None
    note: Note
    time: float

    @classmethod
    def of(cls, trial_id: int, start: Start, time: float) -> Started:
        """What a scheduler suggested is started."""
        given = start.configuration
        configuration = given if isinstance(given, Configuration) else Configuration(given)
        return cls(trial_id, configuration, start.until, start.checkpoint_of, start.note, time)


@attrs.define
class Resumed:
    """A paused trial runs again.

    Attributes:
        trial_id: Which.
        until: As in :class:`~tunekit_core.Resume`.
        note: As there.
        time: When, in seconds since the experiment began.
    """

    trial_id: int
    until: int | None
    note: Note
    time: float

    @classmethod
    def of(cls, resume: Resume, time: float) -> Resumed:
        """What a scheduler suggested is resumed."""
        return cls(resume.trial_id, resume.until, resume.note, time)


@attrs.frozen
class Stopped:
    """The scheduler ends a trial that has not just reported.

    Attributes:
        trial_id: Which.
        time: When, in seconds since the experiment began.
    """

    trial_id: int
    time: float


@attrs.define
class Decided:
    """What the scheduler decided on the last report of a trial.

    Attributes:
        trial_id: Which.
        decision: What.
    """

    trial_id: int
    decision: Decision


@attrs.frozen
class LateReport:
    """A trial reported what the scheduler is not shown: its end was decided, or it has been further already.

    Attributes:
        trial_id: Which.
        run: Which run of it.
        metrics: What it reported.
        time: When, in seconds since the experiment began.
        is_beyond: Whether it was made at the last resource once more, or beyond that: the trial is ended.
    """

    trial_id: int
    run: int
    metrics: Mapping[str, Any]
    time: float
    is_beyond: bool = False


@attrs.frozen
class UnusableReport:
    """A trial reported what cannot be used, such as a report without the objective: it fails.

    Attributes:
        trial_id: Which.
        run: Which run of it.
        metrics: What it reported.
        time: When, in seconds since the experiment began.
        reason: What is wrong, for people; not written.
    """

    trial_id: int
    run: int
    metrics: Mapping[str, Any]
    time: float
    reason: str = attrs.field(default=UNUSABLE, eq=False)


@attrs.frozen
class Restarted:
    """A run was lost or has failed, and the trial is begun again. The scheduler is not told: the trial still runs.

    Attributes:
        trial_id: Which.
        run: The number of the run that begins.
        cause: Why the run before ended.
        reason: Why, for people.
        time: When, in seconds since the experiment began.
    """

    trial_id: int
    run: int
    cause: Cause
    reason: str
    time: float


@attrs.frozen
class CriterionMet:
    """A criterion ends the experiment.

    Attributes:
        name: Which.
        reason: Why, for people.
        time: When, in seconds since the experiment began.
    """

    name: str
    reason: str
    time: float


@attrs.frozen
class Steered:
    """What somebody asked of the experiment is done.

    Attributes:
        nonce: What no other request has: none is carried out twice.
        kind: What was asked, see :class:`~tunekit_core.engine.steering.Kind`.
        given: What belonged to it, in values of JSON.
        time: When, in seconds since the experiment began.
    """

    nonce: str
    kind: Kind
    given: Mapping[str, Any]
    time: float


@attrs.frozen
class Anomaly:
    """The backend said what makes no sense, such as the end of a run that is over; nothing follows from it.

    Attributes:
        message: What it said.
        reason: What is wrong with it, for people.
        time: When, in seconds since the experiment began.
    """

    message: str
    reason: str
    time: float


_Both: TypeAlias = (
    TunerStarted
    | Workers
    | Started
    | Resumed
    | Stopped
    | TrialPlaced
    | Decided
    | LateReport
    | UnusableReport
    | Restarted
    | TrialEnded
    | CriterionMet
    | Steered
    | Anomaly
)
Happened: TypeAlias = _Both | Report
"""What is applied to a state and recorded."""

Recorded: TypeAlias = _Both | TrialReported
"""What is read back from a record."""
