"""Intervals of the median and of the inter-quartile mean over seeds; the mean has none that holds it often enough.

How often they hold the truth, and what else was tried, is in docs/explanation/statistics.md.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tunekit.studies.statistics.aggregates import iqm, median, middle_weights
from tunekit.studies.statistics.checks import probability, without_nan
from tunekit.studies.statistics.order_statistics import depth_of_median

Statistic = Literal["mean", "iqm", "median"]
DEFAULT_STATISTIC: Statistic = "median"  # for differences of paired seeds: its coverage depends least on what they are
DRAWS = 2000  # and as many mirror images
COLUMNS_AT_ONCE = 1000  # 32 MB of resampled statistics


@attrs.frozen
class Interval:
    """An estimate, and between what the truth lies with the confidence that was asked for."""

    estimate: float
    low: float
    high: float


def interval(values: ArrayLike, statistic: Statistic = DEFAULT_STATISTIC, confidence: float = 0.95) -> Interval | None:
    """The interval of a statistic of the distribution that the values come from.

    Of the median: between ordered values, which is right whatever the distribution is. Of the inter-quartile mean:
    percentiles of a bootstrap, further out than usual, where Student's t has the place of the normal distribution.

    Args:
        values: An (n,) array: values, or differences of paired seeds.
        statistic: ``"mean"`` has no interval: with skewed differences and 5 to 50 seeds each one that is known holds
            the mean too rarely.
        confidence: How often it holds the true value.

    Returns:
        ``None`` where no interval holds the truth often enough: of the mean, and with fewer than five values (of the
        inter-quartile mean, six) at a confidence of 0.95. Also where the estimate is not finite and, for the
        inter-quartile mean, where any value is infinite; an end of the interval of a median may be infinite. The same
        values always have the same interval.

    Raises:
        ValueError: If a value is NaN, the statistic is unknown, or the confidence is not between 0 and 1.

    References:
        Hettmansperger and Sheather, Confidence Intervals Based on Interpolated Order Statistics, Statistics and
        Probability Letters 1986; Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician
        2015, which expands percentiles for small samples.

    Example:
        >>> interval([-0.3, -0.1, -0.2, -0.5, 0.1])
        Interval(estimate=-0.2, low=-0.5, high=0.1)
    """
    return intervals(without_nan(values, "values", 1)[:, None], statistic, confidence)[0]


def intervals(
    values: ArrayLike, statistic: Statistic = DEFAULT_STATISTIC, confidence: float = 0.95
) -> tuple[Interval | None, ...]:
    """The interval of each column of an (n, m) array, as :func:`interval` has it; a second for 10,000 columns."""
    ordered = np.sort(without_nan(values, "values", 2), axis=0)
    n, m = ordered.shape
    depth = depth_of_median(n, probability(confidence, "confidence"))
    if statistic not in ("mean", "iqm", "median"):
        raise ValueError(f"statistic={statistic!r} must be 'mean', 'iqm' or 'median'.")
    # With five values it is the interval from the smallest to the largest. Of two modes that are not equally frequent
    # that holds the inter-quartile mean in 91 % only, since the mean lies further out than the median.
    is_short_of_it = statistic == "iqm" and 1 - 2.0 ** (1 - n) < confidence
    if statistic == "mean" or depth is None or is_short_of_it:
        return (None,) * m
    if statistic == "median":
        estimates = median(ordered, axis=0)
        lows, highs = depth.ends(ordered)
    else:
        ordered = np.where(np.isfinite(ordered).all(axis=0), ordered, np.nan)
        estimates = iqm(ordered, axis=0)
        lows, highs = _expanded_percentiles(ordered, confidence)
    return tuple(
        Interval(estimate, low, high) if np.isfinite(estimate) else None
        for estimate, low, high in zip(estimates.tolist(), lows.tolist(), highs.tolist(), strict=True)
    )


def _expanded_percentiles(
    ordered: NDArray[np.float64], confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n, m = ordered.shape
    tail = special.ndtr(special.stdtrit(n - 1, (1 - confidence) / 2))
    weights = _resampled_weights(n)
    ends = np.empty((2, m))
    for first in range(0, m, COLUMNS_AT_ONCE):
        columns = slice(first, first + COLUMNS_AT_ONCE)
        ends[:, columns] = np.quantile(weights @ ordered[:, columns], (tail, 1 - tail), axis=0)
    # Weights that sum to 1 but for rounding would make an interval of equal values that does not hold them.
    low, high = np.clip(ends, ordered[0], ordered[-1])
    return low, high


@lru_cache(maxsize=64)
def _resampled_weights(n: int) -> NDArray[np.float64]:
    """Weights of n ordered values in the inter-quartile means of resampled ones, a row for each draw.

    The weights depend on how often each value was drawn, not on the values: one matrix serves all columns.
    """
    counts = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    counts = np.concatenate([counts, counts[:, ::-1]])  # so that the interval of -x is that of x with its sign changed
    cumulative = np.concatenate([np.zeros((len(counts), 1), dtype=np.int64), np.cumsum(counts, axis=1)], axis=1)
    weights = middle_weights(cumulative)
    weights.setflags(write=False)
    return weights
