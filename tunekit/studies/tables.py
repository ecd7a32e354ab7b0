"""A comparison in the terminal: a table for each benchmark, sentences on pairs, ranks, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from tunekit.console import print_stdout, stdout_console
from tunekit.studies.comparison import Comparison
from tunekit.studies.differences import less
from tunekit.studies.panels import MethodCurves, Panel
from tunekit.studies.statistics.intervals import DEFAULT_STATISTIC, Statistic
from tunekit.studies.verdicts import about_ranks, about_regrets, how_it_was_tested, verdicts_of
from tunekit_core.number_text import format_range, format_seconds, format_within

FRACTIONS = (0.25, 0.5, 1.0)
NAMES: Mapping[Statistic, str] = {"median": "median", "iqm": "mean of the middle half", "mean": "mean"}
STATISTICS: Mapping[Statistic, str] = {
    "median": "Median over runs and its 95 % interval, which there is from 5 runs on",
    "iqm": "Mean of the middle half of the runs and its 95 % interval, which there is from 6 runs on",
    "mean": "Mean over runs, of which no interval can be trusted (docs/explanation/statistics.md says why)",
}


def print_panels(panels: Sequence[Panel], statistic: Statistic = DEFAULT_STATISTIC) -> None:
    """Print a table for each benchmark: the best values of each setup at fractions of the budget.

    Args:
        panels: The benchmarks.
        statistic: What is shown of several runs.
    """
    for panel in panels:
        what = f"{NAMES[statistic]} of the {best_so_far(panel)}"
        print_stdout(f"{panel.problem}: {what} at fractions of {format_seconds(panel.budget)} s")
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("method", overflow="fold")  # a long one is wrapped, rather than numbers be cut
        table.add_column("runs", justify="right")
        for fraction in FRACTIONS:
            table.add_column(Text(f"{fraction:.0%}", justify="right"), no_wrap=True)  # its cells are aligned already
        methods = best_first(panel, statistic)
        losses = [_loss_at_the_end(panel, method, statistic) for method in methods]
        has_costs = any(method.cost for method in methods)
        if has_costs:
            table.add_column("cost", justify="right", no_wrap=True)
        columns = zip(*(cells_of(panel, method, statistic) for method in methods), strict=True)
        values = zip(*map(_aligned, columns), strict=True)
        for method, loss, of_method in zip(methods, losses, values, strict=True):
            cells = [method.label, str(len(method.curves)), *of_method]
            cells += [method.cost] if has_costs else []
            table.add_row(*cells, style="bold" if len(methods) > 1 and less(loss, losses[0]) == 0 else None)
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
        told = verdicts_of(compared, all_pairs=all_pairs)
        if told.sentences:
            print_stdout(f"{compared.panel.problem}:")
            for line in told.sentences:
                print_stdout(f"  {line}.")
        if told.n_more:
            print_stdout(f"  {told.n_more} more pairs: --pairs shows them.")
    for line in (*about_ranks(comparison), *about_regrets(comparison), *how_it_was_tested(comparison)):
        print_stdout(line)


def best_so_far(panel: Panel) -> str:
    """What the numbers of a table are of.

    >>> best_so_far(Panel("fcnet-robot_arm", "loss", "min", 3600.0, []))
    'best loss so far (lower is better)'
    """
    return f"best {panel.metric} so far ({'lower' if panel.mode == 'min' else 'higher'} is better)"


def best_first(panel: Panel, statistic: Statistic) -> list[MethodCurves]:
    """The setups of a panel in the order of a statistic at the end."""
    return sorted(panel.methods, key=lambda method: _loss_at_the_end(panel, method, statistic))


def _loss_at_the_end(panel: Panel, method: MethodCurves, statistic: Statistic) -> float:
    loss = panel.sign * float(panel.spread(method, np.array([panel.budget]), statistic).centre[0])
    return np.inf if np.isnan(loss) else loss


def cells_of(panel: Panel, method: MethodCurves, statistic: Statistic) -> list[str]:
    """What the runs of a setup have come to at each of the fractions of the budget, with its interval.

    Where there is no interval, digits are those that the runs share: two of their range over the root of their number.
    """
    times = panel.budget * np.array(FRACTIONS)
    spread = panel.spread(method, times, statistic)
    with np.errstate(invalid="ignore"):  # of runs without a value
        ranges = np.ptp(panel.losses(method, times), axis=0) / np.sqrt(len(method.curves))
    columns = (each.tolist() for each in (spread.centre, spread.low, spread.high, ranges))
    return [_cell(*column) for column in zip(*columns, strict=True)]


def _cell(centre: float, low: float, high: float, distance: float) -> str:
    if np.isnan(centre):
        return "none yet"
    return format_within(centre, distance) if np.isnan(low) or np.isnan(high) else format_range(centre, low, high)


def _aligned(cells: Sequence[str]) -> list[str]:
    """The cells of a column, each interval below the one before; cells without one end where the values do."""
    parts = [cell.partition(" [") for cell in cells]
    widths = [max(len(part[i]) for part in parts) for i in range(3)]
    return [f"{value:>{widths[0]}}{bracket:{widths[1]}}{ends:{widths[2]}}" for value, bracket, ends in parts]
