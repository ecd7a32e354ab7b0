"""Domains of categories: unordered and ordered ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NoReturn

import attrs
import numpy as np

from tunekit_core.errors import ConfigurationError
from tunekit_core.space.domain import Floats, Indices, Value, as_lists, is_value, plain, with_types
from tunekit_core.space.finite import Listed

Kind = Literal["equal", "nn", "nn-log"]

MOST_COLUMNS = 100
"""A choice of more categories is encoded in one column: a column each would take their number squared to list, and
as many bandwidths of a model."""


def _categories(function: str, given: object) -> tuple[Value, ...]:
    """The categories as a tuple of plain values, checked."""
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Sequence | np.ndarray):
        raise ConfigurationError(
            f"{function}({given!r}): the categories must be a list, as in {function}(['relu', 'tanh']).",
            value=given,
        )
    categories = [plain(category) for category in given]
    if not categories:
        raise ConfigurationError(f"{function}([]): there must be at least one category.", value=given)
    shown = [as_lists(category) for category in categories]
    checked: dict[Any, None] = {}
    for category in categories:
        if not is_value(category):
            raise ConfigurationError(
                f"{function}({shown}): {as_lists(category)!r} cannot be a category. Allowed are text, finite numbers, "
                "true, false, null and lists of these; name other objects by text and look them up in the script.",
                value=given,
            )
        if category in checked:
            raise ConfigurationError(
                f"{function}({shown}): {as_lists(category)!r} appears twice. Remove one: all categories have equal "
                "weight.",
                value=given,
            )
        checked[category] = None
    return tuple(checked)


def _choice_categories(given: Sequence[Value]) -> tuple[Value, ...]:
    return _categories("choice", given)


def _ordinal_categories(given: Sequence[Value]) -> tuple[Value, ...]:
    return _categories("ordinal", given)


@attrs.frozen(repr=False)
class Choice(Listed):
    """Unordered categories: one column each, a single one for two categories or for more than a hundred.

    Attributes:
        categories: Text, numbers, truth values, ``None`` or lists of these, each once; lists are held as tuples.
    """

    categories: tuple[Value, ...] = attrs.field(converter=_choice_categories, eq=with_types)

    @property
    def name(self) -> str:
        """``choice``."""
        return "choice"

    @property
    def default(self) -> Value:
        """The first category."""
        return self.categories[0]

    @property
    def encoded_width(self) -> int:
        """Number of categories, but one column for two and for more than a hundred, and none for a single one."""
        return self.size if self._has_a_column_each else super().encoded_width

    @property
    def encodes_position(self) -> bool:
        """Whether there are more than a hundred categories."""
        return self.size > MOST_COLUMNS

    def values(self) -> tuple[Value, ...]:
        """The categories."""
        return self.categories

    def arguments(self) -> dict[str, Any]:
        """The categories."""
        return {"categories": self.categories}

    def _nearest(self, encoded: Floats) -> Indices:
        return np.argmax(encoded, axis=1) if self._has_a_column_each else super()._nearest(encoded)

    def _encode_values(self) -> Floats:
        return np.eye(self.size) if self._has_a_column_each else super()._encode_values()

    @property
    def _has_a_column_each(self) -> bool:
        return 2 < self.size <= MOST_COLUMNS


@attrs.frozen(repr=False)
class Ordinal(Listed):
    """Ordered categories in one column. All have equal weight when drawn.

    Attributes:
        categories: Text, numbers, truth values, ``None`` or lists of these, each once, in order.
        kind: Distance of categories in the encoding: ``"equal"`` from one to the next, by value (``"nn"``) or
            by logarithm of the value (``"nn-log"``). The last two need increasing numbers. ``None`` becomes
            ``"nn"`` for increasing numbers and ``"equal"`` for anything else.
    """

    categories: tuple[Value, ...] = attrs.field(converter=_ordinal_categories, eq=with_types)
    kind: Kind | None = None

    def __attrs_post_init__(self) -> None:
        if self.kind is None:
            object.__setattr__(self, "kind", self._usual_kind)
        if self.kind not in ("equal", "nn", "nn-log"):
            self._refuse("kind must be 'equal', 'nn' or 'nn-log'")
        if self.kind != "equal" and self._usual_kind == "equal":
            self._refuse("only numbers in increasing order have distances; use kind='equal'")
        if self.kind == "nn-log" and self._numbers[0][1] <= 0:
            self._refuse("only numbers above 0 have logarithms; use kind='nn'")
        if self.kind == "nn" and not math.isfinite(2.0 * self._numbers[-1][1] - 2.0 * self._numbers[0][1]):
            self._refuse("the numbers are too far apart for their distances; use kind='equal'")

    def _refuse(self, reason: str) -> NoReturn:
        shown = f"ordinal({as_lists(self.categories)!r}, kind={self.kind!r})"
        raise ConfigurationError(f"{shown}: {reason}.", value=self.kind)

    @property
    def name(self) -> str:
        """``ordinal``."""
        return "ordinal"

    @property
    def default(self) -> Value:
        """The middle category; of two middle ones the upper one."""
        return self.categories[self.size // 2]

    def values(self) -> tuple[Value, ...]:
        """The categories."""
        return self.categories

    def arguments(self) -> dict[str, Any]:
        """The categories, and the kind unless it is the usual one."""
        return {"categories": self.categories} | ({} if self.kind == self._usual_kind else {"kind": self.kind})

    def _nearest(self, encoded: Floats) -> Indices:
        if self.kind == "equal":
            return super()._nearest(encoded)
        known = self._encoded_values[:, 0]
        return np.searchsorted((known[:-1] + known[1:]) / 2, encoded[:, 0])

    def _encode_values(self) -> Floats:
        if self.kind == "equal":
            return super()._encode_values()
        positions = np.array([number for _, number in self._numbers], dtype=np.float64)
        if self.kind == "nn-log":
            positions = np.log(positions)
        # Half a mean distance is left free at both ends, as for categories of equal distance.
        first, last = positions[0], positions[-1]
        half = (last - first) / (self.size - 1) / 2
        encoded: Floats = ((positions - first + half) / (last - first + 2 * half))[:, np.newaxis]
        return encoded

    @property
    def _usual_kind(self) -> Kind:
        numbers = [number for _, number in self._numbers]
        increasing = len(numbers) == self.size and all(a < b for a, b in pairwise(numbers))
        return "nn" if increasing else "equal"
