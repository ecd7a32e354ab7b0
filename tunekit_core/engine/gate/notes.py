"""Notes are kept as they are read back from a record."""

from __future__ import annotations

import json
from typing import Any

from tunekit_core.contracts.trials import NO_NOTE, Note
from tunekit_core.errors import shown
from tunekit_core.read_only import MAX_DEPTH, ReadOnlyList, read_only

TOO_DEEP = f"is nested more than {MAX_DEPTH} deep"


def read_only_note(note: Note) -> Note:
    """A note as it is read back from a record: a copy, so that nobody changes it afterwards.

    Raises:
        ValueError: If JSON changes it or cannot hold it; the message goes on from "a note that".
    """
    if note is NO_NOTE:  # as it is most of the time
        return note
    if not isinstance(note, dict):
        raise ValueError(f"is {shown(note)}, which is no dict")
    try:
        again = json.loads(json.dumps(note))
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"JSON cannot hold: {error}") from error
    change = _first_change(note, again, "note", 1)
    if change:
        raise ValueError(f"JSON changes: {change}")
    kept: Note = read_only(again)
    return kept


def _first_change(given: Any, again: Any, path: str, depth: int) -> str:
    """Where a value differs from what JSON made of it, and how; empty if it does not.

    Raises:
        ValueError: If it is nested too deep.
    """
    if isinstance(given, dict | list) and depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    if isinstance(given, dict) and isinstance(again, dict):
        if list(given) != list(again):
            return f"the keys of {path} are {list(given)!r}, and only text can be a key"
        parts = ((given[key], again[key], f"{path}[{key!r}]") for key in given)
        return next(filter(None, (_first_change(*part, depth + 1) for part in parts)), "")
    if type(given) is not type(again) and type(given) is not ReadOnlyList:
        return f"{path} is {given!r} of type {type(given).__name__}, and would be {again!r}"
    if isinstance(given, list):
        changes = (
            _first_change(a, b, f"{path}[{i}]", depth + 1) for i, (a, b) in enumerate(zip(given, again, strict=True))
        )
        return next(filter(None, changes), "")
    return "" if given == again or given != given else f"{path} is {given!r}, and would be {again!r}"
