"""Differences of paired seeds whose true values are known, and curves of random searches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, special

from tunekit.studies.statistics.intervals import Statistic

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


@attrs.frozen
class Differences:
    """A distribution of differences.

    Attributes:
        draw: Values of a shape.
        truth: The true value of each statistic.
    """

    draw: Draw
    truth: Mapping[Statistic, float]


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.normal(size=shape)


def _log_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.exp(rng.normal(size=shape))


def _modes(share: float, distance: float) -> Differences:
    """Normal about 0, and a share of the values about a distance from it."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return rng.normal(size=shape) + distance * (rng.random(shape) < share)

    def below(x: float) -> float:
        return float((1 - share) * special.ndtr(x) + share * special.ndtr(x - distance))

    def quantile(p: float) -> float:
        return float(optimize.brentq(lambda x: below(x) - p, -10, distance + 10))

    middle = 2 * integrate.quad(quantile, 0.25, 0.75)[0]
    return Differences(draw, {"mean": share * distance, "iqm": middle, "median": quantile(0.5)})


def _middle_of_log_normal() -> float:
    quartile = special.ndtri(0.75)
    return float(2 * math.exp(0.5) * (special.ndtr(quartile - 1) - special.ndtr(-quartile - 1)))


DIFFERENCES: Mapping[str, Differences] = {
    "normal": Differences(_normal, {"mean": 0.0, "iqm": 0.0, "median": 0.0}),
    "log-normal": Differences(_log_normal, {"mean": math.exp(0.5), "iqm": _middle_of_log_normal(), "median": 1.0}),
    "two modes, 4 apart": _modes(0.5, 4.0),
    "two modes, 6 apart": _modes(0.5, 6.0),
    "3 of 10, 6 apart": _modes(0.3, 6.0),
}


def _by_quantiles(draw: Draw, quantile: Callable[[float], float], mean: float) -> Differences:
    middle = 2 * integrate.quad(quantile, 0.25, 0.75)[0]
    return Differences(draw, {"mean": mean, "iqm": middle, "median": quantile(0.5)})


OTHER_DIFFERENCES: Mapping[str, Differences] = {  # which no rule was chosen by
    "exponential": _by_quantiles(lambda rng, shape: rng.exponential(size=shape), lambda p: -math.log(1 - p), mean=1.0),
    "log-normal, sigma 2": _by_quantiles(
        lambda rng, shape: np.exp(2 * rng.normal(size=shape)),
        lambda p: math.exp(2 * special.ndtri(p)),
        mean=math.exp(2),
    ),
    "Cauchy": _by_quantiles(
        lambda rng, shape: rng.standard_cauchy(size=shape), lambda p: math.tan(math.pi * (p - 0.5)), mean=math.nan
    ),
    "U-shaped (arcsine)": _by_quantiles(
        lambda rng, shape: rng.beta(0.5, 0.5, size=shape), lambda p: math.sin(math.pi * p / 2) ** 2, mean=0.5
    ),
    "1 of 10, 10 apart": _modes(0.1, 10.0),
}


@attrs.frozen
class Searches:
    """Two random searches, of which the first trials are the same, as with equal seeds.

    Attributes:
        losses: The losses of trials from standard normal numbers.
        shift: Of the normal numbers of the second search: above zero, it is worse.
        learning: By how much the shift becomes less from one trial to the next.
        second_basin: Chance of a trial to be better by 4: few seeds find it.
        trials: How many each has, at random times.
        times: How many the grid has.
        shared: How many of the first trials are the same.
    """

    losses: Callable[[Array], Array]
    shift: float
    learning: float = 0.0
    second_basin: float = 0.0
    trials: int = 60
    times: int = 60
    shared: int = 2

    def differences(self, rng: np.random.Generator, n_studies: int, n_seeds: int) -> Array:
        """An (n_studies, n_seeds, times) array of best loss so far, first search less second."""
        shape = (n_studies, n_seeds, self.trials)
        curves, first = [], None
        for shift in (np.zeros(self.trials), self.shift - self.learning * np.arange(self.trials)):
            normal = rng.normal(size=shape) + shift - 4.0 * (rng.random(shape) < self.second_basin)
            ends = np.sort(rng.uniform(1, self.times, size=shape), axis=-1)
            ends[..., : self.shared] = 0
            if first is None:
                first = normal
            normal[..., : self.shared] = first[..., : self.shared]
            best = np.minimum.accumulate(self.losses(normal), axis=-1)
            curves.append(np.take_along_axis(best, _counts(ends, self.times) - 1, axis=-1))
        return curves[0] - curves[1]

    def true_median(self) -> Array:
        """The median of the difference at each time, over 40,000 seeds."""
        rng = np.random.default_rng(1)
        return np.median(np.concatenate([self.differences(rng, 1, 4000)[0] for _ in range(10)]), axis=0)


def _counts(ends: Array, times: int) -> NDArray[np.int64]:
    """How many trials have ended by each whole number of the grid."""
    counts = np.zeros((*ends.shape[:-1], times), dtype=np.int64)
    index = np.ceil(ends).astype(np.int64)
    flat = np.arange(index[..., 0].size).repeat(index.shape[-1]) * times + np.minimum(index, times - 1).ravel()
    np.add.at(counts.reshape(-1), flat, 1)
    return np.cumsum(counts, axis=-1)


def _same(normal: Array) -> Array:
    return normal


def _far(normal: Array) -> Array:
    return np.exp(2 * normal)


SEARCHES: Mapping[str, Searches] = {
    "normal, equal": Searches(_same, 0.0),
    "normal": Searches(_same, 0.5),
    "log-normal, equal": Searches(np.exp, 0.0),
    "log-normal": Searches(np.exp, 0.5),
    "log-normal, sigma 2": Searches(_far, 0.5),
    "second basin, equal": Searches(_same, 0.0, second_basin=0.02),
    "second basin": Searches(_same, 0.5, second_basin=0.02),
    "200 trials": Searches(np.exp, -0.5, trials=200, times=200),
}

OTHER_SEARCHES: Mapping[str, Searches] = {  # which no rule was chosen by
    "curves that cross": Searches(_same, 0.5, learning=0.02),
    "20 trials, nothing the same": Searches(np.exp, 0.3, trials=20, shared=0),
    "uniform losses": Searches(special.ndtr, 0.3),
}
