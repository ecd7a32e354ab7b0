"""Domains that list their values, and the one whose values are a grid of numbers."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NoReturn

import attrs
import numpy as np

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import numerics as _numerics
from tunekit_core.space.domain import (
    LARGEST_INTEGER,
    Domain,
    Floats,
    Indices,
    Value,
    as_lists,
    as_number,
    as_whole_number,
    index_from_unit,
    is_same,
    is_value,
    plain,
)

RELATIVE_TOLERANCE = 1e-6  # a number that went through a 32-bit float is still recognised


class Listed(Domain):
    """What domains that list their values have in common: a value is known by its index."""

    @abstractmethod
    def values(self) -> tuple[Value, ...]:
        """All values, in order."""

    @property
    def size(self) -> int:
        """Number of values."""
        return len(self.values())

    @property
    def encoded_width(self) -> int:
        """One column; none for a single value."""
        return min(self.size - 1, 1)

    def from_unit(self, u: Floats) -> list[Value]:
        """Values with equal weights, see :meth:`Domain.from_unit`."""
        return self._at(index_from_unit(u, self.size))

    def encode(self, values: Sequence[Value]) -> Floats:
        """Encoded values, see :meth:`Domain.encode`."""
        positions = self._positions
        try:
            indices = [positions[value] for value in values]
        except (KeyError, TypeError):
            indices = [self.index_of(value) for value in values]
        return self._encoded_values[np.array(indices, dtype=np.int64)]

    def decode(self, encoded: Floats) -> list[Value]:
        """Values of encoded ones, see :meth:`Domain.decode`."""
        if not self.encoded_width:
            return [self.values()[0]] * len(encoded)
        return self._at(self._nearest(encoded))

    def cast(self, value: object) -> Value:
        """The listed value that is equal or, for numbers, within a relative tolerance of 1e-6."""
        try:
            return self._exact[type(value), value]  # as it is most of the time
        except (KeyError, TypeError):
            return self.values()[self.index_of(value)]

    def index_of(self, value: object) -> int:
        """Position in :meth:`values` of what :meth:`cast` returns, see :meth:`Domain.index_of`."""
        wanted = plain(value)
        if is_value(wanted):
            index = self._positions.get(wanted)
            if index is not None and is_same(wanted, self.values()[index]):
                return index
        number = as_number(value)
        if number is not None and self._numbers:
            index, member = min(self._numbers, key=lambda listed: abs(listed[1] - number))
            if math.isclose(member, number, rel_tol=RELATIVE_TOLERANCE):
                return index
        raise ConfigurationError(f"{value!r} is not in {self}: allowed are {self._allowed()}.", value=value)

    def _allowed(self) -> str:
        shown = [repr(as_lists(value)) for value in self.values()[:20]]
        return ", ".join(shown) + (f", … ({self.size} values)" if self.size > len(shown) else "")

    def _at(self, indices: Indices) -> list[Value]:
        values = self.values()
        return [values[i] for i in indices.tolist()]

    def _nearest(self, encoded: Floats) -> Indices:
        """Indices of the values closest to encoded ones."""
        return index_from_unit(np.minimum(np.maximum(encoded[:, 0], 0.0), 1.0), self.size)

    def _encode_values(self) -> Floats:
        """Encoded form of each value, by index."""
        return ((np.arange(self.size) + 0.5) / self.size)[:, np.newaxis]

    @cached_property
    def _encoded_values(self) -> Floats:
        return self._encode_values() if self.encoded_width else np.zeros((1, 0))

    @cached_property
    def _exact(self) -> dict[tuple[type, object], Value]:
        # Tuples, whose parts have types too, are looked at one by one.
        return {(type(value), value): value for value in self.values() if not isinstance(value, tuple)}

    @cached_property
    def _positions(self) -> dict[Any, int]:
        return {value: i for i, value in enumerate(self.values())}

    @cached_property
    def _numbers(self) -> list[tuple[int, float]]:
        numbers = ((i, as_number(value)) for i, value in enumerate(self.values()))
        return [(i, number) for i, number in numbers if number is not None]


@attrs.frozen(repr=False)
class FiniteRange(Listed):
    """Numbers at equal distances from ``lower`` to ``upper``, both included, in one column by index.

    Attributes:
        lower: The smallest value.
        upper: The largest value.
        size: Number of values: 1 if the bounds are equal, else at least 2.
        log: Whether the distances are equal on the logarithmic scale.
        cast_int: Whether the values are rounded to integers.
    """

    lower: float
    upper: float
    size: int
    log: bool = False
    cast_int: bool = False

    def __attrs_post_init__(self) -> None:
        lower, upper, size = as_number(self.lower), as_number(self.upper), as_whole_number(self.size)
        if lower is None or upper is None or lower > upper or not math.isfinite(upper - lower):
            self._refuse("the bounds must be finite numbers, the first not above the second")
        if self.log and lower <= 0:
            self._refuse("a logarithmic scale needs a lower bound above 0")
        if size is None or size < 1 or (size == 1) != (lower == upper):
            self._refuse("the number of values must be a whole number from 2 on, or 1 between equal bounds")
        if not isinstance(self.cast_int, bool):
            self._refuse("cast_int must be true or false")
        if self.cast_int and not (lower == int(lower) and upper == int(upper)):
            self._refuse("with cast_int the bounds must be whole numbers")
        if self.cast_int and max(-lower, upper) > LARGEST_INTEGER:
            self._refuse(f"with cast_int the bounds must lie between -{LARGEST_INTEGER} and {LARGEST_INTEGER}")
        number = int if self.cast_int else float
        object.__setattr__(self, "lower", number(lower) + 0)  # -0.0 becomes 0.0
        object.__setattr__(self, "upper", number(upper) + 0)
        object.__setattr__(self, "size", size)
        if len(set(self.values())) < size:
            self._refuse("some of the values coincide after rounding; ask for fewer")

    def _refuse(self, reason: str) -> NoReturn:
        example = f"{self.name}(8, 64, 4)" if self.log else f"{self.name}(0, 0.6, 3)"
        raise ConfigurationError(f"{self}: {reason}, as in {example}.", value=str(self))

    @property
    def name(self) -> str:
        """``finrange`` or ``logfinrange``."""
        return "logfinrange" if self.log else "finrange"

    @property
    def default(self) -> Value:
        """The middle value; of two middle ones the lower one."""
        return self.values()[(self.size - 1) // 2]

    def values(self) -> tuple[Value, ...]:
        """The numbers, rounded to 12 significant digits or to integers."""
        return self._values

    def arguments(self) -> dict[str, Any]:
        """The bounds, the number of values, and ``cast_int`` if it is on."""
        arguments = {"lower": self.lower, "upper": self.upper, "size": self.size}
        return arguments | ({"cast_int": True} if self.cast_int else {})

    @cached_property
    def _values(self) -> tuple[Value, ...]:
        if self.size == 1:
            return (self.lower,)
        fraction = np.arange(self.size) / (self.size - 1)
        if self.log:
            low, high = _numerics.log(self.lower), _numerics.log(self.upper)
            numbers = _numerics.round_significant(_numerics.exp(low + fraction * (high - low)))
        else:
            decimals = _numerics.decimals_between(self.lower, self.upper)
            numbers = _numerics.round_decimals(self.lower + fraction * (self.upper - self.lower), decimals)
        inner = (np.rint(numbers).astype(np.int64) if self.cast_int else numbers).tolist()[1:-1]
        return (self.lower, *inner, self.upper)
