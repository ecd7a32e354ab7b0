"""Expected improvement over the incumbents of a model, and configurations near which its maximum is searched."""

from __future__ import annotations

import numpy as np

from tunekit_bo.acquisition.improvement import LogExpectedImprovement, with_context
from tunekit_bo.models.gp import Surrogate

N_ANCHORS = 3
N_INCUMBENTS = 50


def improvement_at(posterior: Surrogate, context: np.ndarray) -> tuple[LogExpectedImprovement, np.ndarray]:
    """Expected improvement on what was observed or is pending in a context, and the best configurations there.

    Where nothing was observed nor is pending, all configurations of the model are compared there.

    Args:
        posterior: Model of the losses, with fantasies of what is pending.
        context: What ends its inputs: 0 or 1 numbers, an encoded resource.

    Returns:
        The acquisition, and k x d encoded configurations with the lowest means.
    """
    width = posterior.X.shape[1] - len(context)
    known = posterior.X[_is_in(posterior.X, context)]
    if not len(known):
        known = posterior.X.copy()
        known[:, width:] = context
    incumbents = known[np.argsort(posterior.mean(known).mean(axis=1), kind="stable")[:N_INCUMBENTS]]
    best = posterior.mean(incumbents).min(axis=0)
    return LogExpectedImprovement(posterior, best, context), incumbents[:N_ANCHORS, :width]


def improvement_among_all(posterior: Surrogate, context: np.ndarray) -> tuple[LogExpectedImprovement, np.ndarray]:
    """Expected improvement in a context, and the best there of all configurations of the model, from any context.

    What is improved on is the lowest mean of all these configurations in the context, observed there or not: as long as
    only bad ones were observed there, all others would seem to be worth a run.

    Args:
        posterior: Model of the losses, with fantasies of what is pending.
        context: What ends its inputs: an encoded resource.

    Returns:
        The acquisition, and k x d encoded configurations with the lowest means in the context.
    """
    width = posterior.X.shape[1] - len(context)
    configurations = np.unique(posterior.X[:, :width], axis=0)
    means = posterior.mean(with_context(configurations, context))
    anchors = configurations[np.argsort(means.mean(axis=1), kind="stable")[:N_ANCHORS]]
    return LogExpectedImprovement(posterior, means.min(axis=0), context), anchors


def _is_in(X: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Which of n inputs end with a context."""
    return (X[:, X.shape[1] - len(context) :] == context).all(axis=1)
