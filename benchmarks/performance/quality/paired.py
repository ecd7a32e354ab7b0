"""Means over seeds with intervals, and whether one method is not worse than another."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from scipy.special import stdtrit  # quantiles of Student's t

CONFIDENCE = 0.95
TOLERANCE = 0.1
"""A method is not worse if it loses less than this share of the gap between random search and the best value known."""


@attrs.frozen
class Interval:
    """A mean and the half width of its 95 % interval by Student's t.

    Attributes:
        mean: Of the sample.
        half_width: NaN for a single number.
        n: How many numbers there were.
    """

    mean: float
    half_width: float
    n: int

    @property
    def lower(self) -> float:
        """Lower end."""
        return self.mean - self.half_width

    @property
    def upper(self) -> float:
        """Upper end."""
        return self.mean + self.half_width


def interval(sample: Sequence[float]) -> Interval:
    """The interval of the mean of at least one number; infinite without an interval if one is infinite."""
    x, n = np.asarray(sample), len(sample)
    if n == 1:
        return Interval(float(x[0]), float("nan"), 1)
    if not np.isfinite(x).all():
        return Interval(float("inf"), float("nan"), n)
    half_width = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * x.std(ddof=1) / np.sqrt(n)
    return Interval(float(x.mean()), float(half_width), n)


def share_of_gap(difference: float, gap: float) -> float:
    """A difference of losses as a share of the gap; infinite with the sign of the difference where there is no gap."""
    if gap == 0:
        return float(np.copysign(np.inf, difference)) if difference else 0.0
    return difference / gap


def verdict(difference: Interval, gap: float) -> str:
    """What a paired difference of losses, first method less second, says of the first method.

    Returns:
        ``"better"`` if the upper end is below 0, ``"not worse"`` if it is below a tenth of the gap, ``"worse"`` if the
        lower end is above that, and ``"open"`` otherwise.
    """
    if difference.upper < 0:
        return "better"
    if share_of_gap(difference.upper, gap) < TOLERANCE:
        return "not worse"
    return "worse" if share_of_gap(difference.lower, gap) > TOLERANCE else "open"
