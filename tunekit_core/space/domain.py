"""What every domain of a hyperparameter offers."""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_core.errors import ConfigurationError

Scalar = int | float | str | bool | None
Value = Scalar | tuple[Scalar, ...]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
LARGEST_INTEGER = 10**12  # up to here a rounding error of the encoding cannot reach the next integer


class Domain(ABC):
    """The values that one hyperparameter may take. Immutable; equal if made by equal calls."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the function that makes such a domain, such as ``"loguniform"``."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Number of values, ``None`` if continuous."""

    @property
    @abstractmethod
    def default(self) -> Value:
        """The value of trial 0 unless the user gives one: the middle, or the first unordered category."""

    @property
    @abstractmethod
    def encoded_width(self) -> int:
        """Number of columns of the encoded form."""

    @property
    def encodes_position(self) -> bool:
        """Whether the one column says which of many categories it is: two of them are equal or not, never near."""
        return False

    @abstractmethod
    def from_unit(self, u: Floats) -> Sequence[Value]:
        """Values by inverse distribution function.

        Args:
            u: An array of n numbers in [0, 1).
        """

    @abstractmethod
    def encode(self, values: Sequence[Value]) -> Floats:
        """An n x ``encoded_width`` array in [0, 1] for n values of this domain.

        Raises:
            ConfigurationError: If a value is not in the domain.
        """

    @abstractmethod
    def decode(self, encoded: Floats) -> Sequence[Value]:
        """The n values closest to an n x ``encoded_width`` array. What lies outside [0, 1] is clipped."""

    @abstractmethod
    def cast(self, value: object) -> Value:
        """The value of this domain that is meant, such as 3 for 3.0 in ``randint(1, 5)``.

        Raises:
            ConfigurationError: If there is none.
        """

    def contains(self, value: object) -> bool:
        """Whether :meth:`cast` accepts the value."""
        try:
            self.cast(value)
        except ConfigurationError:
            return False
        return True

    @abstractmethod
    def values(self) -> Sequence[Value]:
        """All values, in order.

        Raises:
            ConfigurationError: If the domain is continuous.
        """

    @abstractmethod
    def index_of(self, value: object) -> int:
        """Position in :meth:`values` of the value that :meth:`cast` returns.

        Raises:
            ConfigurationError: If the domain is continuous or the value is not in it.
        """

    @abstractmethod
    def arguments(self) -> Mapping[str, Any]:
        """Arguments that make this domain again, less those that are at their default."""

    def to_json(self) -> dict[str, Any]:
        """The domain as a JSON object: its name as ``domain``, and the arguments by name."""
        return {"domain": self.name, **{key: as_lists(value) for key, value in self.arguments().items()}}

    def __str__(self) -> str:
        """The text that :func:`tunekit_core.space.parse_domain` reads."""
        terms = (
            f"{key}={value!r}" if key in _KEYWORDS else repr(as_lists(value)) for key, value in self.arguments().items()
        )
        return f"{self.name}({', '.join(terms)})"

    __repr__ = __str__


_KEYWORDS = ("kind", "cast_int")


def as_lists(value: object) -> object:
    """A value as JSON and the text of a domain have it: with lists in place of tuples."""
    return [as_lists(part) for part in value] if isinstance(value, tuple) else value


def index_from_unit(u: Floats, size: int) -> Indices:
    """Which of ``size`` equal parts of [0, 1] each number lies in."""
    return np.minimum((u * size).astype(np.int64), size - 1)


def plain(value: object) -> object:
    """A NumPy scalar as the Python value it holds, a list or array as a tuple of these, anything else as it is."""
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    return value.item() if isinstance(value, np.generic) else value


def is_scalar(value: object) -> bool:
    """Whether it is text, a finite number, a truth value or ``None``."""
    return isinstance(value, Scalar) and (not isinstance(value, float) or math.isfinite(value))


def is_value(value: object) -> bool:
    """Whether a hyperparameter may have this value: a scalar, or a tuple of scalars."""
    return all(map(is_scalar, value)) if isinstance(value, tuple) else is_scalar(value)


def with_types(value: Value) -> Hashable:
    """What decides equality: 1, 1.0 and True are equal in Python but not the same value."""
    return tuple(map(with_types, value)) if isinstance(value, tuple) else (type(value), value)


def is_same(one: object, other: object) -> bool:
    """Whether two values are equal, where True is not 1; 1 and 1.0 are."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def as_number(value: object) -> float | int | None:
    """A finite number as it is, anything else, truth values included, as ``None``."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -sys.float_info.max <= value <= sys.float_info.max else None


def as_whole_number(value: object) -> int | None:
    """A whole number, whatever its type, as an integer, anything else as ``None``."""
    number = as_number(value)
    return int(number) if number is not None and number == int(number) else None
