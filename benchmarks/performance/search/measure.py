"""Seconds that model-based methods compute, for a suggestion and for whole runs.

One thread, and processor time except from the shell; n is the number of trials, d that of hyperparameters.
Random configurations stand in for the first n proposals of a run with 4 workers, so that 3 trials are pending at each
suggestion; then real ones are timed, the first few left out, since a model that follows every trial would have fitted
before. The mean counts refits in proportion, the median shows what most suggestions take.
"""

from __future__ import annotations

import argparse
import statistics

from rich import box
from rich.table import Table

from runs.peers import PEERS
from runs.run import Job, carry_out, recipe
from runs.tasks import open_task
from search.suggestions import suggestion_seconds
from shell import sweep_seconds
from terminal import console, names

METHODS = ("BO", "MOBSTER", "OptunaGP", "OptunaTPE", "StockBoTorch")
COUNTS = (30, 100, 200, 500, 1000, 2000)
WIDTHS = (2, 8, 20)
MOST_FOR_PEERS = 200
BARS = {("BO", 8, 100): 40, ("BO", 8, 500): 150}  # milliseconds
LCBENCH = "lcbench:168868"
WHOLE_RUNS = ("MOBSTER", "BO", "AUTO")
WHOLE_BAR = {"MOBSTER": "60 s"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--methods", type=names, default=METHODS, help="recipes and peers, separated by commas")
    parser.add_argument("--n", type=_numbers, default=COUNTS, help="numbers of trials; peers stop at 200")
    parser.add_argument("--d", type=_numbers, default=WIDTHS, help="numbers of hyperparameters")
    parser.add_argument("--part", choices=("suggestions", "runs"), help="only this (default: both)")


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    try:
        for method in arguments.methods:
            recipe(method)  # before anything is measured
    except ValueError as error:
        raise SystemExit(str(error)) from error
    out = console()
    if arguments.part != "runs":
        for d in arguments.d:
            out.print(suggestions(arguments.methods, arguments.n, d))
    if arguments.part != "suggestions":
        out.print(whole_runs())


def suggestions(methods: tuple[str, ...], counts: tuple[int, ...], d: int) -> Table:
    """Milliseconds of a suggestion for each method and number of trials."""
    title = f"milliseconds of a suggestion, mean (median), d = {d}"
    table = Table("method", *(f"n = {n}" for n in counts), title=title, box=box.SIMPLE)
    for method in methods:
        cells = ["" if method in PEERS and n > MOST_FOR_PEERS else _milliseconds(method, n, d) for n in counts]
        table.add_row(method, *cells)
    return table


def _milliseconds(method: str, n: int, d: int) -> str:
    seconds = suggestion_seconds(method, n, d)
    measured = f"{1000 * statistics.mean(seconds):.0f} ({1000 * statistics.median(seconds):.0f})"
    bar = BARS.get((method, d, n))
    return measured if bar is None else f"{measured}, bar {bar}"


def whole_runs() -> Table:
    """Seconds of computing for whole experiments."""
    table = Table("what", "measured", "bar", title="whole runs, 4 workers", box=box.SIMPLE)
    budget = open_task(LCBENCH).max_wallclock_time
    for method in WHOLE_RUNS:
        run = carry_out(Job(method, recipe(method), LCBENCH, 0, budget, ""))
        what = f"{method} on {LCBENCH}, {budget:,.0f} simulated s, {run.trials} trials, processor time"
        table.add_row(what, f"{run.processor_seconds:.1f} s", WHOLE_BAR.get(method, ""))
    for method in WHOLE_RUNS:
        seconds = sweep_seconds(f"method={method}", "benchmark=fcnet", "seed=range(20)")
        table.add_row(f"20 seeds of {method} on fcnet from the shell, 2 cores", f"{seconds:.1f} s", "")
    return table


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in names(text))
