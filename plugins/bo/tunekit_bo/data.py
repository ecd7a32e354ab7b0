"""What the model is fitted to: losses made well-behaved, when it is fitted, and to which of many data."""

from __future__ import annotations

import math

import numpy as np

MIN_STD = 1e-9
EVERY_DATUM_UP_TO = 30
GROWTH = 0.1
BEST_SHARE = 0.25


def standardise(losses: np.ndarray) -> np.ndarray:
    """Targets with mean 0 and standard deviation 1; a constant becomes 0.

    Args:
        losses: n losses, lower is better. What is not finite counts as the worst finite loss.
    """
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        return np.zeros(len(losses))
    y = np.where(np.isfinite(losses), losses, finite.max())
    y = y / max(np.abs(y).max(), np.finfo(float).tiny)  # or the squares of huge losses would overflow
    return (y - y.mean()) / max(y.std(), MIN_STD)


def next_fit(count: int, max_size: int) -> int:
    """The number of data at which hyperparameters that were fitted to ``count`` data are fitted again.

    Each datum up to 30; then with every tenth more, but often enough for the data to stay within ``max_size``.
    """
    if count < EVERY_DATUM_UP_TO:
        return count + 1
    return count + max(1, min(math.ceil(GROWTH * count), max_size // 10))


def room(count: int, max_size: int) -> int:
    """How many of ``count`` data a fit may keep, so that there are at most ``max_size`` until the next fit."""
    return max(1, max_size - (next_fit(count, max_size) - 1 - count))


def select_best_and_random(losses: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of ``size`` data in their order: the best quarter, and a random choice of the rest."""
    order = np.argsort(losses, kind="stable")
    n_best = math.ceil(BEST_SHARE * size)
    rest = generator.choice(order[n_best:], size - n_best, replace=False)
    return np.sort(np.concatenate([order[:n_best], rest]))


def select_highest_trials(
    trial_ids: np.ndarray, resources: np.ndarray, size: int, generator: np.random.Generator
) -> np.ndarray:
    """Positions of ``size`` data in their order: all data of the trials that came furthest.

    From the highest resource downwards, trials that reached it are kept with all their data while there is
    room. Where there is not, they are kept at this resource alone, and if these are still too many, a random
    choice of them; what room is left then goes to a random choice of the rest.

    Args:
        trial_ids: n trials.
        resources: Where they were observed.
        size: Number of positions, fewer than n.
        generator: Draws the random choices.
    """
    trials, index = np.unique(trial_ids, return_inverse=True)
    reached = np.zeros(len(trials), dtype=resources.dtype)
    np.maximum.at(reached, index, resources)
    kept = np.zeros(len(trial_ids), dtype=bool)
    for resource in np.unique(reached)[::-1]:
        members = reached[index] == resource
        if kept.sum() + members.sum() > size:
            _fill(kept, members & (resources == resource), size, generator)
            break
        kept |= members
    _fill(kept, np.ones(len(kept), dtype=bool), size, generator)
    return np.flatnonzero(kept)


def _fill(kept: np.ndarray, members: np.ndarray, size: int, generator: np.random.Generator) -> None:
    candidates = np.flatnonzero(members & ~kept)
    left = size - int(kept.sum())
    kept[candidates if len(candidates) <= left else generator.choice(candidates, left, replace=False)] = True
