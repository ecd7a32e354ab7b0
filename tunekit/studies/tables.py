"""A comparison in the terminal: a table for each benchmark, sentences on pairs, ranks, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from tunekit.console import plural, print_stdout, stdout_console
from tunekit.studies.comparison import Comparison
from tunekit.studies.pairs import Pair, PanelPairs
from tunekit.studies.panels import MethodCurves, Panel
from tunekit.studies.sentences import sentences_of
from tunekit.studies.statistics.intervals import DEFAULT_STATISTIC, Statistic
from tunekit.studies.statistics.ranks import LEAST_BENCHMARKS
from tunekit_core.number_text import format_fixed, format_range

FRACTIONS = (0.25, 0.5, 1.0)
STATISTICS: Mapping[Statistic, str] = {
    "median": "Median over runs and its 95 % interval, which there is from 5 runs on",
    "iqm": "Mean of the middle half of the runs and its 95 % interval, which there is from 6 runs on",
    "mean": "Mean over runs, of which no interval can be trusted (docs/explanation/statistics.md says why)",
}
MOST_PAIRS = 12  # of a benchmark that are shown unless all are asked for


def print_panels(panels: Sequence[Panel], statistic: Statistic = DEFAULT_STATISTIC) -> None:
    """Print a table for each benchmark: the best values of each setup at fractions of the budget.

    Args:
        panels: The benchmarks.
        statistic: What is shown of several runs.
    """
    for panel in panels:
        better = "lower" if panel.mode == "min" else "higher"
        print_stdout(
            f"{panel.problem}: best {panel.metric} so far ({better} is better) at fractions of "
            f"{format_fixed(panel.budget, 0)} s"
        )
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("method", overflow="fold")  # a long one is wrapped, rather than numbers be cut
        table.add_column("runs", justify="right")
        for fraction in FRACTIONS:
            table.add_column(Text(f"{fraction:.0%}", justify="right"), no_wrap=True)  # its cells are aligned already
        methods = _best_first(panel, statistic)
        has_costs = any(method.cost for method in methods)
        if has_costs:
            table.add_column("cost", justify="right", no_wrap=True)
        columns = zip(*(_cells(panel, method, statistic) for method in methods), strict=True)
        values = zip(*map(_aligned, columns), strict=True)
        for position, (method, of_method) in enumerate(zip(methods, values, strict=True)):
            cells = [method.label, str(len(method.curves)), *of_method]
            cells += [method.cost] if has_costs else []
            table.add_row(*cells, style="bold" if position == 0 and len(methods) > 1 else None)
        stdout_console().print(table)
    if panels:
        print_stdout(f"{STATISTICS[statistic]}.")


def print_verdicts(comparison: Comparison, *, all_pairs: bool = False) -> None:
    """Print a sentence for each pair of setups, the average ranks, and how it was tested.

    Args:
        comparison: What is told.
        all_pairs: Whether pairs without the best setup of a benchmark are told too where there are many.
    """
    for compared in comparison.benchmarks:
        shown = compared.pairs if all_pairs or len(compared.pairs) <= MOST_PAIRS else _of_the_best(compared)
        lines = sentences_of(compared, shown)
        if lines:
            print_stdout(f"{compared.panel.problem}:")
            for line in lines:
                print_stdout(f"  {line}.")
        if len(lines) > 1 and len(shown) < len(compared.pairs):
            print_stdout(f"  {len(compared.pairs) - len(shown)} more pairs: --pairs shows them.")
    _print_ranks(comparison)
    _print_regrets(comparison)
    counts = sorted({len(each.tested) for each in comparison.benchmarks if each.tested and each.is_possible})
    if counts:
        n_pairs = plural(counts[-1], "pair") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} pairs"
        print_stdout(
            "Tested at the end, over the seeds that both have: Wilcoxon's signed ranks, Holm's rule over the "
            f"{n_pairs} of a benchmark, error {comparison.error:g}. How much: median of the differences of equal seeds "
            "and its 95 % interval, of each pair alone. From when on: where it can be said, a band over all times at "
            "once, from 10 seeds on."
        )


def _print_ranks(comparison: Comparison) -> None:
    if not comparison.ranks:
        return
    in_order = sorted(comparison.ranks.items(), key=lambda entry: (entry[1], entry[0]))
    ranks = ", ".join(f"{setup} {rank:.2f}" for setup, rank in in_order)
    print_stdout(f"Average ranks over {plural(comparison.n_ranked, 'benchmark')} (1 is best): {ranks}.")
    critical = comparison.critical_difference
    if critical is None:
        print_stdout(
            f"Which of these ranks differ is not tested: it takes {LEAST_BENCHMARKS} benchmarks with all setups."
        )
    else:
        setups = list(comparison.ranks)
        groups = "; ".join(", ".join(setups[i] for i in clique) for clique in critical.cliques)
        print_stdout(f"Ranks not told apart: {groups or 'none'} (Friedman's test: p = {critical.p:.2g}).")


def _print_regrets(comparison: Comparison) -> None:
    if len(comparison.regrets) > 1:
        in_order = sorted(comparison.regrets.items(), key=lambda entry: (entry[1], entry[0]))
        regrets = ", ".join(f"{setup} {regret:.2f}" for setup, regret in in_order)
        end = f"{comparison.against} ends" if comparison.against else "the worst ends"
        over = plural(comparison.n_with_regrets, "benchmark")
        print_stdout(f"Regret of the median at the end, mean over {over} (0 is the optimum, 1 where {end}): {regrets}.")


def _of_the_best(compared: PanelPairs) -> list[Pair]:
    best = compared.panel.methods[0].label
    return [pair for pair in compared.pairs if best in (pair.first, pair.second)]


def _best_first(panel: Panel, statistic: Statistic) -> list[MethodCurves]:
    def loss_at_the_end(method: MethodCurves) -> float:
        loss = panel.sign * float(panel.spread(method, np.array([panel.budget]), statistic).centre[0])
        return np.inf if np.isnan(loss) else loss

    return sorted(panel.methods, key=loss_at_the_end)


def _cells(panel: Panel, method: MethodCurves, statistic: Statistic) -> list[str]:
    spread = panel.spread(method, panel.budget * np.array(FRACTIONS), statistic)
    columns = zip(spread.centre.tolist(), spread.low.tolist(), spread.high.tolist(), strict=True)
    return [_cell(*column) for column in columns]


def _cell(centre: float, low: float, high: float) -> str:
    return "none yet" if np.isnan(centre) else format_range(centre, low, high)


def _aligned(cells: Sequence[str]) -> list[str]:
    """The cells of a column, each interval below the one before; cells without one end where the values do."""
    parts = [cell.partition(" [") for cell in cells]
    widths = [max(len(part[i]) for part in parts) for i in range(3)]
    return [f"{value:>{widths[0]}}{bracket:{widths[1]}}{ends:{widths[2]}}" for value, bracket, ends in parts]
