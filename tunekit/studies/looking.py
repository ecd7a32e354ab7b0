"""Looks at a comparison that was fixed beforehand: taken while its runs come in, found again in a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs
import numpy as np

from tunekit.console import plural
from tunekit.results.best_so_far import metric_and_constraint
from tunekit.results.index import FIXED
from tunekit.studies.benchmark_runs import BenchmarkRuns
from tunekit.studies.collection import CollectedExperiment, Study
from tunekit.studies.differences import less
from tunekit.studies.fixed_comparisons import FixedComparison
from tunekit.studies.pairs import PanelPairs
from tunekit.studies.panels import panel_of
from tunekit.studies.statistics.sequential import take_looks


def with_looks(comparison: FixedComparison, runs: Sequence[Sequence[CollectedExperiment]]) -> FixedComparison:
    """Take all looks that some runs suffice for, until the two are told apart: whatever was said before.

    Args:
        comparison: What was fixed.
        runs: Complete runs of both setups, seed by seed, equally many.
    """
    first = runs[0][0].metadata
    metric, mode = metric_and_constraint(first), first["mode"][0]
    by_label = dict(zip(comparison.setups, runs, strict=True))
    panel = panel_of(BenchmarkRuns(comparison.benchmark, metric, mode, by_label, {}))
    methods = {method.label: method for method in panel.methods}
    time = np.array([comparison.at.seconds(panel.budget)])
    one, other = (panel.losses(methods[setup], time)[:, 0] for setup in comparison.setups)
    return attrs.evolve(comparison, taken=take_looks(less(one, other), comparison.looks, comparison.error))


def about_last_look(fixed: FixedComparison, *, has_several: bool) -> str:
    """What came of the last look, as a sentence.

    Args:
        fixed: What has been looked at.
        has_several: Whether there are comparisons on other benchmarks, so that its own has to be named.
    """
    both = " and ".join(fixed.setups)
    look = fixed.taken[-1]
    where = f" on {fixed.benchmark}" if has_several else ""
    head = f"Look {len(fixed.taken)} of {len(fixed.looks)}{where}: {look.n_seeds} seeds, p = {look.p:.2g}"
    if look.level:
        head += f" of {look.level:.2g} needed"
    else:  # looks with fewer seeds than it takes without ties are refused
        head += ": both are equal in some of these seeds, and the others are too few to tell any two apart"
    if fixed.is_told_apart:
        return f"{head}: {both} are told apart."
    if fixed.is_settled:
        return f"{head}: {both} are not told apart with {fixed.cap} seeds, the most that were to be run."
    n_more = fixed.looks[len(fixed.taken)] - look.n_seeds
    return f"{head}; {plural(n_more, 'more seed')} of each."


def fixed_on(runs: BenchmarkRuns, comparisons: Iterable[FixedComparison]) -> dict[frozenset[str], FixedComparison]:
    """The comparisons of setups on a benchmark that were fixed, with the labels that these have now.

    Of one that was looked at all runs of the last look have to be there: what it said is not said of others. Of several
    of one pair, which have seeds of their own, it is the one with the latest seeds.
    """
    label_of = {run.hash: label for label, of_setup in runs.setups.items() for run in of_setup if run.hash}
    found: dict[frozenset[str], FixedComparison] = {}
    for each in sorted(comparisons, key=lambda comparison: comparison.seeds):
        labels = [next((label_of[run] for run in of_setup if run in label_of), None) for of_setup in each.runs]
        if not _looked_at(each) <= label_of.keys():
            continue
        if labels[0] is not None and labels[1] is not None and labels[0] != labels[1]:
            found[frozenset(map(str, labels))] = attrs.evolve(each, setups=(labels[0], labels[1]))
    return found


def warnings_of_fixed(compared: Sequence[PanelPairs], grouped: Sequence[BenchmarkRuns], study: Study) -> Iterator[str]:
    """What rules that were fixed beforehand mean for everything else.

    Args:
        compared: The pairs on each benchmark.
        grouped: The runs on each.
        study: Where they are from.
    """
    for path in study.unreadable:
        if path.match(FIXED):
            yield f"{path} cannot be read: looks by the rule that it holds are not counted by p-values of its setups"
    comparisons = study.fixed
    for runs in grouped:
        if len(runs.setups) < 2:
            continue  # nothing is compared, so that there are no p-values
        there = {run.hash for run in runs.runs if run.hash}
        for each in comparisons:
            looked = _looked_at(each)
            if looked & there and not looked <= there:
                yield (
                    f"{runs.benchmark}: {' and '.join(each.setups)} were looked at by a rule that was fixed "
                    "beforehand, with runs that are not all here: p-values of those that are do not count the looks"
                )
    for benchmark in compared:
        for pair in benchmark.pairs:
            if pair.fixed is None:
                continue
            where, both = benchmark.panel.problem, f"{pair.first} and {pair.second}"
            if benchmark.tested and pair.fixed.is_told_apart and pair.fixed.n_seeds < pair.fixed.cap:
                yield (f"{where}: {both} decided how many seeds there are, which p-values of other pairs do not count")
            others = [each for each in comparisons if each.taken and _is_of_the_same(each, pair.fixed)]
            if len(others) > 1:
                seeds = " and ".join(str(first) for first in sorted(each.seeds[0] for each in others))
                yield (
                    f"{where}: {both} were compared by {len(others)} rules that were fixed beforehand, with seeds from "
                    f"{seeds}. The last is told: count all of them"
                )


def _looked_at(comparison: FixedComparison) -> set[str]:
    """The runs of the last look, by their hashes."""
    return {run for of_setup in comparison.runs for run in of_setup[: comparison.n_seeds]}


def _is_of_the_same(one: FixedComparison, other: FixedComparison) -> bool:
    return one.benchmark == other.benchmark and set(one.setups) == set(other.setups)
