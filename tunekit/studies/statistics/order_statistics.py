"""Intervals between ordered values, which hold a median whatever the distribution is.

| symbol | is |
|---|---|
| n | number of values |
| d | depth: the interval goes from the d-th smallest value to the d-th largest |
| weight | how far its ends are moved towards those of depth d + 1 |
"""

from __future__ import annotations

from functools import lru_cache

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import special

SHORTFALL = 0.02  # five seeds: smallest to largest holds the median in 93.75 % instead of 95 %


@attrs.frozen
class Depth:
    """Where between ordered values an interval ends.

    Attributes:
        d: From 1 on: the d-th smallest and the d-th largest value.
        weight: From 0 to 1: how far the ends are moved towards the next values inwards.
    """

    d: int
    weight: float

    def ends(self, ordered: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The lower and the upper ends, for an (n, ...) array that is in order along its first axis."""
        below, above = ordered[self.d - 1], ordered[-self.d]
        if self.weight == 0:
            return below, above
        return self._between(below, ordered[self.d]), self._between(above, ordered[-self.d - 1])

    def _between(self, outer: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):  # between two infinite values; the outer one is right, if cautious
            between = (1 - self.weight) * outer + self.weight * inner
        is_outer = np.isinf(outer) | (outer == inner)  # which rounding must not leave
        return np.where(is_outer, outer, between)


@lru_cache(maxsize=256)
def depth_of_median(n: int, confidence: float) -> Depth | None:
    """Where an interval of the median of n independent values ends; ``None`` where there are too few of them.

    References:
        Hettmansperger and Sheather, Confidence Intervals Based on Interpolated Order Statistics, Statistics and
        Probability Letters 1986.
    """
    d = np.arange(1, n // 2 + 1)
    coverages = np.asarray(1 - 2 * special.bdtr(d - 1, n, 0.5), dtype=np.float64)
    return depth_between(coverages, n, confidence)


def depth_between(coverages: NDArray[np.float64], n: int, confidence: float) -> Depth | None:
    """The depth with the coverage that is asked for, between two depths whose coverage is known.

    Unlike the paper, which interpolates as if the density were smooth: between two modes there may be hardly any
    values, and then an end that is moved by more than half a gap is as good as moved by all of it. Moving by half is
    taken instead where the larger of the two errors is smaller so, that with a smooth density and that with a gap.

    Args:
        coverages: Of the depths from 1 to n // 2, decreasing.
        n: Number of values.
        confidence: The coverage that is asked for.

    Returns:
        ``None`` where not even the interval from the smallest to the largest value comes within 0.02 of it.
    """
    if not len(coverages) or coverages[0] < confidence - SHORTFALL:
        return None
    d = max(1, int(np.count_nonzero(coverages >= confidence)))
    wide = coverages[d - 1]
    if d == len(coverages) or wide <= confidence:
        return Depth(d, 0.0)
    narrow = coverages[d]

    def error(weight: float) -> float:
        share = weight * d / (n - d - weight * (n - 2 * d))
        smooth = wide - share * (wide - narrow)
        with_gap = wide if weight < 0.5 else narrow if weight > 0.5 else (wide + narrow) / 2
        return max(abs(smooth - confidence), abs(with_gap - confidence))

    share = (wide - confidence) / (wide - narrow)
    weight = (n - d) * share / (d + (n - 2 * d) * share)
    return Depth(d, float(min((weight, 0.5), key=error)))
