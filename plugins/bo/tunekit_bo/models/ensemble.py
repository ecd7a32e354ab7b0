"""A weighted sum of independent Gaussian processes.

Its mean is the weighted sum of their means, its variance that of their variances with squared weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import attrs
import numpy as np

from tunekit_bo.models.gp import MomentsPullback, Posterior


@attrs.frozen(eq=False)
class Ensemble:
    """Independent posteriors over configurations, added up. What follows the configuration in an input is ignored.

    Attributes:
        X: Inputs among which incumbents are sought, as if the ensemble were a posterior given these.
        models: The posteriors: each has F fantasies, or one where nothing is pending for it.
        weights: The weight of each.
    """

    X: np.ndarray
    models: Sequence[Posterior]
    weights: Sequence[float]

    def mean(self, X: np.ndarray) -> np.ndarray:
        """Means of the sum, an m x F array for the m rows of ``X``."""
        return reduce(np.add, (w * model.mean(X) for w, model in zip(self.weights, self.models, strict=True)))

    def mean_and_variance(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the sum at the m rows of ``X``: an m x F array, and m variances."""
        parts = [model.mean_and_variance(X) for model in self.models]
        return self._added([mean for mean, _ in parts], [variance for _, variance in parts])

    def with_pullback(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, MomentsPullback]:
        parts = [model.with_pullback(X) for model in self.models]

        def pull_back(by_mean: np.ndarray, by_variance: np.ndarray) -> np.ndarray:
            return reduce(
                np.add,
                (
                    pull(w * _for_as_many(mean, by_mean), w**2 * by_variance)
                    for w, (mean, _, pull) in zip(self.weights, parts, strict=True)
                ),
            )

        mean, variance = self._added([mean for mean, _, _ in parts], [variance for _, variance, _ in parts])
        return mean, variance, pull_back

    def _added(self, means: Sequence[np.ndarray], variances: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        mean = reduce(np.add, (w * mean for w, mean in zip(self.weights, means, strict=True)))
        return mean, reduce(np.add, (w**2 * variance for w, variance in zip(self.weights, variances, strict=True)))


def _for_as_many(mean: np.ndarray, by_mean: np.ndarray) -> np.ndarray:
    """The derivatives by a mean that was added to each of F fantasies though it has one column."""
    return by_mean if mean.shape == by_mean.shape else by_mean.sum(axis=1, keepdims=True)
