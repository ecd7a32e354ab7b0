"""Paired differences that are looked at several times while seeds are added: a test, and an interval of the median.

| symbol | is |
|---|---|
| d | differences of the seeds so far, in the order in which the seeds are run |
| n | number of seeds at a look; the last is the cap |
| score | weight of a difference, a whole number: its rank at the first look that it is part of |
| S | sum of the scores of differences above zero; if signs are coins, its distribution is known |
| A | sum of all scores: S is as far from its mean as S from A - S |
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunekit.studies.statistics.aggregates import median
from tunekit.studies.statistics.checks import probability, without_nan
from tunekit.studies.statistics.intervals import Interval
from tunekit.studies.statistics.paired import with_another_rank
from tunekit.studies.statistics.ranking import midranks

MOST_SEEDS = 200
SCHEDULE = (6, 8, 10, 14, 20, 28, 40, 56, 80, 112, 160)  # each about 1.4 times the one before
ROUNDING = 1e-15


@attrs.frozen
class Look:
    """What a look at the first n differences says.

    Attributes:
        n_seeds: How many differences there are.
        p: Of the signed ranks at this look by itself, two-sided; it is not corrected for looks.
        level: The largest p at which the two are told apart here; 0 where no differences of such sizes could be.
        is_told_apart: Whether p is at most the level.
        first_is_lower: Whether the signed ranks are for the first of the two that were compared.
    """

    n_seeds: int
    p: float
    level: float
    is_told_apart: bool
    first_is_lower: bool


def take_looks(differences: ArrayLike, looks: Sequence[int], error: float = 0.05) -> tuple[Look, ...]:
    """Look at differences after some numbers of seeds that were fixed beforehand, until the two are told apart.

    The chance of ever telling apart two that are equal is at most the error, over all looks together: if changing the
    sign of any difference makes nothing less probable, then signs are coins, whatever the sizes are, and the chance is
    computed exactly from the sizes that there are. Ties, zeros and skewed sizes need no approximation. By look n it is
    at most ``error * log(1 + (e - 1) n / cap)``: the spending function of Lan and DeMets that is like Pocock's bounds,
    which stops large differences early. What the steps of the distribution leave unspent, a later look may spend.

    The test at each look is that of signed ranks, zeros by Pratt; with one look it is :func:`wilcoxon`. Unlike there, a
    difference keeps the rank that it has when it first counts, as a share of all: so the sum of ranks only grows, and
    its distribution over all looks is exact. Re-ranking at each look gains little and needs resampling.

    Args:
        differences: An (n,) array in the order in which the seeds were run, first less second. Later looks than n are
            not taken; differences beyond the last look taken do not count.
        looks: Numbers of seeds, increasing; the last is the cap.
        error: Chance of telling apart what is equal.

    Returns:
        The looks in order. Only the last can have told apart.

    Raises:
        ValueError: If a difference is NaN, looks do not increase from at least 1 to at most 200, or the error is not
            between 0 and 1.

    References:
        Lan and DeMets, Discrete Sequential Boundaries for Clinical Trials, Biometrika 1983; Pratt, Remarks on Zeros and
        Ties in the Wilcoxon Signed Rank Procedures, Journal of the American Statistical Association 1959.

    Example:
        >>> for look in take_looks([-3.0, -1.0, -2.0, -5.0, -4.0, -6.0, -9.0, -7.0], [6, 8, 10, 14, 20, 28, 40]):
        ...     print(f"{look.n_seeds} seeds, p = {look.p:.2g} of {look.level:.2g} needed")
        6 seeds, p = 0.031 of 0 needed
        8 seeds, p = 0.0078 of 0.0078 needed
    """
    values = without_nan(differences, "differences", 1)
    _check(looks, error)
    taken: list[Look] = []
    for stage in _stages([*_scores(values, looks)], looks, error):
        positive = int(stage.scores[values[: stage.n] > 0].sum())
        p = stage.p(abs(2 * positive - stage.total))
        told_apart = abs(2 * positive - stage.total) >= stage.bound
        taken.append(Look(stage.n, p, stage.p(stage.bound), told_apart, 2 * positive < stage.total))
        if told_apart:
            break
    return tuple(taken)


def interval_at_look(values: ArrayLike, looks: Sequence[int], confidence: float = 0.95) -> Interval | None:
    """An interval of the median that holds it at all looks at once, and so at whichever one stops at.

    Between two of the values in order. How many values lie below the true median is a matter of coins; the chance that
    there are too many or too few at any look is spent as that of :func:`take_looks` is, which makes the interval wider
    than one that is looked at once.

    Args:
        values: An (n,) array with as many values as one of the looks.
        looks: As for :func:`take_looks`.
        confidence: How often it holds the true value.

    Returns:
        ``None`` where so few values have no such interval.

    Raises:
        ValueError: If a value is NaN, there is no look with so many, or as for :func:`take_looks`.

    References:
        Jennison and Turnbull, Interim Analyses: The Repeated Confidence Interval Approach, Journal of the Royal
        Statistical Society B 1989.
    """
    ordered = np.sort(without_nan(values, "values", 1))
    _check(looks, 1 - confidence)
    n = len(ordered)
    if n not in looks:
        raise ValueError(f"There is no look with {n} values: looks={list(looks)}.")
    ones = [np.ones(each, dtype=np.int64) for each in np.diff([0, *looks])]
    stage = next(each for each in _stages(ones, looks, 1 - confidence) if each.n == n)
    least = (n - stage.bound) // 2 + 1  # values that are at least below the median, and as many above it
    if least < 1:
        return None
    return Interval(float(median(ordered)), float(ordered[least - 1]), float(ordered[n - least]))


def default_looks(cap: int, error: float = 0.05) -> tuple[int, ...]:
    """Looks at 6, 8, 10, 14, 20, 28, 40 … seeds, each about 1.4 times the one before, up to the cap.

    Those at which nothing could be told apart yet are left out. More looks than these save hardly any seeds.

    Raises:
        ValueError: If with so small a cap no look could tell anything apart, or as for :func:`take_looks`.
    """
    looks = [n for n in SCHEDULE if n < cap and can_tell_apart(n, cap, error)]
    _check([*looks, cap], error)
    if not can_tell_apart(cap, cap, error):
        raise ValueError(f"cap={cap}: with so few seeds nothing can be told apart at an error of {error:g}.")
    return (*looks, cap)


def can_tell_apart(n: int, cap: int, error: float = 0.05) -> bool:
    """Whether a look could tell apart the two with the best of differences, all of one sign and of distinct sizes."""
    return 2.0 ** (1 - n) <= _spent(n, cap, error)


def _check(looks: Sequence[int], error: float) -> None:
    probability(error, "error")
    increase = all(before < after for before, after in pairwise([0, *looks]))
    if not looks or not increase or looks[-1] > MOST_SEEDS:
        raise ValueError(f"looks={list(looks)} must increase from at least 1 to at most {MOST_SEEDS} seeds.")


def _spent(n: int, cap: int, error: float) -> float:
    return error * math.log1p((math.e - 1) * n / cap)


def _scores(values: NDArray[np.float64], looks: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Of each look that the values suffice for, the scores of those that are new in it."""
    before = 0
    for n in looks:
        if n > len(values):
            return
        ranks = midranks(np.abs(values[:n]))[before:]
        # At the last look twice the ranks, which are whole numbers with ties too; before, as large a share of all.
        scores = np.rint(2 * ranks * ((looks[-1] + 1) / (n + 1))).astype(np.int64)
        yield np.where(values[before:n] == 0, 0, scores)
        before = n


@attrs.frozen(eq=False)
class _Stage:
    """A look, before the signs are known.

    Attributes:
        n: Number of seeds.
        scores: (n,) array.
        total: Their sum, A.
        chances: Chance of each S from 0 to A, whatever was said before.
        bound: The least distance of S from A - S that tells apart; A + 1 where none does.
    """

    n: int
    scores: NDArray[np.int64]
    total: int
    chances: NDArray[np.float64]
    bound: int

    def p(self, distance: int) -> float:
        """Chance of a distance that is as large."""
        far = np.abs(2 * np.arange(self.total + 1) - self.total) >= distance
        return float(min(1.0, self.chances[far].sum()))


def _stages(new_scores: Sequence[NDArray[np.int64]], looks: Sequence[int], error: float) -> Iterator[_Stage]:
    """Each look that there are scores for, with its bound.

    Chances are multiples of powers of one half, so that they are exact up to 50 seeds.
    """
    chances, going_on = np.ones(1), np.ones(1)  # the second without what was told apart before
    scores = np.zeros(0, dtype=np.int64)
    spent = 0.0
    for n, new in zip(looks, new_scores, strict=False):
        scores = np.concatenate([scores, new])
        for score in new.tolist():
            chances, going_on = with_another_rank(chances, score), with_another_rank(going_on, score)
        total = int(scores.sum())
        distances = np.abs(2 * np.arange(total + 1) - total)
        at_least = np.cumsum(np.bincount(distances, going_on)[::-1])[::-1]
        allowed = np.flatnonzero(at_least <= _spent(n, looks[-1], error) - spent + ROUNDING)
        bound = max(1, int(allowed[0])) if len(allowed) else total + 1
        yield _Stage(n, scores, total, chances, bound)
        is_out = distances >= bound
        spent += float(going_on[is_out].sum())
        going_on = np.where(is_out, 0.0, going_on)
