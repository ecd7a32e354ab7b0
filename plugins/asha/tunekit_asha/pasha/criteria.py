"""When trials count as being in the same order on two rungs: the ranking criteria of the paper."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from tunekit_asha.options import PashaOptions
from tunekit_asha.pasha.measures import disagreement, rank_biased_overlap, reciprocal_rank_regret
from tunekit_asha.pasha.noise import NoisyPairs
from tunekit_asha.pasha.ranking import Floats, SharedRanking
from tunekit_core import Report

Curve = dict[int, float]  # losses by resource, in the order in which they were reported

MAX_MEDIAN_TRIALS = 200  # 20,000 distances


class Criterion(ABC):
    """Says whether trials are in the same order on two rungs.

    Attributes:
        column: What the results call its value.
        value: What it goes by, as of the last comparison.
    """

    column: ClassVar[str]
    value: float

    def begin(self, level: int, curves: Mapping[int, Curve]) -> None:
        """Two other rungs are compared from now on.

        Args:
            level: That of the lower one.
            curves: What each trial has reported so far that has not failed, by id.
        """

    def report(self, report: Report, curve: Curve) -> None:
        """A trial has reported; ``curve`` is all that it has reported so far, this included."""

    def remove(self, trial_id: int) -> None:
        """A trial has failed."""

    @abstractmethod
    def is_same_order(self, ranking: SharedRanking) -> bool:
        """Compare the two rungs. Constant time where neither reports nor the ranking are new.

        Args:
            ranking: The trials that are on both.
        """


class SoftRanking(Criterion):
    """Trials that differ by no more than epsilon count as equal. This one is given epsilon.

    Args:
        epsilon: What it is at first.
    """

    column: ClassVar[str] = "pasha_epsilon"

    def __init__(self, epsilon: float = 0.0) -> None:
        self.value = epsilon

    def is_same_order(self, ranking: SharedRanking) -> bool:
        epsilon = self.epsilon(ranking)
        if epsilon is not None:
            self.value = epsilon
        return ranking.measure(disagreement) <= self.value

    def epsilon(self, ranking: SharedRanking) -> float | None:
        """Epsilon for now; ``None`` to keep the last one."""
        return None


class Spread(SoftRanking):
    """A measure of how much losses on the lower rung differ, times a factor; 0 of less than two. Finite ones count.

    Args:
        measure: Of at least two losses, best first.
        scaling: The factor.
    """

    def __init__(self, measure: Callable[[Floats], float], scaling: float) -> None:
        super().__init__()
        self._measure = measure
        self._scaling = scaling

    def epsilon(self, ranking: SharedRanking) -> float:
        return ranking.measure(self._spread)

    def _spread(self, ranking: SharedRanking) -> float:
        finite = ranking.lower[: ranking.lower.searchsorted(np.inf)]
        with np.errstate(over="ignore"):
            return self._measure(finite) * self._scaling if len(finite) > 1 else 0.0


class Noise(SoftRanking):
    """What the trials themselves show of noise, as :class:`NoisyPairs` has it."""

    def __init__(self) -> None:
        super().__init__()
        self._pairs = NoisyPairs(above=0)

    def begin(self, level: int, curves: Mapping[int, Curve]) -> None:
        self._pairs = NoisyPairs(above=level)
        for trial_id, curve in curves.items():
            if max(curve) > level:
                self._pairs.add(trial_id, curve)

    def report(self, report: Report, curve: Curve) -> None:
        if report.resource <= self._pairs.above:
            return
        if report.trial_id in self._pairs:
            self._pairs.report(report.trial_id, report.resource, report.losses[0])
        else:
            self._pairs.add(report.trial_id, curve)

    def remove(self, trial_id: int) -> None:
        if trial_id in self._pairs:
            self._pairs.remove(trial_id)

    def epsilon(self, ranking: SharedRanking) -> float | None:
        return self._pairs.epsilon


class Score(Criterion):
    """A measure of the two orders as a whole keeps to a threshold.

    Args:
        measure: How much they agree, or differ.
        keeps_to: Whether a score and the threshold, in this order, mean that the order is the same.
        threshold: The threshold.
    """

    column: ClassVar[str] = "pasha_score"

    def __init__(
        self,
        measure: Callable[[SharedRanking], float],
        keeps_to: Callable[[float, float], bool],
        threshold: float,
    ) -> None:
        self.value = measure(SharedRanking())
        self._measure = measure
        self._keeps_to = keeps_to
        self._threshold = threshold

    def is_same_order(self, ranking: SharedRanking) -> bool:
        self.value = ranking.measure(self._measure)
        return self._keeps_to(self.value, self._threshold)


def standard_deviation(losses: Floats) -> float:
    """The standard deviation of losses of any size."""
    # Around 1 their squares and their sum are finite; powers of two change no digit.
    exponent = np.frexp(np.abs(losses).max())[1]
    return float(np.ldexp(np.std(np.ldexp(losses, -exponent)), exponent))


def mean_distance(losses: Floats) -> float:
    """The mean distance of two different ones among losses in order."""
    n = len(losses)
    # Loss i is the larger one in i pairs and the smaller one in n - 1 - i. Measured from the middle, less cancels.
    return float(np.sum((2 * np.arange(n) - (n - 1)) * (losses - losses[n // 2])) * 2 / (n * (n - 1)))


def median_distance(losses: Floats) -> float:
    """The median distance of two different ones among losses in order; of more than 200, as many evenly chosen."""
    n = len(losses)
    if n > MAX_MEDIAN_TRIALS:
        losses = losses[np.linspace(0, n - 1, MAX_MEDIAN_TRIALS).round().astype(int)]
    low, high = np.triu_indices(len(losses), 1)
    return float(np.median(losses[high] - losses[low]))


def criterion_of(options: PashaOptions) -> Criterion:
    """The criterion that the options choose."""
    scaling = _given(options.epsilon_scaling, 1.0)
    place_weight = _given(options.place_weight, 0.5)
    match options.ranking_criterion:
        case "soft_ranking":
            return SoftRanking(_given(options.epsilon, 0.0))
        case "soft_ranking_std":
            return Spread(standard_deviation, scaling)
        case "soft_ranking_mean_dst":
            return Spread(mean_distance, scaling)
        case "soft_ranking_median_dst":
            return Spread(median_distance, scaling)
        case "soft_ranking_auto":
            return Noise()
        case "rbo":
            overlap = partial(rank_biased_overlap, place_weight=place_weight)
            return Score(overlap, operator.ge, _given(options.threshold, 0.5))
        case "rrr" | "arrr" as name:
            regret = partial(reciprocal_rank_regret, place_weight=place_weight, absolute=name == "arrr")
            return Score(regret, operator.le, _given(options.threshold, 0.05))


def _given(value: float | None, default: float) -> float:
    return default if value is None else value
