"""Tests of paired differences: Wilcoxon's signed ranks, Holm's rule for several of them, and how many seeds they take.

| symbol | is |
|---|---|
| n | number of differences, a pair of equal seeds each |
| m | number of hypotheses |
| W | sum of the ranks of positive differences |
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tunekit.studies.statistics.checks import probability, without_nan
from tunekit.studies.statistics.ranking import midranks

EXACT_UP_TO = 200  # differences other than zero; 10 milliseconds


def wilcoxon(differences: ArrayLike) -> float:
    """The two-sided p-value of Wilcoxon's signed-rank test, exact with ties and zeros too.

    Zeros by Pratt: they have ranks, which count for neither side. Equal sizes have the mean of their ranks. The
    distribution is that over all changes of signs of the differences that are not zero, with the ranks that there are.
    With more than 200 of those it is taken as normal, with the variance that these ranks give, and corrected for
    continuity.

    Args:
        differences: An (n,) array. Infinite ones have the highest ranks.

    Returns:
        1 where all are zero, or there are none.

    Raises:
        ValueError: If a difference is NaN.

    References:
        Wilcoxon, Individual Comparisons by Ranking Methods, Biometrics Bulletin 1945; Pratt, Remarks on Zeros and Ties
        in the Wilcoxon Signed Rank Procedures, Journal of the American Statistical Association 1959.

    Example:
        >>> wilcoxon([-3.0, -1.0, -2.0, -5.0, -4.0])  # all of five
        0.0625
    """
    values = without_nan(differences, "differences", 1)
    counted = values != 0
    if not counted.any():
        return 1.0
    doubled = np.rint(2 * midranks(np.abs(values))[counted]).astype(np.int64)  # whole numbers with ties too
    total = int(doubled.sum())
    distance = abs(2 * int(doubled[values[counted] > 0].sum()) - total)  # four times that of W from its mean
    if len(doubled) > EXACT_UP_TO:
        deviation = 2 * np.sqrt(np.sum(doubled.astype(np.float64) ** 2) / 4)
        step = 1 if (doubled % 2).any() else 2  # half of the smallest distance between two sums of ranks
        return float(min(1.0, 2 * special.ndtr(-max(0.0, distance - step) / deviation)))
    chances = _chances_of_sums(tuple(np.sort(doubled).tolist()))
    far = np.abs(2 * np.arange(total + 1) - total) >= distance
    return float(min(1.0, chances[far].sum()))


@lru_cache(maxsize=256)
def _chances_of_sums(doubled: tuple[int, ...]) -> NDArray[np.float64]:
    """Chance of each sum of those doubled ranks whose sign is positive, if each is with a chance of one half."""
    chances = np.ones(1)
    for rank in doubled:
        chances = with_another_rank(chances, rank)
    chances.setflags(write=False)
    return chances


def with_another_rank(chances: NDArray[np.float64], rank: int) -> NDArray[np.float64]:
    """Chances of the sums of positive ranks from 0 on, with one more rank among them."""
    longer = np.zeros(len(chances) + rank)
    longer[: len(chances)] = chances / 2
    longer[rank:] += chances / 2
    return longer


def share_of_ranks(differences: ArrayLike) -> float:
    """How much of all signed ranks, as :func:`wilcoxon` has them, is of differences below zero: from 0 to 1.

    Args:
        differences: An (n,) array. Above one half, the test is for the first of the two that were compared.

    Returns:
        One half where all are zero, or there are none.

    Raises:
        ValueError: If a difference is NaN.
    """
    values = without_nan(differences, "differences", 1)
    ranks = midranks(np.abs(values))
    total = float(ranks[values != 0].sum())
    return float(ranks[values < 0].sum()) / total if total else 0.5


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """P-values adjusted by Holm's rule: those up to an error may be called significant together, at that error.

    Args:
        p: An (m,) array, in any order.

    Returns:
        An (m,) array in the same order.

    Raises:
        ValueError: If one is NaN.

    References:
        Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    values = without_nan(p, "p", 1)
    order = np.argsort(values, kind="stable")
    multiplied = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(multiplied))
    return adjusted


def least_seeds(n_hypotheses: int, error: float = 0.05) -> int:
    """The fewest pairs with which any of so many Wilcoxon tests could be significant after Holm's rule.

    The smallest p-value of n pairs is 2 / 2^n; for one at least, it has to be at most the error over the number of
    hypotheses.

    Raises:
        ValueError: If there is no hypothesis, or the error is not between 0 and 1.

    Example:
        >>> least_seeds(28)
        11
    """
    level = level_of_first(n_hypotheses, error)
    n = 1
    while 2.0 ** (1 - n) > level:
        n += 1
    return n


def level_of_first(n_hypotheses: int, error: float) -> float:
    """The level that Holm's rule asks of the smallest p-value: the worst case for any of them.

    Raises:
        ValueError: If there is no hypothesis, or the error is not between 0 and 1.
    """
    if n_hypotheses < 1:
        raise ValueError(f"n_hypotheses={n_hypotheses} must be at least 1.")
    return probability(error, "error") / n_hypotheses
