"""How often the statistics of `tunekit.studies.statistics` are right, in percent, by simulation.

The tables are those of docs/explanation/statistics.md. The same repeats give the same tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

import numpy as np
from rich import box
from rich.table import Table

from terminal import console, names
from tunekit.studies.statistics.sequential import default_looks
from validity.differences import DIFFERENCES, OTHER_DIFFERENCES, OTHER_SEARCHES, SEARCHES, Draw
from validity.repeated_looks import (
    LOOKS,
    OFTEN,
    RULES,
    at_stop,
    false_alarms,
    ours,
    recorded_differences,
    unadjusted,
    worth,
)
from validity.simulations import (
    band_errors,
    coverage,
    errors_of_ranks,
    familywise_error,
    foretold,
    rejected_coverage,
    rejections,
    width,
)

SEEDS = (5, 6, 7, 8, 10, 12, 15, 20, 30)
SEEDS_OF_BANDS = (10, 11, 15, 20, 30)
LEAST_RANGES = 30  # of which shares are shown
CENTRES = {name: DIFFERENCES[name].truth["median"] for name in ("normal", "log-normal", "two modes, 4 apart")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--parts", type=names, default=tuple(PARTS), help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--repeats", type=int, default=4000, help="studies simulated for a cell (default: 4000)")


def main(arguments: argparse.Namespace) -> None:
    """Simulate and print; bands and tests, which take longer, with a quarter of the repeats."""
    out = console()
    for part in arguments.parts:
        PARTS[part](out.print, arguments.repeats)


def print_intervals(show: Callable[[Table], None], repeats: int) -> None:
    """Coverage of the intervals that are offered, and of those that are not; widths."""
    for statistic in ("median", "iqm"):
        table = _table(f"coverage of the interval of the {statistic}", "differences", SEEDS)
        for name, differences in {**DIFFERENCES, **OTHER_DIFFERENCES}.items():
            table.add_row(name, *(_percent(coverage(differences, statistic, n, repeats)) for n in SEEDS))
        show(table)
    table = _table("width of the interval of the iqm, in percent of that of the median", "differences", SEEDS)
    for name, differences in DIFFERENCES.items():
        pairs = [[width(differences, statistic, n, repeats) for statistic in ("iqm", "median")] for n in SEEDS]
        table.add_row(name, *(_percent(iqm / median, 0) for iqm, median in pairs))
    show(table)
    some = (5, 10, 20, 50)
    table = _table("coverage of intervals of the mean, which are not offered", "differences", some)
    for name, differences in DIFFERENCES.items():
        found = [rejected_coverage(differences, n, repeats) for n in some]
        for method in found[0]:
            table.add_row(f"{name}: {method}", *(_percent(each[method]) for each in found))
    show(table)


def print_bands(show: Callable[[Table], None], repeats: int) -> None:
    """Simultaneous coverage of the band, how often there is one, and how often it says "from then on" wrongly."""
    tables = [
        _table(title, "random searches", SEEDS_OF_BANDS)
        for title in ("coverage of the band at all times at once", "how often there is a band", "false 'from then on'")
    ]
    for name, searches in {**SEARCHES, **OTHER_SEARCHES}.items():
        truth = searches.true_median()
        found = [band_errors(searches, truth, n, repeats // 4) for n in SEEDS_OF_BANDS]
        for table, of in zip(tables, ("coverage", "given", "false_from"), strict=True):
            table.add_row(name, *(_percent(getattr(each, of)) for each in found))
    for table in tables:
        show(table)


def print_tests(show: Callable[[Table], None], repeats: int) -> None:
    """Errors of the tests where methods are equal."""
    table = _table("any of the pairs called different, of equal methods", "losses", ("3 methods, 8", "8, 11", "8, 20"))
    drawn: Mapping[str, Draw] = {
        **{name: DIFFERENCES[name].draw for name in CENTRES},
        "whole numbers, many ties": lambda rng, shape: rng.poisson(2.0, size=shape).astype(float),
    }
    for name, draw in drawn.items():
        cells = [familywise_error(draw, k, n, repeats // 4) for k, n in ((3, 8), (8, 11), (8, 20))]
        table.add_row(name, *map(_percent, cells))
    show(table)
    table = _table("Wilcoxon's test significant, differences with median 0", "differences", (10, 20))
    for name, centre in CENTRES.items():
        table.add_row(name, *(_percent(rejections(DIFFERENCES[name].draw, centre, n, repeats)) for n in (10, 20)))
    show(table)
    table = _table("Friedman's test, and any pair told apart, of 6 equal methods", "losses", ("10 benchmarks", "20"))
    for name, draw in drawn.items():
        found = [errors_of_ranks(draw, 6, n, repeats // 4) for n in (10, 20)]
        table.add_row(name, *(f"{_percent(omnibus)}, {_percent(pairs)}" for omnibus, pairs in found))
    show(table)


def print_further_seeds(show: Callable[[Table], None], repeats: int) -> None:
    """How often the range of further seeds holds the truth."""
    some = (6, 10, 20)
    title = "range given, of those right (true number below, above it), median range"
    table = _table(title, "differences, hypotheses", some)
    for name, centre in CENTRES.items():
        for n_hypotheses in (1, 6, 28):
            found = [foretold(DIFFERENCES[name].draw, centre, n, n_hypotheses, repeats // 4) for n in some]
            cells = (
                f"{_percent(each.given, 0)}, {_percent(each.right, 0)} ({_percent(each.too_early, 0)}, "
                f"{_percent(each.too_late, 0)}), {each.least:.0f} to {each.most:.0f}"
                if each.n_ranges >= LEAST_RANGES
                else f"{_percent(each.given, 0)}, too few to tell"
                for each in found
            )
            table.add_row(f"{name}, {n_hypotheses}", *cells)
    show(table)


def print_looks(show: Callable[[Table], None], repeats: int) -> None:
    """Rules that look again and again while seeds are added: what they cost, their errors, and what they estimate."""
    symmetric: Mapping[str, Draw] = {
        "normal": DIFFERENCES["normal"].draw,
        "Student's t, 2 degrees": lambda rng, shape: rng.standard_t(2, size=shape),
        "log-normal of either sign": lambda rng, shape: rng.lognormal(size=shape) * rng.choice((-1.0, 1.0), shape),
        "whole numbers, many ties": lambda rng, shape: rng.poisson(2.0, shape) - rng.poisson(2.0, shape) + 0.0,
        "two of three are zero": lambda rng, shape: rng.normal(size=shape) * (rng.random(shape) < 1 / 3),
    }
    effects = (0.0, 0.5, 1.0, 2.0)
    table = _table("told apart, seeds on average; normal differences, up to 40 seeds", "rule; effect in sd", effects)
    for name, rule in RULES.items():
        found = [worth(rule, symmetric["normal"], effect, repeats // 4) for effect in effects]
        table.add_row(name, *(f"{_percent(each.told_apart)}, {each.seeds:.1f}" for each in found))
    show(table)
    columns = {"up to 20": default_looks(20), "up to 40": LOOKS, "up to 80": default_looks(80), "4, 6 … 20": OFTEN}
    table = _table("told apart, of equal methods, by our rule; unadjusted", "differences", tuple(columns))
    for name, draw in symmetric.items():
        cells = [
            [worth(rule, draw, 0.0, repeats // 2, each) for rule in (ours, unadjusted)] for each in columns.values()
        ]
        table.add_row(name, *(", ".join(_percent(each.told_apart) for each in cell) for cell in cells))
    show(table)
    columns = {"up to 40": LOOKS, "4, 6 … 20": OFTEN}
    table = _table("told apart, of recorded differences with random signs; unadjusted", "recorded", tuple(columns))
    for name, differences in recorded_differences().items():
        cells = [
            [false_alarms(rule, differences, each, repeats // 2) for rule in (ours, unadjusted)]
            for each in columns.values()
        ]
        table.add_row(name, *(", ".join(map(_percent, cell)) for cell in cells))
    show(table)
    table = _table("interval of the median where the rule stops, naive one, excess", "differences; effect", effects)
    for name, centre in CENTRES.items():
        found = [at_stop(DIFFERENCES[name].draw, centre, effect, repeats // 2) for effect in effects]
        cells = (f"{_percent(each.coverage)}, {_percent(each.naive)}, {_percent(each.excess, 0)}" for each in found)
        table.add_row(name, *cells)
    show(table)


PARTS = {
    "intervals": print_intervals,
    "bands": print_bands,
    "tests": print_tests,
    "further": print_further_seeds,
    "looks": print_looks,
}


def _table(title: str, first: str, columns: tuple[object, ...]) -> Table:
    return Table(first, *(str(each) for each in columns), title=title, box=box.SIMPLE)


def _percent(share: float, digits: int = 1) -> str:
    return "none" if np.isnan(share) else f"{100 * share:.{digits}f}"
