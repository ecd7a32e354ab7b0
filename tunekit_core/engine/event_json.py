"""Events as JSON objects: the kind as ``event``, and the fields of the class in their order.

The first of a record is ``{"event": "tuner_started", "format": 2, "time": 0.0}``; another of that kind follows wherever
a process that died was succeeded by another. Numbers that are not finite are written as ``NaN`` and ``Infinity``, as
Python's ``json`` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from tunekit_core.contracts.backends import Cause, TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.trials import Checkpoint, Decision, Report, Status
from tunekit_core.engine.events import (
    Anomaly,
    CriterionMet,
    Decided,
    Happened,
    LateReport,
    Recorded,
    Restarted,
    Resumed,
    Started,
    Stopped,
    TunerStarted,
    UnusableReport,
    Workers,
)
from tunekit_core.errors import RecordError
from tunekit_core.read_only import read_only
from tunekit_core.space import Configuration

RECORD_FORMAT = 2

KINDS: Mapping[type[Any], str] = {
    TunerStarted: "tuner_started",
    Workers: "workers",
    Started: "start",
    Resumed: "resume",
    Stopped: "stop",
    TrialPlaced: "placed",
    Report: "report",
    Decided: "decision",
    LateReport: "late",
    UnusableReport: "unusable",
    Restarted: "restarted",
    TrialEnded: "ended",
    CriterionMet: "criterion",
    Anomaly: "anomaly",
}
_MESSAGE = ("trial_id", "run", "metrics", "time")
_FIELDS: Mapping[type[Any], tuple[str, ...]] = {
    **{event: tuple(field.name for field in attrs.fields(event)) for event in KINDS if event is not Report},
    Report: _MESSAGE,
    UnusableReport: _MESSAGE,
}
_CLASSES: Mapping[str, type[Any]] = {**{kind: event for event, kind in KINDS.items()}, "report": TrialReported}
_PLAIN: Mapping[type[Any], Callable[[Any], Any]] = {
    Decision: lambda decision: decision.value,
    Status: lambda status: status.value,
    Cause: lambda cause: cause.value,
    Checkpoint: attrs.asdict,
    MappingProxyType: dict,
}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "decision": Decision,
    "status": Status,
    "cause": Cause,
    "checkpoint_of": lambda fields: None if fields is None else Checkpoint(**fields),
    "configuration": Configuration,
    "note": read_only,
}


def to_json(event: Happened) -> dict[str, Any]:
    """The JSON object of an event, in plain values."""
    record: dict[str, Any] = {"event": KINDS[type(event)]}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        record[name] = _PLAIN[type(value)](value) if type(value) in _PLAIN else value
    return record


def from_json(record: Any) -> Recorded:
    """The event that :func:`to_json` wrote.

    Raises:
        RecordError: If it is no event: the kind is not known, or a field is missing, unknown or of another form.
    """
    try:
        event_class = _CLASSES[record["event"]]
        values = {name: _READ.get(name, _same)(value) for name, value in record.items() if name != "event"}
        event: Recorded = event_class(**values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"is no event: {record!r}") from error
    return event


def kind_of(event: Happened | Recorded) -> str:
    """The kind of an event, as a record says it."""
    return "report" if isinstance(event, TrialReported) else KINDS[type(event)]


def _same(value: Any) -> Any:
    return value
