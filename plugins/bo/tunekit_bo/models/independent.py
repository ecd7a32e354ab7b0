"""Independent rungs: one Gaussian process over configurations for each resource.

Symbols as in `kernels`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunekit_bo.models.data import Standardisation, standardise, standardised, without_diverged
from tunekit_bo.models.kernels import Contraction, Matern52, Pullback

ENOUGH_FOR_A_SCALE = 3


class IndependentRungs:
    """Matern-5/2 over configurations, and no covariance between different resources.

    All rungs share their hyperparameters, those of `Matern52`. What distinguishes them, the mean and the scale of
    their losses, is for `standardise_each` to remove.

    Args:
        n_inputs: Number of columns of the configuration, not counting the resource.
        codes: Columns that can be equal or not, never near.
    """

    def __init__(self, n_inputs: int, *, codes: Sequence[int] = ()) -> None:
        self._matern = Matern52(n_inputs, codes=codes)
        self.parameters = self._matern.parameters

    def mean(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """The same constant everywhere."""
        return self._matern.mean(theta, X)

    def variance(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """The same constant everywhere."""
        return self._matern.variance(theta, X)

    def covariance(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
        """Matern-5/2 where the resources are equal, 0 elsewhere."""
        return self._matern.covariance(theta, X1, X2) * _same_rung(X1, X2)

    def with_contraction(self, theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, Contraction]:
        mean, K, contract = self._matern.with_contraction(theta, X)
        same = _same_rung(X, X)
        return mean, K * same, lambda W, w: contract(W * same, w)

    def with_pullback(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> tuple[np.ndarray, Pullback]:
        K, pull_back = self._matern.with_pullback(theta, X1, X2)
        same = _same_rung(X1, X2)
        return K * same, lambda A: pull_back(A * same)


def _same_rung(X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
    return X1[:, -1:] == X2[:, -1]


def standardise_each(losses: np.ndarray, resources: np.ndarray) -> np.ndarray:
    """Targets of models of one resource each: the losses at each are standardised by themselves.

    Two losses say little of a scale, and one nothing: a resource with fewer than 3 is only centred, in the scale of
    all losses together.

    Args:
        losses: n losses, lower is better.
        resources: Where they were observed.
    """
    losses = without_diverged(losses)  # by all of them: at one resource there may be nothing to compare with
    y = standardise(losses)
    for resource in np.unique(resources):
        members = resources == resource
        if np.count_nonzero(members) >= ENOUGH_FOR_A_SCALE:
            y[members] = standardise(losses[members])
        else:
            y[members] -= y[members].mean()
    return y


def standardised_at(resource: int, losses: np.ndarray, resources: np.ndarray) -> Standardisation | None:
    """How `standardise_each` made targets of the losses at one resource; ``None`` where they are too few for a scale.

    Args:
        resource: Which.
        losses: n losses, lower is better.
        resources: Where they were observed.
    """
    members = resources == resource
    if np.count_nonzero(members) < ENOUGH_FOR_A_SCALE:
        return None
    return standardised(without_diverged(losses)[members])[1]
