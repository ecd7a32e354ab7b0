"""What follows from a comparison in sentences: those of each benchmark, those over all, and how it was tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from tunekit.console import plural
from tunekit.studies.comparison import Comparison
from tunekit.studies.pairs import Pair, PanelPairs
from tunekit.studies.sentences import sentences_of
from tunekit.studies.statistics.ranks import LEAST_BENCHMARKS

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
    over = f"{plural(comparison.n_with_regrets, 'benchmark')} whose optimum is known"
    yield f"Regret of the median at the end, mean over {over} (0 is the optimum, 1 where {end}): {regrets}."


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
