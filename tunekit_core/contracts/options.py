"""How a component declares its options: once, as the fields of one frozen attrs class."""

from __future__ import annotations

import math
from pathlib import PosixPath
from typing import Any

import attrs

from tunekit_core.errors import InvalidOption

DECLARED = "tunekit_option"  # key in the metadata of a field


@attrs.frozen(kw_only=True)
class Range:
    """The numbers that an option takes; ``None`` is no limit.

    Attributes:
        at_least: Least value.
        above: Below every value. Above minus infinity is every finite number, and infinity.
        at_most: Largest value.
        below: Above every value. Below infinity is every finite number, and minus infinity.
    """

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    def __contains__(self, value: float) -> bool:
        return (
            value == value  # not NaN; an integer may be too large for math.isnan
            and (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        limits = {"at least": self.at_least, "above": self.above, "at most": self.at_most, "below": self.below}
        parts = [
            f"{words} {_as_typed(limit)}"
            for words, limit in limits.items()
            if limit is not None and abs(limit) != math.inf
        ]
        is_above, is_below = -math.inf not in self, math.inf not in self
        if is_above and is_below and (self.above == -math.inf or self.below == math.inf):
            parts.append("finite")
        elif self.above == -math.inf:
            parts.append("above minus infinity")
        elif self.below == math.inf:
            parts.append("below infinity")
        return " and ".join(parts)


def _as_typed(limit: float) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


@attrs.frozen
class Declared:
    """What :func:`option` says of a field beside its name, type and default.

    Attributes:
        help: What the option is, for people.
        range: The numbers that it takes.
    """

    help: str
    range: Range


class InputFile(PosixPath):
    """The type of an option that names a file which the component reads, and of its value: an absolute path.

    >>> @attrs.frozen(kw_only=True)
    ... class Options:
    ...     earlier: InputFile | None = option(None, help="Results to begin with.")

    Typed is a path; one that does not begin with ``/`` or ``~`` is taken from the current folder, also where it stands
    in a file of options. The file must exist. What is in it belongs to what the run is, where it is does not: with
    another content the same command is another run.
    """


class InputFolder(PosixPath):
    """The same for a folder: the names and contents of all that is in it belong to what the run is."""


def option(
    default: Any = attrs.NOTHING,
    *,
    help: str,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
) -> Any:
    """Declare an option, as a field of a frozen attrs class; its type is the annotation of the field.

    >>> @attrs.frozen(kw_only=True)
    ... class GridOptions:
    ...     num_samples: int = option(5, help="Values taken from each continuous or integer domain.", at_least=2)

    Args:
        default: Its default, or ``attrs.Factory(dict)`` for an empty mapping; without one the option is required.
        help: What it is, in sentences for users, with its unit. Names of other options stand in double backquotes.
        at_least: Least number that it takes. ``None``, where the type has it, is not compared.
        above: A number below all that it takes.
        at_most: Largest number that it takes.
        below: A number above all that it takes; ``math.inf`` where it must be finite.
    """
    declared = Declared(help, Range(at_least=at_least, above=above, at_most=at_most, below=below))
    return attrs.field(default=default, validator=_check_range, metadata={DECLARED: declared})


def check_range(name: str, value: Any, allowed: Range) -> None:
    """Refuse a number that an option does not take.

    Raises:
        InvalidOption: If it is out of range.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and str(allowed) and value not in allowed:
        raise InvalidOption(name, value, f"must be {allowed}")


def _check_range(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    check_range(field.name, value, field.metadata[DECLARED].range)


@attrs.frozen
class NoOptions:
    """The options of a component that has none."""


NO_OPTIONS = NoOptions()
