"""Search spaces of ``synthetic``, and the positions in the unit cube on which its formulas are defined."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_core import Domain, SearchSpace, choice, loguniform, ordinal, randint, uniform

Floats = NDArray[np.float64]

CATEGORIES = ("amber", "birch", "cedar", "dogwood", "elm")
STEPS = (1, 2, 5, 10, 20, 50, 100)
_DECADES = 4
_WHOLE = 16
KINDS = ("uniform", "loguniform", "randint", "choice", "ordinal")


class Positions:
    """A search space whose hyperparameters have positions in [0, 1].

    Args:
        dimensions: Number of hyperparameters.
        mixed: Whether their kinds are those of ``KINDS`` in turn, or all are uniform.
        u: A row of numbers in [0, 1) for each hyperparameter, at least as long as there are categories. They shuffle
            the positions of unordered categories, so that neighbours in the list are no neighbours in the landscape.

    Attributes:
        space: The search space, with the names ``x1`` to ``xd``.
    """

    def __init__(self, dimensions: int, mixed: bool, u: Floats) -> None:
        self._kinds = [KINDS[j % len(KINDS)] if mixed else "uniform" for j in range(dimensions)]
        self._names = [f"x{j + 1}" for j in range(dimensions)]
        self.space = SearchSpace({name: _domain(kind) for name, kind in zip(self._names, self._kinds, strict=True)})
        self._values = [_values(kind, row) for kind, row in zip(self._kinds, u, strict=True)]
        self._readers = [
            (name, _reader(kind, values))
            for name, kind, values in zip(self._names, self._kinds, self._values, strict=True)
        ]
        self._all_plain = not mixed

    def of(self, configurations: Sequence[Mapping[str, Any]]) -> Floats:
        """The positions of n configurations, an n x d array.

        Raises:
            KeyError: If a configuration lacks a hyperparameter or has a category that there is not.
        """
        if self._all_plain:
            return np.array([[each[name] for name in self._names] for each in configurations], dtype=np.float64)
        return np.array([[read(each[name]) for name, read in self._readers] for each in configurations])

    def snap(self, U: Floats) -> Floats:
        """The positions that random configurations have.

        Args:
            U: An n x d array of numbers in [0, 1).

        Returns:
            An n x d array: what is continuous stays as it is, and the others are spread evenly over their values.
        """
        snapped = U.copy()
        for j, values in enumerate(self._values):
            if values is not None:
                snapped[:, j] = np.floor(U[:, j] * len(values)) / (len(values) - 1)
        return snapped

    def configuration(self, position: Floats) -> dict[str, Any]:
        """The configuration at a position that :meth:`snap` gives, an array of d numbers."""
        found: dict[str, Any] = {}
        for name, kind, values, p in zip(self._names, self._kinds, self._values, position.tolist(), strict=True):
            if values is not None:
                found[name] = values[round(p * (len(values) - 1))]
            else:
                found[name] = p if kind == "uniform" else 10.0 ** (_DECADES * (p - 1.0))
        return found


def _domain(kind: str) -> Domain:
    if kind == "loguniform":
        return loguniform(10.0**-_DECADES, 1.0)
    if kind == "randint":
        return randint(1, _WHOLE)
    if kind == "choice":
        return choice(list(CATEGORIES))
    if kind == "ordinal":
        return ordinal(list(STEPS))
    return uniform(0.0, 1.0)


def _values(kind: str, u: Floats) -> list[Any] | None:
    """The values in the order of their positions, which are evenly spaced; ``None`` if it is continuous."""
    if kind == "randint":
        return list(range(1, _WHOLE + 1))
    if kind == "choice":
        return [CATEGORIES[i] for i in np.argsort(u[: len(CATEGORIES)], kind="stable").tolist()]
    return list(STEPS) if kind == "ordinal" else None


def _reader(kind: str, values: list[Any] | None) -> Callable[[Any], float]:
    if values is not None:
        return {value: i / (len(values) - 1) for i, value in enumerate(values)}.__getitem__
    if kind == "loguniform":
        return lambda value: 1.0 + math.log10(value) / _DECADES
    return float
