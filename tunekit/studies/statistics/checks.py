"""What all functions of this package ask of their arguments."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def without_nan(values: ArrayLike, what: str, dimensions: int) -> NDArray[np.float64]:
    """An array of floats with so many dimensions, none of which is NaN.

    Raises:
        ValueError: If it has other dimensions, or holds NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions:
        raise ValueError(f"{what} must have {dimensions} dimension{'s' * (dimensions > 1)}, not {array.ndim}.")
    if np.isnan(array).any():
        raise ValueError(f"{what} must not hold NaN: leave out the seeds, times or benchmarks that have no value.")
    return array


def probability(value: float, what: str) -> float:
    """A number between 0 and 1, neither of them included.

    Raises:
        ValueError: If it is anything else.
    """
    if not 0 < value < 1:
        raise ValueError(f"{what}={value} must lie between 0 and 1, as 0.95 does.")
    return value
