"""Cost-aware search: improvement per cost, where what a trial costs is predicted from what others cost."""

from __future__ import annotations

import attrs
import numpy as np

from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.acquisition.sums import Sum
from tunekit_bo.models.data import MIN_STD
from tunekit_bo.models.gp import Posterior
from tunekit_bo.surrogates.side_model import SideModel
from tunekit_core import NO_NOTE, Note


@attrs.frozen(eq=False)
class NegativeLogCost:
    """What a logarithm of improvement loses for the predicted cost.

    Attributes:
        log_cost: Model of the logarithm of the cost, in any unit and from any origin.
        weight: That unit, times the exponent of the cost.
    """

    log_cost: Posterior
    weight: float

    def __call__(self, X: np.ndarray) -> np.ndarray:
        return -self.weight * self.log_cost.mean(X)[:, 0]

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, _, pull_back = self.log_cost.with_pullback(X)
        return -self.weight * mean[:, 0], pull_back(np.full((len(X), 1), -self.weight), np.zeros(len(X)))


def per_cost(
    acquisition: Acquisition, model: SideModel, X: np.ndarray, positions: np.ndarray, *, exponent: float, refit: bool
) -> tuple[Acquisition, Note]:
    """The acquisition less ``exponent`` times the logarithm of the predicted cost.

    Trials whose cost is not positive are left out; as long as there are no others, the cost is left out.

    Args:
        acquisition: A logarithm, such as that of the expected improvement.
        model: Model of the cost.
        X: n x d array of encoded configurations.
        positions: Positions of the n observations that were made of them.
        exponent: 1 for improvement per cost; towards 0, cost matters less.
        refit: Whether the hyperparameters of the cost are fitted anew.

    Returns:
        The acquisition, and what to note of the fit.
    """
    costs = model.values(positions)
    positive = costs > 0
    if not positive.any():
        return acquisition, NO_NOTE
    logs = np.log(costs[positive])
    scale = max(logs.std(), MIN_STD)
    X, y = X[positive], (logs - logs.mean()) / scale
    theta, note = model.hyperparameters(X, y, anew=refit)
    log_cost = Posterior.of(model.prior, theta, X, y)
    return Sum((acquisition, NegativeLogCost(log_cost, exponent * scale))), note
