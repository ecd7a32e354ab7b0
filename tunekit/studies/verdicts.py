"""What follows from a comparison in sentences: those of each benchmark, those over all, and how it was tested."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import attrs

from tunekit.console import plural
from tunekit.studies.comparison import Comparison
from tunekit.studies.differences import less
from tunekit.studies.pairs import Pair, PanelPairs
from tunekit.studies.panels import Panel
from tunekit.studies.sentences import sentences_of
from tunekit.studies.statistics.ranks import LEAST_BENCHMARKS

BOTH = 2
MOST_PAIRS = 12  # of a benchmark that are told unless all are asked for


@attrs.frozen
class Verdicts:
    """What is told of a benchmark.

    Attributes:
        sentences: Without full stops.
        n_more: How many pairs are not told.
    """

    sentences: Sequence[str]
    n_more: int


def verdicts_of(compared: PanelPairs, *, all_pairs: bool) -> Verdicts:
    """A sentence for each pair of a benchmark.

    Args:
        compared: The benchmark.
        all_pairs: Whether pairs without the best setup are told too where there are many.
    """
    shown = compared.pairs if all_pairs or len(compared.pairs) <= MOST_PAIRS else _of_the_best(compared)
    lines = sentences_of(compared, shown)
    return Verdicts(lines, len(compared.pairs) - len(shown) if len(lines) > 1 else 0)


def about_the_best(compared: PanelPairs) -> str:
    """Which setup of a benchmark has the best median at the end, and how it compares with the others."""
    with_best = best_medians(compared.panel)
    if len(with_best) != 1:
        return f"{' and '.join(sorted(with_best))} share the best median" if with_best else "no setup has a median"
    (best,) = with_best
    others = [pair for pair in compared.pairs if best in (pair.first, pair.second)]
    n_better = sum(pair.is_better and pair.first == best for pair in others)
    ahead = _ahead_of(best, others)
    if len(others) == 1:
        (pair,) = others
        other = pair.second if pair.first == best else pair.first
        relation = f"and is better than {other}" if n_better else f"but is not told apart from {other}"
        if pair.is_better and not n_better:
            relation, ahead = f"but {other} is better in equal seeds", []
    elif n_better == len(others):
        relation = f"and is better than {'both' if n_better == BOTH else f'all {n_better}'} others"
    elif n_better:
        relation = f"and is better than {n_better} of {len(others)} others"
    else:
        relation = f"but is better than none of {len(others)} others"
    if ahead:
        relation += f"; seed by seed, the median difference is in favour of {' and '.join(ahead)}"
    return f"{best} has the best median, {relation}"


def best_medians(panel: Panel) -> list[str]:
    """The setups with the best median at the end: several where it is equal, none where too few runs have a value."""
    medians = panel.medians()
    best = min(medians.values(), default=math.inf)
    return [label for label, loss in medians.items() if less(loss, best) == 0 and math.isfinite(best)]


def _ahead_of(best: str, pairs: Sequence[Pair]) -> list[str]:
    """Setups with the better median difference to the one with the best median: these two need not agree."""
    ahead = [pair.first if pair.estimate > 0 else pair.second for pair in pairs if pair.estimate != 0]
    return sorted(label for label in ahead if label != best)


def about_ranks(comparison: Comparison) -> Iterator[str]:
    """The average ranks, and which are told apart; nothing where there are none."""
    if not comparison.ranks:
        return
    in_order = sorted(comparison.ranks.items(), key=lambda entry: (entry[1], entry[0]))
    ranks = ", ".join(f"{setup} {rank:.2f}" for setup, rank in in_order)
    over = plural(comparison.n_ranked, "benchmark")
    yield f"Average ranks of the medians at the end over {over} (1 is best): {ranks}."
    critical = comparison.critical_difference
    if critical is None:
        yield f"Which of these ranks differ is not tested: it takes {LEAST_BENCHMARKS} benchmarks with all setups."
    else:
        setups = list(comparison.ranks)
        groups = "; ".join(", ".join(setups[i] for i in clique) for clique in critical.cliques)
        yield f"Ranks not told apart: {groups or 'none'} (Friedman's test: p = {critical.p:.2g})."


def about_regrets(comparison: Comparison) -> Iterator[str]:
    """The mean regrets; nothing where there are none."""
    if not comparison.regrets:
        return
    in_order = sorted(comparison.regrets.items(), key=lambda entry: (entry[1], entry[0]))
    regrets = ", ".join(f"{setup} {regret:.2f}" for setup, regret in in_order)
    end = f"{comparison.against} ends" if comparison.against else "the worst ends"
    over = over_known_optima(comparison)
    yield f"Regret of the median at the end, {over} (0 is the optimum, 1 where {end}): {regrets}."


def over_known_optima(comparison: Comparison) -> str:
    """Over which benchmarks regrets are, as a clause."""
    if comparison.n_with_regrets == 1:
        return "on the one benchmark whose optimum is known"
    return f"mean over {comparison.n_with_regrets} benchmarks whose optimum is known"


def how_it_was_tested(comparison: Comparison) -> Iterator[str]:
    """By which tests and rules; nothing where no pair could be significant."""
    counts = sorted({len(each.tested) for each in comparison.benchmarks if each.tested and each.is_possible})
    if counts:
        n_pairs = plural(counts[-1], "pair") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} pairs"
        yield (
            "Tested at the end, over the seeds that both have: Wilcoxon's signed ranks, Holm's rule over the "
            f"{n_pairs} of a benchmark, error {comparison.error:g}. How much: median of the differences of equal seeds "
            "and its 95 % interval, of each pair alone. From when on: where it can be said, a band over all times at "
            "once, from 10 seeds on."
        )

    fixed = sorted({pair.fixed.rule for each in comparison.benchmarks for pair in each.pairs if pair.fixed is not None})
    if fixed:
        yield (
            f"Fixed beforehand: {'; '.join(fixed)}. Tested by signed ranks whose chances are those over all looks "
            "together; each interval holds at all looks together, too."
        )


def _of_the_best(compared: PanelPairs) -> list[Pair]:
    best = compared.panel.methods[0].label
    return [pair for pair in compared.pairs if best in (pair.first, pair.second)]
