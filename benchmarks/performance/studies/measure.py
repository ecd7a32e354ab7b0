"""How long a study of 10,000 simulated experiments takes to be collected and reported, and how much memory.

They are made first, in a few minutes, unless they are there already; that can be ended at any time and goes on with
the same command. Each measurement is a process of its own; nothing is kept between them but what the system keeps of
files in memory, and for the second report what the first left in a cache.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from loop.alternating import spread
from studies.generating import METHODS, problems, results_of
from studies.reporting import reports
from terminal import console

HERE = Path(__file__).parent
FOLDER = Path(__file__).parents[2] / "work" / "studies"
N_SEEDS = 50
N_RUNS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the experiments (default: benchmarks/work)")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help=f"of each method (default: {N_SEEDS})")
    parser.add_argument("--problems", type=int, default=len(problems()), help="the first so many (default: all)")
    parser.add_argument("--runs", type=int, default=N_RUNS, help=f"of each measurement (default: {N_RUNS})")


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    make(arguments.folder, arguments.seeds, arguments.problems)
    title = f"{arguments.problems} problems x {len(METHODS)} methods x {arguments.seeds} seeds"
    table = Table("what", "least, median, most", "of the processor", "bar", title=title)
    for line in collecting(results_of(arguments.folder), arguments.runs):
        table.add_row(*line)
    for line in reporting(results_of(arguments.folder), arguments.runs):
        table.add_row(*line)
    console().print(table)


def make(folder: Path, n_seeds: int, n_problems: int) -> None:
    """Make the experiments that are not there, in a process that gives way to others.

    Raises:
        CalledProcessError: If one did not come to its end.
    """
    command = [sys.executable, str(HERE / "generating.py"), str(folder), str(n_seeds), str(n_problems)]
    subprocess.run(command, check=True)


def collecting(folder: Path, n_runs: int) -> list[tuple[str, str, str, str]]:
    """Seconds and memory of ``load_experiments``."""
    command = [sys.executable, str(HERE / "collecting.py"), str(folder)]
    output = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(n_runs)]
    runs: list[dict[str, Any]] = [json.loads(each) for each in output]
    (n_experiments,) = {run["experiments"] for run in runs}
    return [
        ("import load_experiments", *_seconds([run["importing"] for run in runs]), ""),
        (f"collect {n_experiments:,} experiments", *_seconds([run["collecting"] for run in runs]), "3 s"),
        ("  peak of memory by then", f"{max(run['peak'] for run in runs):.0f} MB", "", "1 GB"),
        ("collect them again, in the same process", *_seconds([run["again"] for run in runs]), ""),
    ]


def reporting(folder: Path, n_runs: int) -> list[tuple[str, str, str, str]]:
    """Seconds and memory of ``python -m tunekit report``, and the size of its page."""
    runs = list(reports(folder, n_runs))
    lines = [
        (what, *_seconds([(each.seconds, each.processor) for each in found]), bar)
        for what, found, bar in (
            ("report, for the first time", [run.first for run in runs], "10 s"),
            ("report, again", [run.second for run in runs], "2 s"),
            ("report, with a page of HTML", [run.with_page for run in runs], ""),
        )
    ]
    peak = max(each.peak for run in runs for each in (run.first, run.second, run.with_page))
    size = max(run.page for run in runs) / 1e6
    return [
        *lines,
        ("  peak of memory", f"{peak:.0f} MB", "", "1 GB"),
        ("  size of the page", f"{size:.2f} MB", "", "5 MB"),
    ]


def _seconds(measured: Sequence[Sequence[float]]) -> tuple[str, str]:
    return str(spread([real for real, _ in measured])), str(spread([processor for _, processor in measured]))
