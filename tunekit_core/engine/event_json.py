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

from tunekit_core.contracts.backends import TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Report, Status
from tunekit_core.engine.event_fields import READ, READ_AT_END, UnfitField
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
    Steered,
    Stopped,
    TunerStarted,
    UnusableReport,
    Workers,
)
from tunekit_core.engine.steering import Kind
from tunekit_core.errors import shown

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
    Steered: "steered",
    Anomaly: "anomaly",
}
_MESSAGE = ("trial_id", "run", "metrics", "time")
_FIELDS: Mapping[type[Any], tuple[str, ...]] = {
    **{event: tuple(field.name for field in attrs.fields(event)) for event in KINDS if event is not Report},
    Report: _MESSAGE,
    TrialReported: _MESSAGE,
    UnusableReport: _MESSAGE,
}
_CLASSES: Mapping[str, type[Any]] = {**{kind: event for event, kind in KINDS.items()}, "report": TrialReported}
_PLAIN: Mapping[type[Any], Callable[[Any], Any]] = {
    Decision: lambda decision: decision.value,
    Status: lambda status: status.value,
    Cause: lambda cause: cause.value,
    Kind: lambda kind: kind.value,
    Checkpoint: attrs.asdict,
    MappingProxyType: dict,
}
_READ: Mapping[str, tuple[type[Any], tuple[tuple[str, Callable[[Any], Any]], ...]]] = {
    kind: (event, tuple((name, (READ_AT_END if kind == "ended" else READ)[name]) for name in _FIELDS[event]))
    for kind, event in _CLASSES.items()
}


class NoEvent(ValueError):
    """What is read back and is no event; the message goes on from "a line"."""


def to_json(event: Happened) -> dict[str, Any]:
    """The JSON object of an event, in plain values."""
    record: dict[str, Any] = {"event": KINDS[type(event)]}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        record[name] = _PLAIN[type(value)](value) if type(value) in _PLAIN else value
    return record


def from_json(record: dict[str, Any]) -> Recorded:
    """The event that :func:`to_json` wrote.

    Raises:
        NoEvent: If it is none: the kind is not known, or a field is missing, unknown or of another type.
    """
    kind = record.get("event")
    if type(kind) is not str or kind not in _READ:
        raise NoEvent(f"is no event: none is of the kind {shown(kind)}.")
    event_class, fields = _READ[kind]
    try:
        values = [read(record[name]) for name, read in fields]
    except (KeyError, UnfitField, RecursionError) as error:
        raise NoEvent(f"is no event: {_what_is_wrong(kind, record)}.") from error
    if len(record) > len(fields) + 1:
        raise NoEvent(f"is no event: {_what_is_wrong(kind, record)}.")
    event: Recorded = event_class(*values)
    return event


def _what_is_wrong(kind: str, record: dict[str, Any]) -> str:
    _, fields = _READ[kind]
    expected, found = [name for name, _ in fields], [name for name in record if name != "event"]
    if {*expected} != {*found}:
        return f"'{kind}' has the fields {', '.join(expected)}, this has {', '.join(found) or 'none'}"
    for name, read in fields:
        try:
            read(record[name])
        except UnfitField as error:
            return f"'{kind}' with {name}={shown(record[name])}, where one of these is needed: {error}"
        except RecursionError:
            return f"'{kind}' with {name}={shown(record[name])}, which is nested too deep"
    raise AssertionError("all fields fit")


def kind_of(event: Happened | Recorded) -> str:
    """The kind of an event, as a record says it."""
    return "report" if isinstance(event, TrialReported) else KINDS[type(event)]
