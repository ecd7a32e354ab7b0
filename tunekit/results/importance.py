"""Which hyperparameters made the difference between the best trials and the others: PED-ANOVA.

Symbols:
    gamma   share of the trials that count as the best
    p       density of the values of one hyperparameter among the best
    q       the same among all trials
    m       cells of the grid on which densities are computed

References:
    Watanabe, Bansal and Hutter, PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces,
    IJCAI 2023, arXiv:2304.10255; Scott, Multivariate Density Estimation, 1992, for the width of kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import special

from tunekit.results.domain_places import UNORDERED, places
from tunekit.results.trial_reports import NothingToShow, TrialReports, common_resource
from tunekit_core.space import Domain

GAMMA = 0.1
LEAST_TRIALS = 20  # with fewer, the best tenth is one trial
MOST_CELLS = 50
PRIOR_WEIGHT = 1.0  # of the uniform density, in trials
SMALLEST_WIDTH = 0.5 / 1.64  # cells: 90 % of a kernel is in its own one
LEAST_DENSITY = 1e-12
N_DRAWS, CHANCE = 200, 0.95


@attrs.frozen(eq=False)
class Importance:
    """How much each hyperparameter matters for being among the best trials.

    Attributes:
        shares: By hyperparameter its share of the sum of all, the largest first.
        divergences: By hyperparameter the Pearson divergence of which that is the share, in the same order.
        by_chance: By hyperparameter what its divergence stays below in 95 % of draws of as many trials at random. It is
            no share: draws have small divergences altogether, whose shares are as large as those of real ones.
        resource: At which the trials are compared.
        n_trials: How many have reported there.
        n_best: How many of them count as the best.
        n_all: How many trials that have not failed have reported anywhere.
    """

    shares: Mapping[str, float]
    divergences: Mapping[str, float]
    by_chance: Mapping[str, float]
    resource: int
    n_trials: int
    n_best: int
    n_all: int

    @property
    def clear(self) -> list[str]:
        """The hyperparameters whose divergence is above that of chance, the largest first."""
        return [name for name, divergence in self.divergences.items() if divergence > self.by_chance[name]]


def importance(reports: TrialReports) -> Importance:
    """The importance of each hyperparameter for the first metric, among trials that have reported at one resource.

    Those that were stopped before have values at lower resources, which would be taken for worse or better
    configurations; see :func:`~tunekit.results.trial_reports.common_resource`. Trials that a scheduler let go on that
    far are a choice of all: what made them go on counts less among them.

    Args:
        reports: Of the experiment.

    Raises:
        NothingToShow: If there are fewer than 20 such trials, all are equally good, or there is nothing that differs.
    """
    resource = common_resource(reports)
    rows = reports.at(resource)
    n_all = len({int(trial_id) for trial_id in reports.trial_ids[reports.succeeded]})
    if len(rows) < LEAST_TRIALS:
        raise NothingToShow(
            f"importance takes {LEAST_TRIALS} trials that have reported at the same {reports.resource}, and there are "
            f"{len(rows)}"
        )
    losses = reports.losses[rows, 0]
    best = is_best(losses, GAMMA)
    if best.all():
        raise NothingToShow(f"the trials do not differ in {reports.metrics[0]} at {reports.resource} {resource}")
    results = reports.experiment.results
    cells = {
        name: grid_cells(domain, results[f"config_{name}"].iloc[rows].tolist())
        for name, domain in reports.experiment.search_space.domains.items()
        if domain.size != 1
    }
    divergences = {name: pearson_divergence(*found, best) for name, found in cells.items()}
    total = math.fsum(divergences.values())
    if total == 0:
        raise NothingToShow("no hyperparameter has different values among these trials")
    draws = np.random.default_rng(0)  # the same draws each time
    drawn = [draws.permutation(best) for _ in range(N_DRAWS)]
    by_chance = {
        name: float(np.quantile([pearson_divergence(*found, each) for each in drawn], CHANCE))
        for name, found in cells.items()
    }
    ordered = dict(sorted(divergences.items(), key=lambda each: -each[1]))
    shares = {name: divergence / total for name, divergence in ordered.items()}
    return Importance(shares, ordered, by_chance, resource, len(rows), int(best.sum()), n_all)


def is_best(losses: NDArray[np.float64], gamma: float) -> NDArray[np.bool_]:
    """Whether each of n losses is among the best share, ties with the last of them included."""
    return losses <= np.sort(losses)[math.ceil(gamma * len(losses)) - 1]


@attrs.frozen
class Grid:
    """Cells for the values of one hyperparameter.

    Attributes:
        n: How many.
        is_ordered: Whether neighbouring cells have similar values; categories have not.
    """

    n: int
    is_ordered: bool


def grid_cells(domain: Domain, values: Sequence[Any]) -> tuple[Grid, NDArray[np.int64]]:
    """A grid for a domain, equally spaced in its scale, and the cell of each value.

    Values of a finite domain have a cell each, where there are at most 50. Integers on a logarithmic scale have as many
    as the range has doublings, and one: smaller cells would be empty at the lower end.
    """
    if domain.name == UNORDERED:
        return Grid(int(domain.size or 1), is_ordered=False), np.array([domain.index_of(value) for value in values])
    n = MOST_CELLS if domain.size is None else min(domain.size, MOST_CELLS)
    if domain.name == "lograndint":
        n = min(math.ceil(math.log2(domain.size or 1)) + 1, MOST_CELLS)
    cells = np.ceil(places(domain, values) * (n - 1) - 0.5).astype(np.int64)  # midway: the lower
    return Grid(n, is_ordered=True), np.clip(cells, 0, n - 1)


def pearson_divergence(grid: Grid, cells: NDArray[np.int64], best: NDArray[np.bool_]) -> float:
    """The Pearson divergence of the density among the best from that among all: sum of q (p / q - 1)^2.

    Args:
        grid: Of the hyperparameter.
        cells: (n,) array: the cell of each trial.
        best: (n,) array: whether the trial is among the best.
    """
    p, q = (density(grid, np.bincount(each, minlength=grid.n)) + LEAST_DENSITY for each in (cells[best], cells))
    return float(np.sum(q * (p / q - 1) ** 2))


def density(grid: Grid, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """A density over the cells of a grid from the number of trials in each, by kernels and a uniform prior.

    The kernels of ordered cells are normal, cut off at the ends of the grid, with a width by Scott's rule. One of
    categories has most of its weight in its own cell, and the rest evenly in all.
    """
    occupied = np.flatnonzero(counts)
    weights = counts[occupied].astype(float)
    if grid.is_ordered:
        width = max(_scotts_width(occupied, weights), SMALLEST_WIDTH)
        kernels = _normal_kernels(grid.n, occupied.astype(float), width)
        prior = _normal_kernels(grid.n, np.array([(grid.n - 1) / 2]), float(grid.n))[0]
    else:
        spread = PRIOR_WEIGHT / (len(occupied) + 1)
        kernels = (np.eye(grid.n)[occupied] + spread) / (1 + spread * grid.n)
        prior = np.full(grid.n, 1 / grid.n)
    return np.asarray((weights @ kernels + PRIOR_WEIGHT * prior) / (weights.sum() + PRIOR_WEIGHT))


def _scotts_width(cells: NDArray[np.int64], weights: NDArray[np.float64]) -> float:
    """The width of kernels, in cells: 1.059 n^(-1/5) times the smaller of two estimates of a standard deviation."""
    n = weights.sum()
    mean = cells @ weights / n
    deviation = math.sqrt((cells - mean) ** 2 @ weights / max(1.0, n - 1))
    up_to = np.cumsum(weights)
    first = cells[np.searchsorted(up_to, n // 4, side="left")]
    third = cells[min(len(cells) - 1, int(np.searchsorted(up_to, n * 3 // 4, side="right")))]
    return float(1.059 * min((third - first) / 1.34, deviation) * n**-0.2)


def _normal_kernels(n: int, centres: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """A row for each centre: the mass of a normal distribution in each of n cells, which is 1 in all of them."""
    edges = (np.arange(n + 1) - 0.5 - centres[:, np.newaxis]) / width
    below = special.ndtr(edges)
    above = special.ndtr(-edges)
    mass = np.where(edges[:, :-1] > 0, above[:, :-1] - above[:, 1:], below[:, 1:] - below[:, :-1])  # no cancellation
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))
