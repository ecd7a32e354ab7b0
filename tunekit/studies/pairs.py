"""Setups compared in pairs over the seeds that both have: which is better, from when on, by how much, and how sure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit.studies.differences import less
from tunekit.studies.fixed_comparisons import FixedComparison
from tunekit.studies.panels import MethodCurves, Panel
from tunekit.studies.statistics.aggregates import median
from tunekit.studies.statistics.bands import better_from, simultaneous_band
from tunekit.studies.statistics.intervals import Interval, interval
from tunekit.studies.statistics.paired import holm, least_seeds, share_of_ranks, wilcoxon
from tunekit.studies.statistics.power import seeds_to_settle
from tunekit.studies.statistics.sequential import interval_at_look

ERROR = 0.05
N_TIMES = 100  # of the grid on which curves are compared
PERCENT = 100.0
NONE_FIXED: Mapping[frozenset[str], FixedComparison] = {}


@attrs.frozen
class Pair:
    """Two setups on one benchmark; the first is the one that the test is for.

    Attributes:
        first: Label of the one that is ahead by ranks; of two that are even, that with the better median.
        second: Label of the other.
        n_seeds: Seeds that both have.
        difference: By how much the second is worse at the end, over seeds: in ``unit``; ``None`` where no interval can
            be trusted.
        estimate: The median of these differences.
        unit: ``"%"`` of the second in the same seed, or empty: in units of the metric, where that has no fixed sign.
        p: Of the signed-rank test; ``None`` of a comparison that was fixed beforehand: it is looked at several times,
            which a p-value does not count.
        adjusted: The same after Holm's rule over all other pairs of the benchmark.
        is_better: Whether the first is better beyond the allowed error: the test says so, and its ranks and the median
            of the differences are on the same side.
        since: Seconds from which on it is better to the end; ``None`` where that is not beyond doubt.
        more_seeds: How many seeds more would probably settle it; ``None`` where it is, or cannot be foretold.
        fixed: By which rule the two were compared, where that was fixed beforehand. Only the seeds that it has looked
            at count then, and the interval is one that holds whenever the rule stops.
        n_equal: In how many of the seeds both end alike.
        n_without: Seeds in which neither has found anything by the end; of these the difference counts as none.
    """

    first: str
    second: str
    n_seeds: int
    difference: Interval | None
    estimate: float
    unit: str
    p: float | None
    adjusted: float | None
    is_better: bool
    since: float | None
    more_seeds: tuple[int, int] | None
    fixed: FixedComparison | None = None
    n_equal: int = 0
    n_without: int = 0

    @property
    def is_equal(self) -> bool:
        """Whether the two end alike in every seed, so that nothing is better, and no seed of these tells anything."""
        return self.n_equal == self.n_seeds > 0

    @property
    def is_without_values(self) -> bool:
        """Whether neither has found anything in any seed, so that there is no difference."""
        return self.n_without == self.n_seeds


@attrs.frozen(eq=False)
class PanelPairs:
    """The pairs on one benchmark.

    Attributes:
        panel: What was compared.
        pairs: Each pair of setups that share a seed, or with the one setup alone that all are compared with.
        without_seeds: Pairs that share none.
        least_seeds: How many seeds it takes for any of so many tested pairs to be significant.
        error: What was allowed.
    """

    panel: Panel
    pairs: Sequence[Pair]
    without_seeds: Sequence[tuple[str, str]]
    least_seeds: int
    error: float

    @property
    def tested(self) -> list[Pair]:
        """The pairs whose seeds were not added by a rule for just this pair."""
        return [pair for pair in self.pairs if pair.fixed is None]

    @property
    def is_possible(self) -> bool:
        """Whether the seeds are enough for any of the tested pairs to be significant."""
        return any(pair.n_seeds >= self.least_seeds for pair in self.tested)


def compare_pairs(
    panel: Panel,
    *,
    against: str | None = None,
    error: float = ERROR,
    fixed: Mapping[frozenset[str], FixedComparison] = NONE_FIXED,
) -> PanelPairs:
    """Compare all setups of a panel in pairs, or each with one of them.

    Args:
        panel: The setups.
        against: Label of the one that the others are compared with; all pairs unless given.
        error: Chance that one or more of the setups are called better that are not.
        fixed: By their two labels, pairs whose comparison was fixed beforehand. Each has its own rule and error.
    """
    times = panel.budget * np.arange(1, N_TIMES + 1) / N_TIMES
    setups = {method.label: _Setup.of(method, panel, times) for method in panel.methods}
    chosen = [
        (setups[first], setups[second])
        for first, second in itertools.combinations(setups, 2)
        if against is None or against in (first, second)
    ]
    shared = [(first, second, seeds) for first, second in chosen if (seeds := first.shared(second))]
    rules = {frozenset((first.label, second.label)): (first, second, seeds) for first, second, seeds in shared}
    compared = [pair for labels, pair in rules.items() if labels not in fixed]
    p = [wilcoxon(first.less(second, seeds)) for first, second, seeds in compared]
    tested = [
        _pair(first, second, seeds, p=p_value, adjusted=float(adjusted), n_pairs=len(p), times=times, error=error)
        for (first, second, seeds), p_value, adjusted in zip(compared, p, holm(np.array(p)), strict=True)
    ]
    without = [(first.label, second.label) for first, second in chosen if not first.shared(second)]
    results = iter(tested)
    pairs = [_fixed_pair(*pair, fixed[labels]) if labels in fixed else next(results) for labels, pair in rules.items()]
    return PanelPairs(panel, pairs, without, least_seeds(max(1, len(tested)), error), error)


@attrs.frozen(eq=False)
class _Setup:
    """The losses of a setup.

    Attributes:
        label: Its name.
        losses: By seed those at each time; infinity where there is none yet.
    """

    label: str
    losses: Mapping[int, NDArray[np.float64]]

    @classmethod
    def of(cls, method: MethodCurves, panel: Panel, times: NDArray[np.float64]) -> _Setup:
        losses = panel.losses(method, times)
        known = {seed: row for seed, row in zip(method.seeds, losses, strict=True) if seed is not None}
        return cls(method.label, known)

    def shared(self, other: _Setup) -> list[int]:
        """Seeds that both have."""
        return sorted(self.losses.keys() & other.losses.keys())

    def of_seeds(self, seeds: Sequence[int]) -> NDArray[np.float64]:
        """A row for each of the seeds."""
        return np.array([self.losses[seed] for seed in seeds])

    def less(self, other: _Setup, seeds: Sequence[int]) -> NDArray[np.float64]:
        """For each seed the loss at the end, less that of the other."""
        return less(*([each.losses[seed][-1] for seed in seeds] for each in (self, other)))


def _pair(
    first: _Setup,
    second: _Setup,
    seeds: Sequence[int],
    *,
    p: float,
    adjusted: float,
    n_pairs: int,
    times: NDArray[np.float64],
    error: float,
) -> Pair:
    if share_of_ranks(first.less(second, seeds)) < 0.5:
        first, second = second, first
    differences = first.less(second, seeds)
    a, b = first.of_seeds(seeds), second.of_seeds(seeds)
    gains, unit = _gains(differences, a[:, -1], b[:, -1])
    n_without = _n_without(a[:, -1], b[:, -1])
    is_better = adjusted <= error and bool(median(gains) >= 0)
    return Pair(
        first.label,
        second.label,
        len(seeds),
        interval(gains, "median") if n_without == 0 and np.isfinite(gains).all() else None,
        float(median(gains)),
        unit,
        p,
        adjusted,
        is_better,
        _since(a, b, times, 1 - error) if is_better else None,
        None if adjusted <= error else seeds_to_settle(differences, n_pairs, error),
        n_equal=int(np.sum(differences == 0)),
        n_without=n_without,
    )


def _fixed_pair(first: _Setup, second: _Setup, seeds: Sequence[int], fixed: FixedComparison) -> Pair:
    """A pair whose comparison was fixed beforehand: over the seeds that were looked at, in the order of the looks."""
    counted = fixed.seeds[: fixed.n_seeds] if fixed.taken else fixed.seeds
    seeds = [seed for seed in counted if seed in seeds] or seeds
    # What is not told apart is named in the order of the medians, since nothing is said of ranks.
    is_behind = bool(median(first.less(second, seeds)) > 0)
    if fixed.better == second.label if fixed.is_told_apart else is_behind:
        first, second = second, first
    a, b = first.of_seeds(seeds)[:, -1], second.of_seeds(seeds)[:, -1]
    differences = first.less(second, seeds)
    gains, unit = _gains(differences, a, b)
    n_without = _n_without(a, b)
    is_whole = len(seeds) == fixed.n_seeds and n_without == 0 and bool(np.isfinite(gains).all())
    return Pair(
        first.label,
        second.label,
        len(seeds),
        interval_at_look(gains, fixed.looks) if is_whole else None,
        float(median(gains)),
        unit,
        p=None,
        adjusted=None,
        is_better=fixed.is_told_apart and bool(median(gains) >= 0),
        since=None,  # the band is not one that may be looked at several times
        more_seeds=None,
        fixed=fixed,
        n_equal=int(np.sum(differences == 0)),
        n_without=n_without,
    )


def _n_without(losses: NDArray[np.float64], reference: NDArray[np.float64]) -> int:
    return int((np.isinf(losses) & np.isinf(reference)).sum())


def _gains(
    differences: NDArray[np.float64], losses: NDArray[np.float64], reference: NDArray[np.float64]
) -> tuple[NDArray[np.float64], str]:
    """For each seed by how much the first is better, and the unit: per cent of the second where all have one sign."""
    values = np.concatenate([losses, reference])
    has_one_sign = bool((values > 0).all() or (values < 0).all())
    if not has_one_sign or not np.isfinite(values).all():
        return 0.0 - differences, ""  # no minus zero
    with np.errstate(over="ignore"):
        return PERCENT * ((0.0 - differences) / np.abs(reference)), "%"


def _since(
    a: NDArray[np.float64], b: NDArray[np.float64], times: NDArray[np.float64], confidence: float
) -> float | None:
    """From when on the first is better, to the end: where a band over all times at once lies below zero."""
    known = np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0)
    differences = less(a[:, known], b[:, known])
    band = simultaneous_band(differences, confidence) if known.any() else None
    return None if band is None else better_from(band, times[known])
