"""The events of an experiment: what is recorded, applied to its state, and read back from the record.

Each is written before it is acted on. In a file an event is a JSON object with its kind as ``event`` and the fields of
its class in their order. The first line is ``{"event": "tuner_started", "format": 1, "time": 0.0}``; another such line
follows wherever a process that died was succeeded by another.

=============  =======================  ==========================================================================
kind           class                    what happened
=============  =======================  ==========================================================================
tuner_started  :class:`TunerStarted`    a process began, or went on where another had died
start          :class:`Started`         a trial starts
resume         :class:`Resumed`         a paused trial runs again
report         :class:`Report`          a trial reported, and the scheduler was shown it
decision       :class:`Decided`         the decision on the report before
late           :class:`LateReport`      a trial reported what the scheduler is not shown
unusable       :class:`UnusableReport`  a trial reported without the objective: it fails
ended          :class:`TrialEnded`      a trial runs no longer; the status is the backend's
criterion      :class:`CriterionMet`    a criterion ends the experiment
=============  =======================  ==========================================================================

A report is written as it came, without what is derived from it. So it is read back as the message of a backend,
:class:`TrialReported`, and the state reads that as it does live. Numbers that are not finite are written as ``NaN`` and
``Infinity``, as Python's ``json`` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.trials import Decision, Note, Report, Resume, Start, Status
from tunekit_core.errors import RecordError
from tunekit_core.space import Configuration

RECORD_FORMAT = 1
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
    checkpoint_of: int | None
    note: Note
    time: float

    @classmethod
    def of(cls, trial_id: int, start: Start, time: float) -> Started:
        """What a scheduler suggested is started."""
        return cls(trial_id, start.configuration, start.until, start.checkpoint_of, start.note, time)


@attrs.frozen
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


@attrs.define  # not frozen, for speed alone: there is one for every report
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
        metrics: What it reported.
        time: When, in seconds since the experiment began.
    """

    trial_id: int
    metrics: Mapping[str, Any]
    time: float


@attrs.frozen
class UnusableReport:
    """A trial reported without the objective or the resource: it fails.

    Attributes:
        trial_id: Which.
        metrics: What it reported.
        time: When, in seconds since the experiment began.
        reason: What is wrong, for people; not written.
    """

    trial_id: int
    metrics: Mapping[str, Any]
    time: float
    reason: str = attrs.field(default=UNUSABLE, eq=False)


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


Happened: TypeAlias = (
    TunerStarted | Started | Resumed | Report | Decided | LateReport | UnusableReport | TrialEnded | CriterionMet
)
"""What is applied to a state and recorded."""

Recorded: TypeAlias = (
    TunerStarted | Started | Resumed | TrialReported | Decided | LateReport | UnusableReport | TrialEnded | CriterionMet
)
"""What is read back from a record."""

KINDS: Mapping[type[Any], str] = {
    TunerStarted: "tuner_started",
    Started: "start",
    Resumed: "resume",
    Report: "report",
    Decided: "decision",
    LateReport: "late",
    UnusableReport: "unusable",
    TrialEnded: "ended",
    CriterionMet: "criterion",
}
_MESSAGE = ("trial_id", "metrics", "time")
_FIELDS: Mapping[type[Any], tuple[str, ...]] = {
    **{event: tuple(field.name for field in attrs.fields(event)) for event in KINDS},
    Report: _MESSAGE,
    UnusableReport: _MESSAGE,
}
_CLASSES: Mapping[str, type[Any]] = {**{kind: event for event, kind in KINDS.items()}, "report": TrialReported}
_ENUMERATIONS: Mapping[str, Callable[[Any], Any]] = {"decision": Decision, "status": Status}


def to_json(event: Happened) -> dict[str, Any]:
    """The JSON object of an event, in plain values."""
    return {"event": KINDS[type(event)], **{name: _plain(getattr(event, name)) for name in _FIELDS[type(event)]}}


def from_json(record: Any) -> Recorded:
    """The event that :func:`to_json` wrote.

    Raises:
        RecordError: If it is no event: the kind is not known, or a field is missing, unknown or of another form.
    """
    try:
        event_class = _CLASSES[record["event"]]
        values = {name: _ENUMERATIONS.get(name, _same)(value) for name, value in record.items() if name != "event"}
        event: Recorded = event_class(**values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"is no event: {record!r}") from error
    return event


def kind_of(event: Happened | Recorded) -> str:
    """The kind of an event, as a record says it."""
    return "report" if isinstance(event, TrialReported) else KINDS[type(event)]


def time_of(event: Recorded | Happened) -> float:
    """When it happened, in seconds since the experiment began; 0 for a decision, which follows its report at once."""
    return 0.0 if isinstance(event, Decided) else event.time


def _same(value: Any) -> Any:
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Decision | Status):
        return value.value
    return dict(value) if isinstance(value, Mapping) else value
