"""Proposes what to search: for each argument a domain around its default, if it looks like a hyperparameter."""

from __future__ import annotations

import itertools
from typing import Any

import attrs

from tunekit.init.arguments import Argument
from tunekit.init.names import (
    COUNTS,
    DECAY_PAIRS,
    DECAYS,
    EPOCHS,
    FRACTIONS,
    NEAR_ONE,
    NEVER,
    NO_RATES,
    OTHER_WHOLE,
    OTHER_WORK,
    RATE_PAIRS,
    RATES,
    SCALES,
    SIZES,
    SWITCHES,
    words_of,
)
from tunekit.init.values import UNKNOWN


@attrs.frozen(kw_only=True)
class Proposal:
    """What becomes of an argument.

    Attributes:
        argument: The argument.
        entry: What stands in the space: a domain, ``???``, or a constant; ``None`` if nothing can be said.
        is_searched: Whether that is in force; otherwise it stands there as a comment.
        reason: Why not, if there is more to say than that it does not look like a hyperparameter.
    """

    argument: Argument
    entry: str | None
    is_searched: bool
    reason: str = ""

    @property
    def is_to_be_given(self) -> bool:
        """Whether the user has to write its value."""
        return self.entry == "???"


def propose(argument: Argument) -> Proposal:
    """What to do with an argument."""
    words = words_of(argument.subject or argument.name)
    entry, is_tunable = _lists(argument, words) if argument.is_list else _entry(argument, words)
    if argument.name.startswith("st_"):
        return Proposal(argument=argument, entry=None, is_searched=False, reason="is tunekit's own")
    searched = is_tunable and entry is not None and not argument.obstacle
    if searched:
        return Proposal(argument=argument, entry=entry, is_searched=True)
    if argument.is_required:
        return Proposal(argument=argument, entry="???", is_searched=False)
    reason = argument.obstacle
    if argument.is_list and not reason:
        reason = "takes several values"
    if not reason and argument.default is UNKNOWN and entry is None:
        reason = "its default cannot be read"
    if argument.kind in ("int", "float") and NEVER & set(words):
        entry = None  # no domain, even as a comment
    if argument.obstacle or (entry is None and not argument.is_list):
        entry = None if argument.obstacle else constant(argument.default)
    return Proposal(argument=argument, entry=entry, is_searched=False, reason=reason)


def is_number_of_epochs(argument: Argument) -> bool:
    """Whether an argument says how far training goes."""
    name = argument.name.rpartition(".")[2].replace("-", "_").lower()
    return name in EPOCHS and argument.kind in ("int", "float") and not argument.obstacle and not argument.is_list


def constant(value: Any) -> str | None:
    """A value as a constant of the space; ``None`` if it can be none."""
    if value is UNKNOWN or value is None or isinstance(value, list):
        return None
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def number(value: float) -> str:
    """A number, with no more digits than anybody would type."""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def choice(values: list[Any]) -> str:
    """A choice, with the first as the default."""
    return f"choice([{', '.join(repr(value) for value in values)}])"


def _entry(argument: Argument, words: list[str]) -> tuple[str | None, bool]:
    """A domain, and whether the argument looks like a hyperparameter."""
    never = bool(NEVER & set(words)) or is_number_of_epochs(argument)
    never = never and not (_is_rate(words) or {"dropout", "smoothing"} & set(words))
    default = argument.default
    if argument.kind == "bool":
        values = [True, False] if default is True else [False, True]
        return choice(values), not never and bool(SWITCHES & set(words))
    if argument.choices is not None:
        never = never or bool(OTHER_WORK & {str(value).lower() for value in argument.choices})
        others = [value for value in argument.choices if value != default]
        values = [default, *others] if len(others) < len(argument.choices) else others
        return (choice(values) if len(values) > 1 else None), not never and len(values) > 1
    known = default if isinstance(default, int | float) and not isinstance(default, bool) else None
    if argument.kind == "float":
        return _float(words, None if known is None else float(known), argument, never)
    if argument.kind == "int":
        return _int(words, None if known is None else int(known), argument, never)
    return None, False


def _is_rate(words: list[str]) -> bool:
    return bool(RATES & set(words)) or any(pair in itertools.pairwise(words) for pair in RATE_PAIRS)


def _float(words: list[str], default: float | None, argument: Argument, never: bool) -> tuple[str | None, bool]:
    named = set(words)
    pairs = list(itertools.pairwise(words))
    is_decay = bool(DECAYS & named) or any(pair in pairs for pair in DECAY_PAIRS)
    if any(bound is not None for bound in argument.bounds) and None not in argument.bounds:
        low, high = argument.bounds
        assert low is not None
        assert high is not None
        is_log = low > 0 and high / low >= 100
        return (
            f"{'loguniform' if is_log else 'uniform'}({number(float(low))}, {number(float(high))})",
            not never and low < high,
        )
    if _is_rate(words) and not named & NO_RATES:
        return _around(default or None, "loguniform(1e-05, 0.1)"), True
    if is_decay:
        return _around(default or None, "loguniform(1e-06, 0.01)"), not never
    if FRACTIONS & named or named & {"ratio", "fraction", "rate"}:
        top = 0.5 if default is None or default <= 0.3 else 0.9 if default < 0.9 else 1.0
        is_known = bool(FRACTIONS & named)
        return f"uniform(0, {top})", is_known and not never and (default is None or 0 <= default <= 1)
    if NEAR_ONE & named and default is not None and 0 <= default < 1:
        return _below_one(default), not never
    if "momentum" in named and default is None:
        return "uniform(0, 0.99)", not never
    if default is None or default <= 0:
        return None, False
    is_known = bool((SCALES | NEAR_ONE) & named)
    return _around(default, ""), not never and (is_known or default < 1)


def _around(default: float | None, otherwise: str) -> str:
    """A range on the logarithmic scale with the default in its middle."""
    if default is None or default <= 0:
        return otherwise
    factor = 100 if default <= 0.01 else 10
    return f"loguniform({number(default / factor)}, {number(default * factor)})"


def _below_one(default: float) -> str:
    """A range below 1: for a default near 1 as fine there as it has to be, with the default in its middle."""
    if default < 0.5:
        return f"uniform(0, {number(max(2 * default, 0.9))})"
    distance = 1 - default
    factor = min(10.0, 1 / distance)
    return f"reverseloguniform({number(round(1 - distance * factor, 6))}, {number(round(1 - distance / factor, 6))})"


def _int(words: list[str], default: int | None, argument: Argument, never: bool) -> tuple[str | None, bool]:
    named = set(words)
    low, high = argument.bounds
    if low is not None and high is not None:
        is_log = low > 0 and high / low >= 16
        return f"{'lograndint' if is_log else 'randint'}({int(low)}, {int(high)})", not never and low < high
    if COUNTS & named and (default is not None or argument.is_required):
        top = 4 if default is None or default <= 2 else 2 * default
        return f"randint(1, {top})", not never and "heads" not in named
    if default is None or default < 1:
        return None, False
    least = max(1, default // 4, int(low) if low is not None else 1)
    most = max(default * 4, least + 1)
    most = most if high is None else min(most, int(high))
    is_known = bool((SIZES | OTHER_WHOLE) & named)
    return (f"lograndint({least}, {most})" if least < most else None), not never and is_known


def _lists(argument: Argument, words: list[str]) -> tuple[str | None, bool]:
    """Lists like the default of an argument that takes several whole numbers: of half and of double the size."""
    default = argument.default
    if not isinstance(default, list) or not default or not all(type(each) is int and each > 1 for each in default):
        return None, False
    others = [[each // 2 for each in default], [each * 2 for each in default]]
    return choice([default, *others]), bool((SIZES | COUNTS) & set(words)) and not NEVER & set(words)
