"""Domains of numbers between two bounds: real numbers and integers, on a linear or logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, NoReturn

import attrs
import numpy as np

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import numerics as _numerics
from tunekit_core.space.domain import (
    LARGEST_INTEGER,
    Domain,
    Floats,
    Value,
    as_number,
    as_whole_number,
    index_from_unit,
)

Scale = Literal["linear", "log", "reverse log"]


@attrs.frozen(repr=False)
class Real(Domain):
    """Real numbers from ``lower`` to ``upper``, both included.

    Equal bounds are refused: a continuous domain has no list of values, and one value is a constant or a mistake.
    Values that are drawn or decoded have at most 12 significant digits, so that the last bits of a logarithm,
    in which machines differ, decide nothing.

    Attributes:
        lower: The smallest value.
        upper: The largest value.
        scale: What is uniform and encoded linearly: the value, its logarithm, or that of one minus the value.
    """

    lower: float
    upper: float
    scale: Scale = "linear"

    def __attrs_post_init__(self) -> None:
        lower, upper = as_number(self.lower), as_number(self.upper)
        if lower is not None and lower == upper:
            self._refuse(f"to keep it at {lower} write {lower} instead; else the first bound must be below the second")
        if lower is None or upper is None or lower > upper or not math.isfinite(upper - lower):
            self._refuse("the bounds must be finite numbers, the first below the second")
        if self.scale == "log" and lower <= 0:
            self._refuse("a logarithmic scale needs a lower bound above 0")
        if self.scale == "reverse log" and not 0 <= lower < upper < 1:
            self._refuse("the logarithm of 1 - value needs bounds from 0 to below 1")
        object.__setattr__(self, "lower", float(lower) + 0.0)  # -0.0 becomes 0.0
        object.__setattr__(self, "upper", float(upper) + 0.0)
        low, high = self._round(np.array([self.lower, self.upper]))
        if low >= high:
            self._refuse(f"the bounds must differ within {_numerics.DIGITS} significant digits")

    def _refuse(self, reason: str) -> NoReturn:
        example = {"linear": (0.0, 0.9), "log": (1e-4, 0.1), "reverse log": (0.9, 0.999)}[self.scale]
        raise ConfigurationError(f"{self}: {reason}, as in {self.name}{example}.", value=str(self))

    @property
    def name(self) -> str:
        """``uniform``, ``loguniform`` or ``reverseloguniform``."""
        return {"linear": "uniform", "log": "loguniform", "reverse log": "reverseloguniform"}[self.scale]

    @property
    def size(self) -> None:
        """``None``: the domain is continuous."""
        return None

    @property
    def encoded_width(self) -> int:
        """One column."""
        return 1

    @property
    def default(self) -> float:
        """The middle of the scale."""
        return self.from_unit(np.array([0.5]))[0]

    def arguments(self) -> dict[str, float]:
        """The bounds."""
        return {"lower": self.lower, "upper": self.upper}

    def from_unit(self, u: Floats) -> list[float]:
        """Values by inverse distribution function, see :meth:`Domain.from_unit`."""
        low, high = self._scaled_bounds
        scaled = low + u * (high - low)
        if self.scale == "log":
            scaled = _numerics.exp(scaled)
        elif self.scale == "reverse log":
            scaled = -_numerics.expm1(-scaled)
        values: list[float] = np.minimum(np.maximum(self._round(scaled), self.lower), self.upper).tolist()
        return values

    def decode(self, encoded: Floats) -> list[float]:
        """Values of encoded ones, see :meth:`Domain.decode`."""
        return self.from_unit(np.minimum(np.maximum(encoded[:, 0], 0.0), 1.0))

    def encode(self, values: Sequence[Value]) -> Floats:
        """Position between the bounds on the scale, see :meth:`Domain.encode`."""
        x = np.array(values)
        if x.dtype.kind not in "if" or not np.all((x >= self.lower) & (x <= self.upper)):
            x = np.array([self.cast(value) for value in values])
        low, high = self._scaled_bounds
        if self.scale == "log":
            x = np.log(x)
        elif self.scale == "reverse log":
            x = -np.log1p(-x)
        encoded: Floats = np.minimum(np.maximum((x - low) / (high - low), 0.0), 1.0)[:, np.newaxis]
        return encoded

    def cast(self, value: object) -> float:
        """The number, rounded to 12 significant digits, see :meth:`Domain.cast`."""
        number = as_number(value)
        if number is not None:
            rounded = float(_numerics.round_significant(np.array([float(number)]))[0])
            if self.lower <= number <= self.upper or self.lower <= rounded <= self.upper:
                return min(max(rounded, self.lower), self.upper)
        raise ConfigurationError(
            f"{value!r} is not in {self}: allowed are numbers from {self.lower} to {self.upper}.", value=value
        )

    def values(self) -> Sequence[float]:
        """Refused, see :meth:`Domain.values`."""
        raise ConfigurationError(
            f"{self} is continuous, its values cannot be listed. Use finrange or logfinrange for a grid."
        )

    def index_of(self, value: object) -> int:
        """Refused, see :meth:`Domain.index_of`."""
        raise ConfigurationError(
            f"{self} is continuous, its values have no index. Use finrange or logfinrange for a grid."
        )

    @cached_property
    def _scaled_bounds(self) -> tuple[float, float]:
        if self.scale == "linear":
            return self.lower, self.upper
        if self.scale == "log":
            return _numerics.log(self.lower), _numerics.log(self.upper)
        return -_numerics.log1m(self.lower), -_numerics.log1m(self.upper)

    def _round(self, values: Floats) -> Floats:
        if self.scale == "linear":
            # The same decimals for all: near zero, more digits than the larger bound has would not survive
            # the encoding.
            return _numerics.round_decimals(values, self._decimals)
        return _numerics.round_significant(values)

    @cached_property
    def _decimals(self) -> int:
        return _numerics.decimals_between(self.lower, self.upper)


@attrs.frozen(repr=False)
class Integer(Domain):
    """Integers from ``lower`` to ``upper``, both included.

    Each integer v owns the interval from v - 0.5 to v + 0.5. On the logarithmic scale its weight is the
    length of log(v - 0.5) to log(v + 0.5), for the two bounds as for all others. Equal bounds leave one integer.

    Attributes:
        lower: The smallest value.
        upper: The largest value.
        log: Whether the logarithm is encoded linearly, rather than the value.
    """

    lower: int
    upper: int
    log: bool = False

    def __attrs_post_init__(self) -> None:
        lower, upper = as_whole_number(self.lower), as_whole_number(self.upper)
        if lower is None or upper is None or lower > upper:
            self._refuse("the bounds must be whole numbers, the first not above the second")
        if self.log and lower < 1:
            self._refuse("a logarithmic scale needs a lower bound of at least 1")
        if max(-lower, upper) > LARGEST_INTEGER:
            self._refuse(f"the bounds must lie between -{LARGEST_INTEGER} and {LARGEST_INTEGER}")
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)

    def _refuse(self, reason: str) -> NoReturn:
        raise ConfigurationError(f"{self}: {reason}, as in {self.name}(1, 64).", value=str(self))

    @property
    def name(self) -> str:
        """``randint`` or ``lograndint``."""
        return "lograndint" if self.log else "randint"

    @property
    def size(self) -> int:
        """Number of integers."""
        return self.upper - self.lower + 1

    @property
    def encoded_width(self) -> int:
        """One column; none for a single integer."""
        return min(self.size - 1, 1)

    @property
    def default(self) -> int:
        """The middle of the scale; of two middle integers the lower one."""
        if not self.log:
            return (self.lower + self.upper) // 2
        product = self.lower * self.upper
        root = math.isqrt(product)
        return root + (product > root * (root + 1))  # rounds the square root

    def arguments(self) -> dict[str, int]:
        """The bounds."""
        return {"lower": self.lower, "upper": self.upper}

    def from_unit(self, u: Floats) -> list[int]:
        """Values by inverse distribution function, see :meth:`Domain.from_unit`."""
        if self.log:
            low, high = self._scaled_bounds
            values = np.floor(_numerics.exp(low + u * (high - low)) + 0.5).astype(np.int64)
            values = np.minimum(np.maximum(values, self.lower), self.upper)
        else:
            values = index_from_unit(u, self.size) + self.lower
        integers: list[int] = values.tolist()
        return integers

    def decode(self, encoded: Floats) -> list[int]:
        """Values of encoded ones, see :meth:`Domain.decode`."""
        if not self.encoded_width:
            return [self.lower] * len(encoded)
        return self.from_unit(np.minimum(np.maximum(encoded[:, 0], 0.0), 1.0))

    def encode(self, values: Sequence[Value]) -> Floats:
        """Position between lower - 0.5 and upper + 0.5 on the scale, see :meth:`Domain.encode`."""
        x = np.array(values)
        if x.dtype.kind != "i" or not np.all((x >= self.lower) & (x <= self.upper)):
            x = np.array([self.cast(value) for value in values])
        if self.log:
            low, high = self._scaled_bounds
            x = (np.log(x) - low) / (high - low)
        else:
            x = (x - self.lower + 0.5) / self.size
        return x[:, np.newaxis][:, : self.encoded_width]

    def cast(self, value: object) -> int:
        """The integer, also of a whole number of another type, see :meth:`Domain.cast`."""
        number = as_whole_number(value)
        if number is None or not self.lower <= number <= self.upper:
            raise ConfigurationError(
                f"{value!r} is not in {self}: allowed are whole numbers from {self.lower} to {self.upper}.",
                value=value,
            )
        return number

    def values(self) -> range:
        """All integers, in order."""
        return range(self.lower, self.upper + 1)

    def index_of(self, value: object) -> int:
        """Position in :meth:`values`, see :meth:`Domain.index_of`."""
        return self.cast(value) - self.lower

    @cached_property
    def _scaled_bounds(self) -> tuple[float, float]:
        return _numerics.log(self.lower - 0.5), _numerics.log(self.upper + 0.5)
