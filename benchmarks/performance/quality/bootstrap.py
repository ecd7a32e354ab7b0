"""Whether a mean difference over tasks and seeds is below a bound: a bootstrap of both, and Holm's rule.

Equal seeds propose the same first configurations on every task of one search space. What a seed does well or badly is
then shared by the tasks, and to draw seeds anew for each task would take shared luck for many independent ones: one
set of seeds is drawn for all tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import attrs
import numpy as np
from scipy.special import stdtr, stdtrit  # Student's t

from quality.split import ERROR, LOOKS

N_DRAWS = 10_000
TOLERANCE = 0.1
"""A method is not worse if it loses less than this share of the gap between random search and the best value known."""
LEVEL = ERROR / LOOKS
"""The error of each word over all comparisons of a look."""


@attrs.frozen
class Estimate:
    """A mean over tasks and seeds.

    Attributes:
        mean: Of the differences.
        error: Its standard error; NaN for a single task or seed.
        freedom: Degrees of freedom for Student's t.
        n_seeds: How many seeds all tasks have.
    """

    mean: float
    error: float
    freedom: float
    n_seeds: int

    def p_above(self, bound: float) -> float:
        """One-sided p-value against "the mean is ``bound`` or more": small where it lies below."""
        if np.isnan(self.error):
            return 1.0
        if self.error == 0:
            return float(self.mean >= bound)
        return float(stdtr(self.freedom, (self.mean - bound) / self.error))

    def p_below(self, bound: float) -> float:
        """One-sided p-value against "the mean is ``bound`` or less"."""
        return attrs.evolve(self, mean=-self.mean).p_above(-bound)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The two-sided interval, not adjusted for the number of comparisons."""
        half_width = float(stdtrit(self.freedom, (1 + confidence) / 2)) * self.error if self.error else 0.0
        return self.mean - half_width, self.mean + half_width


def estimate(differences: np.ndarray) -> Estimate:
    """The mean with the standard error that a bootstrap gives which resamples tasks and seeds.

    The deviations of the draws are widened by sqrt(n / (n - 1)), n the smaller number of tasks and seeds, since a
    sample that is drawn from a sample varies by so much less. The quantiles are those of Student's t with the degrees
    of freedom of Satterthwaite (1946), not of the draws: over many comparisons the level is about one in a thousand,
    where few draws lie, and with few tasks quantiles of draws are too narrow.

    Args:
        differences: A tasks x seeds array; equal seeds stand in one column.

    References:
        Owen, The pigeonhole bootstrap, Annals of Applied Statistics 2007.
    """
    n_tasks, n_seeds = differences.shape
    mean = float(differences.mean())
    n = min(n_tasks, n_seeds)
    if n < 2:
        return Estimate(mean, float("nan"), 1.0, n_seeds)
    of_tasks = float(differences.mean(axis=1).var(ddof=1)) / n_tasks
    of_seeds = float(differences.mean(axis=0).var(ddof=1)) / n_seeds
    error = float(resampled_means(differences).std()) * float(np.sqrt(n / (n - 1)))
    if of_tasks + of_seeds == 0 or error == 0:
        return Estimate(mean, error, float(n - 1), n_seeds)
    freedom = (of_tasks + of_seeds) ** 2 / (of_tasks**2 / (n_tasks - 1) + of_seeds**2 / (n_seeds - 1))
    return Estimate(mean, error, freedom, n_seeds)


def resampled_means(differences: np.ndarray) -> np.ndarray:
    """The means of all draws of tasks and, for all tasks together, of seeds."""
    tasks, seeds = _draws(*differences.shape)
    return np.asarray(np.einsum("nt,ts,ns->n", tasks, differences, seeds, optimize=True))


@lru_cache
def _draws(n_tasks: int, n_seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """For each draw the share of each task and of each seed; always the same."""
    generator = np.random.default_rng(0)
    tasks, seeds = (generator.multinomial(n, np.full(n, 1 / n), N_DRAWS) / n for n in (n_tasks, n_seeds))
    return tasks, seeds


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted by Holm's rule, in the order given: each may be held against the error of all."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def verdicts(estimates: Sequence[Estimate]) -> list[str]:
    """What all comparisons of a look say of the first method.

    Returns:
        ``"better"`` where the mean is below 0, ``"not worse"`` where it is below a tenth of the gap, ``"worse"`` where
        it is above a tenth, each beyond doubt at :data:`LEVEL` by Holm's rule over all comparisons, else ``"open"``.
    """
    better = holm([each.p_above(0.0) for each in estimates])
    not_worse = holm([each.p_above(TOLERANCE) for each in estimates])
    worse = holm([each.p_below(TOLERANCE) for each in estimates])
    return [
        "better" if b <= LEVEL else "not worse" if n <= LEVEL else "worse" if w <= LEVEL else "open"
        for b, n, w in zip(better, not_worse, worse, strict=True)
    ]
