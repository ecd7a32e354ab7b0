"""The tuning loop and the application around it against the bars of the design.

The loop is compared with the same work in one flat function: each runs 20 times, in turn, and the least processor
seconds of one are divided by the least of the other, since what else the machine does can only add to them. Both write
their results, which must be the same bytes. Whole processes are timed from the shell: the median, and the least beside
it.
With `--synetune PYTHON`, an interpreter that has syne-tune[blackbox-repository]==0.13.0, that runs beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from rich.table import Table as RichTable

from loop.alternating import Spread, alternate, timed
from loop.bare_loop import bare_loop
from loop.tuned_loop import tuned_loop
from shell import process_seconds, run_seconds, sweep_seconds
from terminal import console, count
from tunekit_benchmarks.fcnet.grid import VALUES
from tunekit_core import Benchmark, create

HERE = Path(__file__).parent
N_RUNS = 20
N_STARTS = 5
N_REPORTS = 6000  # of PASHA and ASHA: as many as the reference software was timed with
SEEDS_CHECKED = range(5)
Line = tuple[str, str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--runs", type=count, default=N_RUNS, help=f"of each loop, in turn (default: {N_RUNS})")
    parser.add_argument("--part", choices=("loop", "application"), help="only this (default: both)")
    parser.add_argument("--synetune", metavar="PYTHON", help="interpreter that has Syne Tune 0.13")


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    table = RichTable("what", "measured", "bar", title="tunekit, standard workload: ASHA on fcnet, 4 workers, 3,600 s")
    measurements: list[Callable[[], list[Line]]] = []
    if arguments.part != "application":
        measurements += [partial(loop, arguments.runs), partial(pasha, arguments.runs)]
    if arguments.part != "loop":
        measurements += [twenty_seeds, starts, sweep]
    if arguments.synetune:
        measurements.append(partial(synetune, arguments.synetune))
    for measure in measurements:
        for line in measure():
            table.add_row(*line)
    console().print(table)


def loop(n_runs: int) -> list[Line]:
    """The loop with results written, against the same work in one flat function; fails if their bytes differ."""
    benchmark = create("benchmark", "fcnet")
    for seed in SEEDS_CHECKED:  # not timed: whatever is done once in a process is done by now
        compare_loops(benchmark, seed, 1)
    bare, ours, n_reports = compare_loops(benchmark, 0, n_runs)
    return [
        (f"loop and simulator, times a bare loop, least of {n_runs} runs", f"{ours.least / bare.least:.2f}", "1.6"),
        ("  tunekit: least, median, most", str(ours), ""),
        ("  bare loop: least, median, most", str(bare), ""),
        ("  reports a second", f"{n_reports / ours.least:,.0f}", ""),
    ]


def pasha(n_runs: int) -> list[Line]:
    """PASHA beside ASHA, both with random configurations, results written."""
    benchmark = create("benchmark", "fcnet", dataset="diabetes")  # here it still looks for noise at the end
    with tempfile.TemporaryDirectory() as folder:
        works = [
            partial(_run_afresh, Path(folder, scheduler), benchmark, scheduler)
            for scheduler in ("asha_promotion", "pasha")
        ]
        asha, ours = alternate(*works, n_runs, lambda *counts: None)
    return [
        (
            f"PASHA, times ASHA, {N_REPORTS:,} reports each, least of {n_runs} runs",
            f"{ours.least / asha.least:.2f}",
            "2",
        ),
        ("  PASHA: µs a report", f"{1e6 * ours.least / N_REPORTS:.0f}", ""),
        ("  ASHA: µs a report", f"{1e6 * asha.least / N_REPORTS:.0f}", ""),
    ]


def _run_afresh(folder: Path, benchmark: Benchmark, scheduler: str) -> int:
    shutil.rmtree(folder, ignore_errors=True)
    return tuned_loop(folder, benchmark, 0, scheduler, N_REPORTS)


def compare_loops(benchmark: Benchmark, seed: int, n_runs: int) -> tuple[Spread, Spread, int]:
    """Processor seconds of the bare loop and of ours, and the number of reports of each run.

    Raises:
        AssertionError: If they wrote different results.
    """
    with tempfile.TemporaryDirectory() as folder:
        bare_file, our_folder = Path(folder, "bare.zip"), Path(folder, "ours")
        counts = set()

        def check(n_bare: int, n_ours: int) -> None:
            if n_bare != n_ours or (our_folder / "results.csv.zip").read_bytes() != bare_file.read_bytes():
                raise AssertionError(f"seed {seed}: the bare loop and the tuner wrote different results")
            shutil.rmtree(our_folder)
            bare_file.unlink()
            counts.add(n_ours)

        bare, ours = alternate(
            partial(bare_loop, bare_file, benchmark.blackbox(), benchmark.space, seed),
            partial(tuned_loop, our_folder, benchmark, seed),
            n_runs,
            check,
        )
        (n_reports,) = counts
        return bare, ours, n_reports


def twenty_seeds() -> list[Line]:
    """A whole sweep, from the shell."""
    seconds = [sweep_seconds("method=ASHA", "benchmark=fcnet", "seed=range(20)") for _ in range(3)]
    return [("20 seeds of ASHA from the shell, 2 cores", _seconds(seconds), "6 s")]


def starts() -> list[Line]:
    """What a user waits for before and beside the work itself."""
    run = [run_seconds("method=ASHA", "benchmark=fcnet") for _ in range(N_STARTS)]
    help_page = [process_seconds("-m", "tunekit", "--help") for _ in range(N_STARTS)]
    empty = statistics.median(process_seconds("-c", "pass") for _ in range(N_STARTS))
    core = [process_seconds("-c", "import tunekit_core") - empty for _ in range(N_STARTS)]
    return [
        ("one simulated run of ASHA from the shell", _seconds(run), "0.9 s"),
        ("python -m tunekit --help", _seconds(help_page), "0.5 s"),
        ("import tunekit_core, less an empty interpreter", _seconds(core), "0.15 s"),
    ]


def sweep() -> list[Line]:
    """What each run of a sweep costs beside its own work."""
    small = ("method=RS", "benchmark=fcnet", "stopping.max_num_evaluations=1", "hydra.sweeper.n_jobs=1")
    few = statistics.median(sweep_seconds(*small, "seed=range(10)") for _ in range(3))
    many = statistics.median(sweep_seconds(*small, "seed=range(410)") for _ in range(3))
    return [("sweep, a run of one report", f"{1000 * (many - few) / 400:.1f} ms", "5 ms")]


def synetune(python: str) -> list[Line]:
    """ASHA of Syne Tune on the same table: seconds a report, in turn with ours."""
    benchmark = create("benchmark", "fcnet")
    table = benchmark.blackbox()
    ratios, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.npz")
        seconds = [table.seconds_per_epoch(configuration) for configuration in benchmark.space.enumerate()]
        values = json.dumps({name: list(options) for name, options in VALUES.items()})
        np.savez(path, losses=table.losses()[:, 100:200], seconds=np.array(seconds), values=values)
        environment = os.environ | {"SYNETUNE_FOLDER": folder, "OMP_NUM_THREADS": "1"}
        for seed in range(3):
            command = [python, str(HERE / "peer_synetune.py"), str(path), str(seed)]
            output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
            peer = json.loads(output.splitlines()[-1])
            reports, ours = timed(partial(tuned_loop, Path(folder, str(seed)), benchmark, seed))
            theirs.append(1e6 * peer["seconds"] / peer["reports"])
            ratios.append(theirs[-1] / (1e6 * ours / reports))
    measured = f"{statistics.median(ratios):.1f} times ({statistics.median(theirs):.0f} µs a report there)"
    return [("ASHA against Syne Tune 0.13, same table", measured, "20 times")]


def _seconds(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s (least {min(seconds):.2f})"
