"""What is told of thousands of things, column by column: what all have is written once, what few have by number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tunekit.console import harmless
from tunekit_core.json_text import as_json
from tunekit_core.known_secrets import redacted

DIGITS = 6
LARGEST_WHOLE = 2**53  # beyond, numbers of a browser lose digits
MOST_KINDS = 4  # times as many entries as kinds of them: then kinds are written once


def column(entries: Sequence[Any], of_kind: Callable[[Any], Any] = lambda entry: entry) -> Any:
    """A column in the shortest of three forms, which the page tells apart by their keys.

    Args:
        entries: Values that can be keys of a mapping. Of numbers that are equal, such as 1 and 1.0, one is kept.
        of_kind: Makes a value of JSON of an entry, once for those that are the same.

    Returns:
        ``{"all": entry}``, ``{"kinds": [entry, …], "of": [number, …]}``, or ``{"each": [entry, …]}``.

    >>> column(["a", "a"]), column([1, 2])
    ({'all': 'a'}, {'each': [1, 2]})
    """
    places: dict[Any, int] = {}
    of = [places.setdefault(entry, len(places)) for entry in entries]
    kinds = [of_kind(entry) for entry in places]
    if len(kinds) == 1:
        return {"all": kinds[0]}
    if len(kinds) * MOST_KINDS > len(entries):
        return {"each": [kinds[place] for place in of]}
    return {"kinds": kinds, "of": of}


def cell(value: Any) -> Any:
    """A value as the page shows it: a number of six digits, or text."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int) and abs(value) < LARGEST_WHOLE:
        return value
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else str(float(value))
    return text(value if isinstance(value, str) else as_json(value))


def text(value: object) -> str:
    """Text as it is shown to people: secrets masked, and nothing that is not seen, such as what turns a line round."""
    masked = redacted(str(value))
    return masked if masked.isprintable() else harmless(masked)


def shown(value: Any) -> Any:
    """A value of JSON with all of its texts as they are shown."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {text(key): shown(entry) for key, entry in value.items()}
    return [shown(entry) for entry in value] if isinstance(value, list | tuple) else value
