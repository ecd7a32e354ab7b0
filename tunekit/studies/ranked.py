"""Setups ranked over benchmarks, and which of them are told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tunekit.studies.differences import less, with_ties
from tunekit.studies.panels import Panel
from tunekit.studies.statistics.ranks import LEAST_BENCHMARKS, CriticalDifference, average_ranks, critical_difference


def rank(
    panels: Sequence[Panel], setups: Sequence[str], error: float
) -> tuple[Mapping[str, float], CriticalDifference | None, int]:
    """Average ranks over the benchmarks that all setups have been run on, by the median loss at the end.

    Which are told apart is tested on how often one setup ends better than another. That is in the same unit on every
    benchmark, whatever its metric, and depends on these two setups alone.

    Args:
        panels: The benchmarks.
        setups: Labels of all setups.
        error: Chance that any two setups are told apart that are equal.

    Returns:
        By setup its average rank, nothing where there are not two of setups and benchmarks; what is told apart,
        ``None`` below ten benchmarks; and how many benchmarks there are.
    """
    common = [panel for panel in panels if len(panel.methods) == len(setups)]
    if len(setups) < 2 or len(common) < 2:
        return {}, None, len(common)
    medians = [panel.medians() for panel in common]
    losses = np.array([with_ties([of_panel[setup] for setup in setups]) for of_panel in medians])
    ranks = dict(zip(setups, average_ranks(losses).tolist(), strict=True))
    if len(common) < LEAST_BENCHMARKS:
        return ranks, None, len(common)
    differences = np.array([_how_often_worse(panel, setups) for panel in common])
    return ranks, critical_difference(losses, differences, error), len(common)


def _how_often_worse(panel: Panel, setups: Sequence[str]) -> NDArray[np.float64]:
    """A (k, k) array: in how many pairs of runs the first setup ends worse, less in how many it ends better, as shares.

    That is twice the probability of superiority, less 1 (Cliff, Dominance Statistics, Psychological Bulletin 1993).
    """
    end = np.array([panel.budget])
    losses = {method.label: panel.losses(method, end)[:, 0] for method in panel.methods}

    def worse(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
        above = int(np.sign(less(first[:, np.newaxis], second)).sum())  # a whole number: equal shares are equal
        return above / (len(first) * len(second))

    return np.array([[worse(losses[first], losses[second]) for second in setups] for first in setups])
