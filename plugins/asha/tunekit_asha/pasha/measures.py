"""How much the orders of the same trials on two rungs differ, or agree. Each takes linear time.

=====  =======================================================================
n      how many trials there are
d      a depth: the first d of an order are looked at, from 1 to n
p      ``place_weight``: how much each place counts, times the one before it
=====  =======================================================================
"""

from __future__ import annotations

import numpy as np

from tunekit_asha.pasha.ranking import Floats, SharedRanking


def disagreement(ranking: SharedRanking) -> float:
    """How much a trial can differ, on the lower rung, from the one whose place it has on the upper rung.

    With any epsilon from this upwards, each trial on the upper rung is among those that its place had within epsilon on
    the lower one. 0: the order is the same. Infinity: one of the two losses was not finite.
    """
    had_this_place = ranking.lower[ranking.places]
    moved = ranking.lower != had_this_place
    with np.errstate(over="ignore"):
        apart = np.abs(ranking.lower[moved] - had_this_place[moved])
    return float(apart.max(initial=0.0))


def rank_biased_overlap(ranking: SharedRanking, place_weight: float) -> float:
    """The mean, over all d, of the share of trials that are among the first d on both rungs, weighted by p^(d - 1).

    Equal orders have 1, and so have less than two trials.

    Unlike the paper's own code, this divides by the sum of the weights. There, equal orders of two trials have 0.19
    with p = 0.9, so that a threshold means something else for every n.

    References:
        Webber, Moffat, Zobel, A Similarity Measure for Indefinite Rankings, TOIS 2010.
    """
    n = len(ranking.places)
    if n < 2:
        return 1.0
    joins_at = np.maximum(ranking.places, np.arange(n))  # from this depth on, a trial is among the first of both
    n_shared = np.bincount(joins_at, minlength=n).cumsum()
    return _weighted_mean(n_shared / np.arange(1, n + 1), place_weight)


def reciprocal_rank_regret(ranking: SharedRanking, place_weight: float, *, absolute: bool) -> float:
    """How much worse, on the upper rung, trials are in the order of the lower one.

    At each place it is the loss of the trial that has it on the lower rung, less that of the trial that has it on the
    upper one, divided by the size of the latter; the mean is weighted by p^(d - 1). Equal orders have 0, and so have
    less than two trials. Infinity: at some place the two differ and cannot be divided, since the latter is 0 or one of
    them is infinite.

    Unlike the paper's own code, this divides by the size of a loss rather than by the loss, so that a regret is one
    whether metrics are positive or negative.

    Args:
        ranking: The trials.
        place_weight: p.
        absolute: Whether a place with a better trial than it has on the upper rung adds to the mean as well.
    """
    if len(ranking.places) < 2:
        return 0.0
    best, taken = ranking.upper, ranking.upper[ranking.places]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        regret = np.where(taken == best, 0.0, (taken - best) / np.abs(best))
        mean = _weighted_mean(np.abs(regret) if absolute else regret, place_weight)
    return mean if np.isfinite(mean) else np.inf


def _weighted_mean(by_place: Floats, place_weight: float) -> float:
    factors = np.full(len(by_place), place_weight)
    factors[0] = 1.0
    weights = factors.cumprod()  # with ** this takes ten times as long where powers are too small for a number
    return float((by_place * weights).sum() / weights.sum())
