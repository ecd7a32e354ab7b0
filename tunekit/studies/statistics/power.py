"""How many more seeds would settle a comparison, as a range, since the size of the effect is itself uncertain.

| symbol | is |
|---|---|
| d | differences of the seeds that there are, n of them |
| k | number of further seeds |
| D | differences of further seeds: those that there are, moved to an end of the interval of the effect |
| W | Wilcoxon's sum of positive ranks, of all n + k: the number of pairs, each with itself too, whose sum is positive |
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tunekit.studies.statistics.checks import probability, without_nan
from tunekit.studies.statistics.paired import level_of_first, wilcoxon, with_another_rank

MOST = 200  # further seeds that are looked at
CONFIDENCE = 0.9  # of the interval of the effect
MOST_SEEDS = 100  # that there are; what so many leave open is no matter of a few more


def seeds_to_settle(
    differences: ArrayLike, n_hypotheses: int, error: float = 0.05, power: float = 0.8
) -> tuple[int, int] | None:
    """From how many to how many further seeds would probably make Wilcoxon's test of these differences significant.

    The effect lies in a 90 % interval (Hodges and Lehmann's, the pairwise means that the test inverts to). Further
    differences are taken to be like those that there are, moved to either end of it. For each end, the range has the
    least number of further seeds with which the test of all seeds together is significant with a chance of ``power``,
    given the differences that there are: its statistic has a mean and a variance in closed form and is taken as normal.

    Args:
        differences: An (n,) array of paired differences, of either sign.
        n_hypotheses: How many comparisons share the error: the test has to reach the level that Holm's rule asks of the
            smallest p-value, the worst case.
        error: Chance of one or more false claims over all comparisons.
        power: How probable "probably" is.

    Returns:
        The least and the most further seeds; (0, 0) where the test is significant already. ``None`` where that cannot
        be foretold: with fewer than five seeds or more than 100, where the interval of the effect holds zero, so that
        no number might do, where the range would go beyond 200, and where a difference is infinite.

    Raises:
        ValueError: If a difference is NaN, there is no hypothesis, or error or power are not between 0 and 1.

    References:
        Hodges and Lehmann, Estimates of Location Based on Rank Tests, Annals of Mathematical Statistics 1963; Noether,
        Sample Size Determination for Some Common Nonparametric Tests, Journal of the American Statistical Association
        1987, for the power by the number of positive pairwise sums.
    """
    values = without_nan(differences, "differences", 1)
    level = level_of_first(n_hypotheses, error)
    probability(power, "power")
    if wilcoxon(values) <= level:
        return 0, 0
    if not np.isfinite(values).all() or len(values) > MOST_SEEDS:
        return None
    effect = _interval_of_effect(values)
    if effect is None or effect[1] <= 0 <= effect[2]:
        return None
    centre, low, high = effect
    if centre < 0:
        values, centre, low, high = -values, -centre, -high, -low
    spread = (values - centre) * np.sqrt(len(values) / (len(values) - 1))  # a sample lies closer to its own centre
    least, most = (_further_seeds(values, spread + end, level, power) for end in (high, low))
    return None if least is None or most is None else (min(least, most), max(least, most))


def _interval_of_effect(values: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """The Hodges-Lehmann estimate and its interval, between ordered means of pairs."""
    i, j = np.triu_indices(len(values))
    means = np.sort((values[i] + values[j]) / 2)
    outside = 2 * np.cumsum(_chances_of_sums(len(values))) <= 1 - CONFIDENCE
    if not outside[0]:
        return None
    left_out = int(np.count_nonzero(outside)) - 1  # the interval has coverage 1 - 2 P(W <= left_out)
    return float(np.median(means)), float(means[left_out]), float(means[-left_out - 1])


def _further_seeds(d: NDArray[np.float64], D: NDArray[np.float64], level: float, power: float) -> int | None:
    """The least number of further seeds with which the test is significant, and positive, with this power."""
    n, k = len(d), np.arange(1, MOST + 1)
    known = np.sum(_positive(d[:, None] + d)[np.triu_indices(n)])
    with_known = _positive(D[:, None] + d).sum(axis=1) + _positive(D)  # what one further seed adds, among n and itself
    each_other = _positive(D[:, None] + D).mean(axis=1)  # chance that its sum with another further seed is positive
    chance = each_other.mean()
    mean = known + k * with_known.mean() + k * (k - 1) / 2 * chance
    added = with_known + (k[:, None] - 1) * each_other
    pairs_alone = max(0.0, chance * (1 - chance) - 2 * each_other.var())
    variance = k * added.var(axis=1) + k * (k - 1) / 2 * pairs_alone
    critical = _critical_sums(level)[n + k]
    reached = special.ndtr((mean - critical + 0.5) / np.sqrt(np.maximum(variance, 1e-9)))
    enough = np.flatnonzero(reached >= power)
    return int(k[enough[0]]) if len(enough) else None


def _positive(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return (sums > 0) + 0.5 * (sums == 0)


@lru_cache(maxsize=64)
def _chances_of_sums(n: int) -> NDArray[np.float64]:
    chances = np.ones(1)
    for rank in range(1, n + 1):
        chances = with_another_rank(chances, rank)
    return chances


@lru_cache(maxsize=32)
def _critical_sums(level: float) -> NDArray[np.float64]:
    """By n, the least sum of positive ranks that is significant; infinite where none is."""
    critical = np.full(MOST_SEEDS + MOST + 1, np.inf)
    chances = np.ones(1)
    for n in range(1, len(critical)):
        chances = with_another_rank(chances, n)
        beyond = np.cumsum(chances[::-1])  # from the largest sum down
        significant = int(np.count_nonzero(2 * beyond <= level))
        if significant:
            critical[n] = len(chances) - significant
    return critical
