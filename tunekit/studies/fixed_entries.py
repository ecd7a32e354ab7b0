"""What the file of a comparison that was fixed beforehand may hold, entry by entry."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from tunekit.config.composition.combinations import MOST_RUNS
from tunekit.config.composition.until import MOST_SEEDS, When
from tunekit_core.errors import shown

ROUNDING = 1e-9  # relative; of two results of a test that differ, the probabilities differ by more


def check_entries(values: object) -> None:
    """Refuse what no such file holds.

    Args:
        values: What was read of JSON.

    Raises:
        ValueError: If it is no object, lacks an entry, or has one that no rule and no look could have.
    """
    if not isinstance(values, dict):
        raise ValueError(f"it holds {shown(values)}")
    for name, fits in _ENTRIES.items():
        if name not in values:
            raise ValueError(f"it has no {name}")
        if not fits(values[name]):
            raise ValueError(f"its {name} is {shown(values[name])}")
    cap = values["looks"][-1]
    n_looked = [look["n_seeds"] for look in values["taken"]]
    n_runs = {len(runs) for runs in values["runs"]}
    if {*n_runs, len(values["seeds"])} != {cap} or n_looked != values["looks"][: len(n_looked)]:
        raise ValueError("its numbers of seeds do not agree")
    if Fraction(values["error"]) * values["n_pairs"] > 1:
        raise ValueError(f"{values['n_pairs']} pairs cannot each have an error of {values['error']}")


def _different_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value) and len(set(value)) == len(value)


def _setups(value: Any) -> bool:
    return _different_texts(value) and len(value) == 2


def _runs(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_different_texts, value))


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _seeds(value: Any) -> bool:
    is_list = isinstance(value, list) and all(_is_whole(each) and each >= 0 for each in value)
    return is_list and len(set(value)) == len(value)


def _looks(value: Any) -> bool:
    if not _seeds(value) or not value or not 1 <= value[0] <= value[-1] <= MOST_SEEDS:
        return False
    return all(before < after for before, after in itertools.pairwise(value))


def _is_number(value: Any) -> bool:
    """Whether it is a number of 64 bits; JSON has whole numbers of any size, which no float holds."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _number_within(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and low <= value <= high


def _at(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"number", "unit"} or not _is_number(value["number"]):
        return False
    return When(float(value["number"]), str(value["unit"])).is_possible


def _taken(value: Any) -> bool:
    """Looks, of which the last alone may tell the two apart: none is taken after it."""
    if not isinstance(value, list) or not all(map(_look, value)):
        return False
    return not any(look["is_told_apart"] for look in value[:-1])


def _look(value: Any) -> bool:
    is_whole = isinstance(value, dict) and value.keys() == _OF_LOOK.keys()
    if not is_whole or not all(fits(value[name]) for name, fits in _OF_LOOK.items()):
        return False
    p, level, is_told_apart = value["p"], value["level"], value["is_told_apart"]
    if level == 0:  # no result would have told the two apart
        return not is_told_apart
    # Both are sums of the same chances, which differ in their last digits with the order of addition.
    return is_told_apart == (p <= level) or math.isclose(p, level, rel_tol=ROUNDING)


_OF_LOOK: Mapping[str, Callable[[Any], bool]] = {
    "n_seeds": _is_whole,
    "p": _number_within(0, 1),
    "level": _number_within(0, 1),
    "is_told_apart": lambda value: isinstance(value, bool),
    "first_is_lower": lambda value: isinstance(value, bool),
}
_ENTRIES: Mapping[str, Callable[[Any], bool]] = {
    "format": _is_whole,
    "benchmark": lambda value: isinstance(value, str),
    "setups": _setups,
    "runs": _runs,
    "seeds": _seeds,
    "looks": _looks,
    "at": _at,
    "error": _number_within(math.ulp(0.0), 1 - math.ulp(0.5)),
    "n_pairs": lambda value: _is_whole(value) and 0 < value <= MOST_RUNS,
    "taken": _taken,
}
