"""How well models rank what was observed, and the weights of an ensemble that follow from it.

References:
    Feurer, Letham, Hutter, Bakshy, Practical Transfer Learning for Bayesian Optimization, 2018 (the ranking loss).
    Li et al., Hyper-Tune: Towards Efficient Hyper-parameter Tuning at Scale, VLDB 2022 (its use among rungs).
"""

from __future__ import annotations

import numpy as np

MAX_FOLDS = 5
LEAST_WEIGHT = 0.01


def ranking_loss(samples: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The share of pairs that a sample puts in the other order than they were observed in.

    Args:
        samples: n x F array, F joint samples of a model.
        observed: What was observed, n numbers. Pairs of equal ones do not count.

    Returns:
        F numbers from 0 to 1; 0 if no pair counts.
    """
    below = observed[:, None] < observed
    n_pairs = max(1, np.count_nonzero(below))
    # one sample at a time: all at once would take F n^2 bytes
    return np.array([np.count_nonzero(below & (sample[:, None] > sample)) for sample in samples.T]) / n_pairs


def folds(n: int) -> list[np.ndarray]:
    """Positions of n data in up to 5 parts of at least 2, each spread over all of them."""
    n_folds = min(n // 2, MAX_FOLDS)
    return [np.arange(first, n, n_folds) for first in range(n_folds)]


def shares_of_least_loss(losses: np.ndarray) -> np.ndarray:
    """How often each model ranks best; models that tie are all credited.

    Args:
        losses: R x F array: ranking losses of R models, in F samples.

    Returns:
        R numbers that add up to 1.
    """
    best = np.count_nonzero(losses == losses.min(axis=0), axis=1)
    return best / best.sum()


def ensemble_weights(shares: np.ndarray) -> np.ndarray:
    """Weights of models: their shares, without those of a hundredth and below unless none is larger."""
    kept = np.where(shares > min(LEAST_WEIGHT, 0.99 * shares.max()), shares, 0.0)
    return kept / kept.sum()
