"""Fields of events as they are read back from JSON: each is of its type, or it is said what it has to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Note, Status
from tunekit_core.engine.steering import Kind
from tunekit_core.read_only import read_only
from tunekit_core.space import Configuration

DECISIONS = {decision.value: decision for decision in Decision}
STATUSES = {status.value: status for status in (Status.COMPLETED, Status.FAILED)}
BEYOND_FLOAT = 2**1023  # a whole number may be larger than any float
CAUSES = {cause.value: cause for cause in Cause}

KINDS = {kind.value: kind for kind in Kind}


class UnfitField(ValueError):
    """A value that a field cannot have; the message is what it can."""


def _refuse(needed: str) -> NoReturn:
    raise UnfitField(needed)


def _from_0(value: Any) -> int:
    return value if type(value) is int and value >= 0 else _refuse("a whole number from 0 on")


def _from_1(value: Any) -> int:
    return value if type(value) is int and value >= 1 else _refuse("a whole number from 1 on")


def _until(value: Any) -> int | None:
    return value if value is None or (type(value) is int and value >= 1) else _refuse("a whole number from 1 on, null")


def _number(value: Any) -> float:
    if type(value) is float or (type(value) is int and abs(value) < BEYOND_FLOAT):
        return value
    _refuse("a number")


def _cost(value: Any) -> float | None:
    return None if value is None else _number(value)


def _text(value: Any) -> str:
    return value if type(value) is str else _refuse("text")


def _flag(value: Any) -> bool:
    return value if type(value) is bool else _refuse("true, false")


def _mapping(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else _refuse("an object")


def _mapping_or_null(value: Any) -> dict[str, Any] | None:
    return value if value is None or type(value) is dict else _refuse("an object, null")


def configuration_of(value: Any) -> Configuration:
    """A configuration as it is read back from JSON."""
    return Configuration({name: _value(each) for name, each in _mapping(value).items()})


def _value(value: Any) -> Any:
    """A value of a hyperparameter: a list is a tuple there."""
    return tuple(value) if type(value) is list else value


def _note(value: Any) -> Note:
    note: Note = read_only(_mapping(value))
    return note


def _checkpoint(value: Any) -> Checkpoint | None:
    if value is None:
        return None
    if type(value) is not dict or value.keys() != {"trial_id", "resource"}:
        _refuse("an object with trial_id and resource, null")
    return Checkpoint(_from_0(value["trial_id"]), _from_0(value["resource"]))


def _decision(value: Any) -> Decision:
    return DECISIONS[value] if type(value) is str and value in DECISIONS else _refuse(", ".join(DECISIONS))


def _status(value: Any) -> Status:
    return STATUSES[value] if type(value) is str and value in STATUSES else _refuse(", ".join(STATUSES))


def _cause(value: Any) -> Cause:
    return CAUSES[value] if type(value) is str and value in CAUSES else _refuse(", ".join(CAUSES))


def _kind(value: Any) -> Kind:
    return KINDS[value] if type(value) is str and value in KINDS else _refuse(", ".join(KINDS))


READ: Mapping[str, Callable[[Any], Any]] = {
    "format": _from_1,
    "n": _from_1,
    "trial_id": _from_0,
    "run": _from_0,
    "until": _until,
    "time": _number,
    "cost": _cost,
    "metrics": _mapping,
    "configuration": configuration_of,
    "note": _note,
    "checkpoint_of": _checkpoint,
    "decision": _decision,
    "status": _status,
    "cause": _cause,
    "kind": _kind,
    "given": _mapping,
    "nonce": _text,
    "reason": _text,
    "message": _text,
    "name": _text,
    "place": _text,
    "has_checkpoint": _flag,
    "is_beyond": _flag,
}
"""What reads a field of that name, of any kind of event."""

READ_AT_END: Mapping[str, Callable[[Any], Any]] = {**READ, "metrics": _mapping_or_null}
"""The same for the end of a run."""
