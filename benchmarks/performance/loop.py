"""The tuning loop and the application around it against the bars of the design.

Ratios come from runs in turn, A B A B, in one process environment, since machines are noisy; quote the ratios.
With `--synetune PYTHON`, an interpreter that has syne-tune[blackbox-repository]==0.13.0, that runs beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from bare_loop import bare_loop
from rich.table import Table as RichTable
from shell import process_seconds, sweep_seconds
from terminal import console

from tunekit_benchmarks.fcnet.grid import VALUES
from tunekit_core import ExperimentRecord, Problem, Streams, Tuner, create
from tunekit_core.contracts.benchmarks import Benchmark

HERE = Path(__file__).parent
PAIRS = 5
SECONDS = 3600.0
Row = tuple[str, str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--synetune", metavar="PYTHON", help="interpreter that has Syne Tune 0.13")


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    table = RichTable("what", "measured", "bar", title="tunekit, standard workload: ASHA on fcnet, 4 workers, 3,600 s")
    measurements: list[Callable[[], list[Row]]] = [loop, twenty_seeds, overheads]
    if arguments.synetune:
        measurements.append(lambda: synetune(arguments.synetune))
    for measure in measurements:
        for row in measure():
            table.add_row(*row)
    console().print(table)


def loop() -> list[Row]:
    """The loop with results written, against the same work in one flat function; fails if their bytes differ."""
    benchmark = create("benchmark", "fcnet")
    ratios, rates = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bare.zip")
        for seed in range(PAIRS):
            bare, bare_seconds = _timed(partial(bare_loop, path, benchmark.blackbox(), benchmark.space, seed))
            reports, seconds = _timed(partial(tuned, benchmark, seed, Path(folder, str(seed))))
            written = Path(folder, str(seed), "results.csv.zip").read_bytes()
            if bare != reports or written != path.read_bytes():
                raise AssertionError(f"seed {seed}: the bare loop and the tuner wrote different results")
            ratios.append(seconds / bare_seconds)
            rates.append(reports / seconds)
    return [
        ("loop and simulator, times a bare loop", f"{statistics.median(ratios):.2f}", "2.5"),
        ("reports a second", f"{statistics.median(rates):,.0f}", "about 50,000"),
    ]


def tuned(benchmark: Benchmark, seed: int, folder: Path | None) -> int:
    """The standard workload; returns the number of reports."""
    problem = Problem(
        space=benchmark.space,
        objective=benchmark.objective,
        max_resource=benchmark.max_resource,
        metrics=benchmark.metrics,
    )
    streams = Streams(seed)
    searcher = create("searcher", "random", problem, streams)
    tuner = Tuner(
        scheduler=create("scheduler", "asha_promotion", problem, streams, searcher),
        backend=create("backend", "simulator", problem, benchmark, None, streams),
        stopping=[create("stopping", "max_wallclock_time", problem, seconds=SECONDS)],
        n_workers=4,
        record=ExperimentRecord(folder),
    )
    return tuner.run().n_reports


def twenty_seeds() -> list[Row]:
    """The whole process, from the shell."""
    seconds = [sweep_seconds("method=ASHA", "benchmark=fcnet", "seed=range(20)") for _ in range(3)]
    return [("20 seeds of ASHA from the shell, 2 cores", f"{statistics.median(seconds):.1f} s", "6 s")]


def overheads() -> list[Row]:
    """What a run costs beside its own work, and starting."""
    small = ("method=RS", "benchmark=fcnet", "stopping.max_num_evaluations=1", "hydra.sweeper.n_jobs=1")
    few = statistics.median(sweep_seconds(*small, "seed=range(10)") for _ in range(3))
    many = statistics.median(sweep_seconds(*small, "seed=range(410)") for _ in range(3))
    help_seconds = statistics.median(process_seconds("-m", "tunekit", "--help") for _ in range(PAIRS))
    bare = statistics.median(process_seconds("-c", "pass") for _ in range(PAIRS))
    core = statistics.median(process_seconds("-c", "import tunekit_core") for _ in range(PAIRS))
    return [
        ("sweep, a run of one report", f"{1000 * (many - few) / 400:.1f} ms", "5 ms"),
        ("python -m tunekit --help", f"{help_seconds:.2f} s", "0.8 s"),
        ("import tunekit_core, less an empty interpreter", f"{core - bare:.2f} s", "0.15 s"),
    ]


def synetune(python: str) -> list[Row]:
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
            reports, ours = _timed(partial(tuned, benchmark, seed, Path(folder, str(seed))))
            theirs.append(1e6 * peer["seconds"] / peer["reports"])
            ratios.append(theirs[-1] / (1e6 * ours / reports))
    measured = f"{statistics.median(ratios):.1f} times ({statistics.median(theirs):.0f} µs a report there)"
    return [("ASHA against Syne Tune 0.13, same table", measured, "20 times")]


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    """The result of some work and the processor seconds that it took."""
    began = time.process_time()
    result = work()
    return result, time.process_time() - began
