"""What ``metadata.json`` holds: the fields that are read, what each may be, and which an experiment must have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, OtherFormat, RecordError, shown

HASH, FORMERLY = "hash", "formerly"  # of the run that it is, and of those that it was
FILES_FORMAT = 3  # of the files; enters the hash of a run


def check_fields(path: Path, metadata: object) -> None:
    """Refuse what cannot be read as the metadata of an experiment.

    Args:
        path: The file, for the message.
        metadata: What it holds.

    Raises:
        RecordError: If it is no object, lacks a field or holds something else in one.
        OtherFormat: If it is of another format.
    """
    if not isinstance(metadata, dict):
        raise RecordError(f"{path} is damaged: it holds {shown(metadata)}, which is no object of JSON.")
    if type(metadata.get("format")) is int and metadata["format"] != FILES_FORMAT:
        raise OtherFormat(
            f"{path} is of format {shown(metadata['format'])}; this version reads format {FILES_FORMAT}. Read it with "
            "the version that wrote it."
        )
    for name, fits in _FIELDS.items():
        if name in metadata and not fits(metadata[name]):
            raise RecordError(f"{path} is damaged: {name} is {shown(metadata[name])}.")
    for name in _required(metadata):
        if name not in metadata:
            raise RecordError(f"{path} is damaged: it has no {name}.")


def _required(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    status = metadata.get("status")
    if status == ExperimentStatus.COMPLETED.value:
        return (*_BEGUN, *_ENDED, *_SUMMARISED)
    if "n_reports" in metadata:
        return (*_BEGUN, *_SUMMARISED)
    # One that failed before it began has no more than its status.
    has_begun = status != ExperimentStatus.FAILED.value or "incumbent" in metadata
    return _BEGUN if has_begun else _ALWAYS


def check_given(metadata: Mapping[str, Any]) -> None:
    """Refuse what somebody wants to be told of an experiment under a name whose values are of another kind.

    Raises:
        ConfigurationError: If a value would make the metadata unreadable.
    """
    for name, value in metadata.items():
        if name in _FIELDS and not _FIELDS[name](value):
            raise ConfigurationError(
                f"metadata: {name}={shown(value)} cannot be recorded under this name, which has another meaning in "
                "metadata.json. Take another name.",
                option=f"metadata.{name}",
                value=value,
            )


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _seconds(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e300  # beyond, JSON has whole numbers that no float is


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _failure(value: Any) -> bool:
    return _object(value) and _count(value.get("trial_id")) and _text(value.get("reason"))


def _incumbent(value: Any) -> bool:
    if not _object(value) or not _count(value.get("trial_id")) or not _number(value.get("resource")):
        return False
    metrics, configuration = value.get("metrics"), value.get("configuration")
    return _object(configuration) and _object(metrics) and bool(metrics) and all(map(_number, metrics.values()))


def _best_so_far(value: Any) -> bool:
    if not _object(value) or not (_finite_floats(value.get("time")) and _finite_floats(value.get("value"))):
        return False
    times: list[float] = value["time"]
    return len(times) == len(value["value"]) and times == sorted(times)


def _finite_floats(value: Any) -> bool:
    return isinstance(value, list) and {float}.issuperset(map(type, value)) and all(map(math.isfinite, value))


def _recommended(value: Any) -> bool:
    return value is None or (_object(value) and _count(value.get("trial_id")) and _object(value.get("configuration")))


def _cost(value: Any) -> bool:
    if not _object(value) or not (_text(value.get("unit")) and _text(value.get("basis"))):
        return False
    counts = ("n_runs", "n_unknown", "n_running")  # with the total at the end
    is_whole = _object(value.get("of_trials")) and all(_count(value.get(name)) for name in counts)
    return "total" not in value or (_number(value["total"]) and is_whole)


def _modes(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(each in ("min", "max") for each in value)


_COUNTS = ("n_started", "n_completed", "n_paused", "n_reports", "n_failed")
_STATUSES = tuple(status.value for status in ExperimentStatus)
_ALWAYS = ("status",)
_BEGUN = ("status", "format", "metric", "mode", "resource", "search_space")
_ENDED = ("reason",)
_SUMMARISED = ("time", *_COUNTS)  # what there is to say of an experiment is written together
_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "format": _count,
    "status": lambda value: value in _STATUSES,
    "metric": lambda value: _list_of(_text)(value) and bool(value),
    "mode": _modes,
    "constraint": _text_or_none,
    "resource": _text_or_none,
    "search_space": _list_of(_object),
    "reason": _text,
    "time": _seconds,
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(("n_stopped", "n_restarted", "n_anomalies"), _count),
    "n_dropped": _count,
    "n_incomplete": _count,
    "first_dropped": _text,
    "first_failure": _failure,
    "begins_anew": lambda value: isinstance(value, bool),
    "first_anomaly": _text,
    "failures": _list_of(_failure),
    "failed_trials": _list_of(_count),
    "incumbent": _incumbent,
    "best_of_failed": _incumbent,
    "best_so_far": _best_so_far,
    "recommended": _recommended,
    **dict.fromkeys(("versions", "set_aside"), lambda value: _object(value) and all(map(_text, value.values()))),
    "config": _object,
    "cost": _cost,
}
