"""How far apart two trials may be and still count as equal: the ranking criteria of the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from tunekit_asha.options import PashaOptions
from tunekit_asha.pasha.noise import NoisyPairs
from tunekit_core import Report

Floats = npt.NDArray[np.float64]
Curve = dict[int, float]  # losses by resource, in the order in which they were reported

MAX_MEDIAN_TRIALS = 200  # 20,000 distances


class Criterion:
    """Says what epsilon is. This one is given it."""

    def __init__(self, epsilon: float = 0.0) -> None:
        self._epsilon = epsilon

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

    def epsilon(self, losses: Floats) -> float | None:
        """Epsilon for now; ``None`` to keep the last one. Constant time where neither reports nor losses are new.

        Args:
            losses: On the lower rung, those of the trials that are on both, best first; the same array until one
                comes or goes.
        """
        return self._epsilon


class Spread(Criterion):
    """A measure of how much losses on the lower rung differ, times a factor; 0 of less than two. Finite ones count.

    Args:
        measure: Of at least two losses, best first.
        scaling: The factor.
    """

    def __init__(self, measure: Callable[[Floats], float], scaling: float) -> None:
        super().__init__()
        self._measure = measure
        self._scaling = scaling
        self._measured: Floats | None = None

    def epsilon(self, losses: Floats) -> float:
        if losses is not self._measured:
            self._measured = losses
            finite = losses[: losses.searchsorted(np.inf)]
            with np.errstate(over="ignore"):
                self._epsilon = self._measure(finite) * self._scaling if len(finite) > 1 else 0.0
        return self._epsilon


class Noise(Criterion):
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

    def epsilon(self, losses: Floats) -> float | None:
        return self._pairs.epsilon


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
    scaling = 1.0 if options.epsilon_scaling is None else options.epsilon_scaling
    match options.ranking_criterion:
        case "soft_ranking":
            return Criterion(options.epsilon or 0.0)
        case "soft_ranking_std":
            return Spread(lambda losses: float(np.std(losses)), scaling)
        case "soft_ranking_mean_dst":
            return Spread(mean_distance, scaling)
        case "soft_ranking_median_dst":
            return Spread(median_distance, scaling)
        case "soft_ranking_auto":
            return Noise()
