"""Values as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

KNOWN = (bool, int, float, str, type(None))


def as_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON; NumPy's numbers are numbers there, and what JSON does not know is text, also as a key."""
    try:
        return json.dumps(value, indent=indent, default=_as_known)
    except TypeError:  # of a key
        return json.dumps(_with_known_keys(value), indent=indent, default=_as_known)


def finite(value: Any) -> Any:
    """A value for readers of JSON, which has neither infinity nor NaN: ``None`` in their places, however deep."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_known(value: Any) -> Any:
    known = value.item() if isinstance(value, np.generic) else value
    if isinstance(known, np.floating):
        return float(known)  # one with more digits than Python's, which item() leaves as it is
    return known if isinstance(known, KNOWN) else str(known)


def _with_known_keys(value: Any) -> Any:
    if isinstance(value, dict):
        items = ((key if isinstance(key, KNOWN) else str(key), each) for key, each in value.items())
        return {key: _with_known_keys(each) for key, each in items}
    return [_with_known_keys(each) for each in value] if isinstance(value, list | tuple) else value
