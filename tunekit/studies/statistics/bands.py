"""A band that holds the median difference of two methods at all times at once, so that "from then on" may be said.

| symbol | is |
|---|---|
| n | number of seeds |
| m | number of times |
| d | depth: at each time, the band goes from the d-th smallest difference to the d-th largest |
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunekit.studies.statistics.aggregates import median
from tunekit.studies.statistics.checks import probability, without_nan
from tunekit.studies.statistics.order_statistics import depth_between

DRAWS = 2000
LEAST_SEEDS = 10  # with nine, what so few paths show is too uncertain: 93 to 94 % are held
ENUMERATED_UP_TO = 11  # seeds: 1,024 changes of signs, which are all


@attrs.frozen(eq=False)
class Band:
    """An estimate at each time, and between what all true values lie with the confidence that was asked for.

    Attributes:
        estimate: (m,) array, the median; NaN where the middle two differences are infinite and of opposite signs.
        low: (m,) array.
        high: (m,) array.
    """

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def negated(self) -> Band:
        """The band of the differences with their signs changed: of the second method less the first."""
        return Band(-self.estimate, -self.high, -self.low)


def simultaneous_band(differences: ArrayLike, confidence: float = 0.95) -> Band | None:
    """A band for the median of paired differences over time.

    It misses the true median at some time if more than n - d differences lie on one side of it there. How many lie on
    one side over time depends on signs alone, not on how large differences are. Signs about the sample median, with
    each seed's whole path of signs turned or not at random, show how large the greatest majority over all times is. The
    depth d follows from that, the same at all times, and between two depths as for the interval of a median. Paths are
    turned as a whole, so that it does not matter how much the differences of one seed at several times have to do with
    each other, nor whether times stand for the same values twice. Differences that are equal to the median are on
    neither side: before anything differs the band has no width.

    Args:
        differences: An (n, m) array, a row for each seed.
        confidence: How often the band holds the true median at all times.

    Returns:
        ``None`` with fewer than ten seeds, where even the band from the smallest to the largest difference may miss it
        too often, and where there are no times. An end between infinite differences is infinite. The same differences
        always have the same band.

    Raises:
        ValueError: If a difference is NaN, or the confidence is not between 0 and 1.

    References:
        The idea of a majority over time follows simultaneous confidence bands by the maximum of a process, as in
        Montiel Olea and Plagborg-Moller, Simultaneous Confidence Bands, Journal of Applied Econometrics 2019; the
        turned signs are those of the wild bootstrap, Wu, Annals of Statistics 1986.
    """
    values = without_nan(differences, "differences", 2)
    n, m = values.shape
    probability(confidence, "confidence")
    if n < LEAST_SEEDS or m == 0:
        return None
    estimate = median(values, axis=0)
    depth = depth_between(_coverages(_sides(values, estimate)), n, confidence)
    if depth is None:
        return None
    low, high = depth.ends(np.sort(values, axis=0))
    return Band(estimate, low, high)


def better_from(band: Band, times: ArrayLike) -> float | None:
    """The first time from which on the band lies below zero to the end: from then on the first method is better.

    Whether the second is, ``band.negated()`` tells.

    Args:
        band: Of differences of losses.
        times: (m,) array, increasing, those of the band.

    Returns:
        ``None`` where the band does not lie below zero at the end.

    Raises:
        ValueError: If there are not as many times as the band has.
    """
    grid = without_nan(times, "times", 1)
    if len(grid) != len(band.high):
        raise ValueError(f"The band has {len(band.high)} times, and {len(grid)} are given: they must be the same.")
    not_below = np.flatnonzero(~(band.high < 0))
    first = int(not_below[-1]) + 1 if len(not_below) else 0
    return float(grid[first]) if first < len(grid) else None


def _sides(values: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """On which side of the centre each value lies: -1, 0 or 1.

    Of an odd number of values, the middle one is the centre itself. About the true median it would have a side: it
    stays on the one where the same seed is at the time before, or else at the next one.
    """
    sides = (values > centre).astype(np.float64) - (values < centre)
    if len(values) % 2 == 0:
        return sides
    is_alone = np.count_nonzero(sides == 0, axis=0) == 1  # several of them are ties, and true
    for column in np.flatnonzero(is_alone):
        seed = int(np.flatnonzero(sides[:, column] == 0)[0])
        before, after = sides[seed, :column], sides[seed, column:]
        known = np.concatenate([before[::-1], after])  # the nearest first
        known = known[known != 0]
        sides[seed, column] = known[0] if len(known) else 1.0
    return sides


def _coverages(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often at most n - d differences lie on one side, at all times, for d from 1 to n // 2."""
    n = len(sides)
    # A majority that lasts is one majority. Sums of signs are whole numbers, which half the digits hold.
    paths = np.unique(sides, axis=1).astype(np.float32)
    majority = ((np.abs(_turns(n) @ paths) + np.abs(paths).sum(axis=0)) / 2).max(axis=1)
    return np.array([np.mean(majority <= n - d) for d in range(1, n // 2 + 1)])


@lru_cache(maxsize=64)
def _turns(n: int) -> NDArray[np.float32]:
    """Signs with which the paths of n seeds are multiplied, a row for each draw; all of them where there are few."""
    if n <= ENUMERATED_UP_TO:  # the first seed is never turned: turning all changes no majority
        turns = np.array([(1, *rest) for rest in product((1, -1), repeat=n - 1)], dtype=np.float32)
    else:
        turns = np.random.default_rng(0).choice((-1.0, 1.0), size=(DRAWS, n)).astype(np.float32)
    turns.setflags(write=False)
    return turns
