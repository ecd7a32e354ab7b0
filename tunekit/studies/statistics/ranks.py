"""Ranks of methods over benchmarks, and which of them are told apart."""

from __future__ import annotations

import math
from itertools import combinations

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tunekit.studies.statistics.checks import probability, without_nan
from tunekit.studies.statistics.paired import holm, wilcoxon
from tunekit.studies.statistics.ranking import midranks

LEAST_BENCHMARKS = 10  # with fewer, hardly any pair can be told apart, and a diagram would say that all are equal


@attrs.frozen(eq=False)
class CriticalDifference:
    """What a critical-difference diagram shows.

    Attributes:
        ranks: (k,) array: the average rank of each method, 1 is best.
        p: Of Friedman's test that all methods are equal.
        pairs: (k, k) array: p-values of each pair, adjusted by Holm's rule; 1 on the diagonal.
        cliques: The largest groups of two or more methods no two of which are told apart, best rank first, each method
            by its column. A group need not be made of neighbours in rank: differences may be less certain between
            methods whose ranks are further apart.
    """

    ranks: NDArray[np.float64]
    p: float
    pairs: NDArray[np.float64]
    cliques: tuple[tuple[int, ...], ...]


def average_ranks(losses: ArrayLike) -> NDArray[np.float64]:
    """The average rank of each method over benchmarks, 1 for the lowest loss; ties have the mean of their ranks.

    Args:
        losses: An (n_benchmarks, k) array, a column for each method.

    Returns:
        A (k,) array; NaN without benchmarks.

    Raises:
        ValueError: If a loss is NaN.
    """
    ranks = _ranks(without_nan(losses, "losses", 2))
    return ranks.mean(axis=0) if len(ranks) else np.full(ranks.shape[1], np.nan)


def friedman(losses: ArrayLike) -> float:
    """The p-value of Friedman's test that all methods are equal, by Iman and Davenport, corrected for ties.

    Args:
        losses: An (n_benchmarks, k) array, a column for each method.

    Returns:
        1 where there is nothing to tell apart: fewer than two benchmarks or methods, or ties only. Where all benchmarks
        have the same ranks, without ties, F is infinite, and p is the chance of that, (1 / k!)^(n - 1).

    Raises:
        ValueError: If a loss is NaN.

    References:
        Iman and Davenport, Approximations of the Critical Region of the Friedman Statistic, Communications in
        Statistics 1980; Conover, Practical Nonparametric Statistics, 3rd edition, section 5.8.
    """
    ranks = _ranks(without_nan(losses, "losses", 2))
    n, k = ranks.shape
    if n < 2 or k < 2:
        return 1.0
    spread = np.sum(ranks**2) - n * k * (k + 1) ** 2 / 4
    between = np.sum((ranks.sum(axis=0) - n * (k + 1) / 2) ** 2) / n
    if spread == 0:
        return 1.0
    within = spread - between
    if within <= 1e-12 * spread:
        return float(math.factorial(k) ** -(n - 1.0))
    return float(special.fdtrc(k - 1, (k - 1) * (n - 1), (n - 1) * between / within))


def critical_difference(losses: ArrayLike, differences: ArrayLike, error: float = 0.05) -> CriticalDifference:
    """Which methods are told apart over benchmarks: by Wilcoxon's test for each pair, and Holm's rule over all pairs.

    Not by the distance of average ranks (Nemenyi): that makes whether two methods differ depend on which others are in
    the study. Friedman's test is reported, and decides nothing: Holm's rule keeps the error without it.

    Args:
        losses: An (n_benchmarks, k) array, a column for each method, which the ranks are of.
        differences: An (n_benchmarks, k, k) array: by how much the first method is worse than the second. The test
            compares their sizes over benchmarks, so that they have to be in a common unit; that two methods are told
            apart depends on these two alone where their differences do.
        error: Chance that any two methods are told apart that are equal.

    Raises:
        ValueError: If there are fewer than ten benchmarks, a loss or a difference is NaN, the shapes do not fit, or the
            error is not between 0 and 1.

    References:
        Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 2006; Benavoli, Corani and Mangili,
        Should We Really Use Post-Hoc Tests Based on Mean-Ranks?, JMLR 2016.
    """
    values = without_nan(losses, "losses", 2)
    n, k = values.shape
    probability(error, "error")
    if n < LEAST_BENCHMARKS:
        raise ValueError(
            f"A critical difference needs {LEAST_BENCHMARKS} benchmarks, and there are {n}. Average ranks need none: "
            "show these, or add benchmarks."
        )
    sizes = without_nan(differences, "differences", 3)
    if sizes.shape != (n, k, k):
        raise ValueError(f"Differences of {k} methods on {n} benchmarks have the shape {(n, k, k)}, not {sizes.shape}.")
    couples = list(combinations(range(k), 2))
    adjusted = holm([wilcoxon(sizes[:, i, j]) for i, j in couples])
    pairs = np.ones((k, k))
    for (i, j), p in zip(couples, adjusted, strict=True):
        pairs[i, j] = pairs[j, i] = p
    ranks = average_ranks(values)
    return CriticalDifference(ranks, friedman(values), pairs, _cliques(pairs > error, ranks))


def _ranks(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([midranks(row) for row in losses]).reshape(losses.shape)


def _cliques(alike: NDArray[np.bool_], ranks: NDArray[np.float64]) -> tuple[tuple[int, ...], ...]:
    """Maximal cliques of two or more, by the algorithm of Bron and Kerbosch (1973)."""
    place = {int(method): position for position, method in enumerate(np.argsort(ranks, kind="stable"))}
    neighbours = {i: {int(j) for j in np.flatnonzero(alike[i]) if j != i} for i in range(len(alike))}
    found: list[tuple[int, ...]] = []

    def extend(clique: set[int], candidates: set[int], done: set[int]) -> None:
        if not candidates and not done and len(clique) > 1:
            found.append(tuple(sorted(clique, key=lambda method: place[method])))
        if not candidates:
            return
        pivot = max(candidates | done, key=lambda i: len(neighbours[i] & candidates))
        for method in sorted(candidates - neighbours[pivot]):
            extend(clique | {method}, candidates & neighbours[method], done & neighbours[method])
            candidates, done = candidates - {method}, done | {method}

    extend(set(), set(neighbours), set())
    return tuple(sorted(found, key=lambda clique: [place[method] for method in clique]))
