"""The inter-quartile mean: the mean of the middle half, which a few lucky or failed seeds do not move."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def iqm(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """The mean of the middle half of the values.

    Where a quarter of the values is no whole number, the two values at the border count in part.

    Unlike Agarwal and others, who leave out whole values, so that with 5 to 7 seeds less than half of them is left out
    and the expectation jumps with the number of seeds. With a multiple of 4 both are the same.

    Args:
        values: Of any shape. Infinite values in the outer quarters do not matter.
        axis: Along which the mean is taken.

    Returns:
        The shape of the values without that axis; NaN where there are no values, or where infinite values of both signs
        are in the middle half.

    References:
        Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021.
    """
    ordered = np.sort(np.moveaxis(np.asarray(values, dtype=np.float64), axis, -1), axis=-1)
    n = ordered.shape[-1]
    if n == 0:
        return np.full(ordered.shape[:-1], np.nan)
    middle = slice(n // 4, math.ceil(3 * n / 4))  # others have no weight, and 0 times infinity would be NaN
    with np.errstate(invalid="ignore"):
        mean = ordered[..., middle] @ middle_weights(np.arange(n + 1))[middle]
    return np.clip(mean, ordered[..., middle.start], ordered[..., middle.stop - 1])  # of equal values, that value


def median(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """The median, also of numbers whose sum is more than any float.

    Args:
        values: Of any shape, with at least one value along the axis.
        axis: Along which the median is taken.

    Returns:
        The shape of the values without that axis; NaN between infinite values of both signs.
    """
    ordered = np.sort(np.moveaxis(np.asarray(values, dtype=np.float64), axis, -1), axis=-1)
    n = ordered.shape[-1]
    below, above = ordered[..., (n - 1) // 2], ordered[..., n // 2]
    with np.errstate(invalid="ignore"):
        return np.where(below == above, below, below / 2 + above / 2)


def middle_weights(cumulative: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights with which ordered values that each occur several times enter their inter-quartile mean.

    Args:
        cumulative: A (..., n + 1) array: from 0, how many values there are up to each of the n ordered ones.

    Returns:
        A (..., n) array, whose sum is 1.
    """
    total = cumulative[..., -1:]
    inside = np.clip(cumulative, total / 4, 3 * total / 4)
    return np.diff(inside, axis=-1) / (total / 2)
