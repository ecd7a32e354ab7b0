"""Differences of losses, of which those that only the rounding of numbers makes are none."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Of the smaller of two losses. Sums in another order differ by some 1e-16 for each operation, and no table shows 1e-9.
RESOLUTION = 1e-9


def less(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """By how much losses are above others.

    Args:
        first: Of any shape. A run without a value has an infinite loss.
        second: Of a shape that fits it.

    Returns:
        The first less the second; zero where they are equal but for the rounding of numbers, or are both infinite.

    Example:
        >>> less([0.1 + 0.2, 0.4, np.inf], [0.3, 0.3, np.inf]).tolist()
        [0.0, 0.10000000000000003, 0.0]
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = one - other
        is_rounding = np.isfinite(difference) & (
            np.abs(difference) <= RESOLUTION * np.minimum(np.abs(one), np.abs(other))
        )
    return np.where((one == other) | is_rounding, 0.0, difference)


def with_ties(losses: ArrayLike) -> NDArray[np.float64]:
    """Losses in which those that are equal but for the rounding of numbers are the same number, the lowest of them.

    Args:
        losses: An (n,) array.

    Returns:
        An (n,) array in the same order.
    """
    values = np.array(losses, np.float64)
    order = np.argsort(values, kind="stable")
    for before, after in itertools.pairwise(order):
        if less(values[after], values[before]) == 0:
            values[after] = values[before]
    return values
