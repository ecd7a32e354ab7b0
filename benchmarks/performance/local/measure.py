"""What the tuner costs while scripts run as processes of this machine, and how soon it decides.

Processor time is that of the tuner's own process, without the scripts and their supervisors. Decisions come late when
other work keeps the machine busy, so measure on one that is idle.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
from rich.table import Table as RichTable

from terminal import console, count
from tunekit_core import (
    Backend,
    Benchmark,
    Decision,
    ExperimentRecord,
    ExperimentView,
    Objective,
    Observer,
    Problem,
    Report,
    Script,
    SearchSpace,
    Streams,
    Trial,
    Tuner,
    create,
    uniform,
)
from tunekit_local import supervisor

SCRIPT = Path(__file__).with_name("trial.py")
N_WORKERS = 8
IDLE_SECONDS = 20.0
SPACED = (500, 0.01)  # reports and the seconds between them
FAST = (20_000, 0.0001)
Line = tuple[str, str, str]


class ReportsBenchmark(Benchmark):
    """A script that reports some numbers at given moments.

    Args:
        n_reports: How many.
        period: Seconds from one to the next.
    """

    name = "reports"
    max_wallclock_time = 3600.0

    def __init__(self, n_reports: int, period: float) -> None:
        self.space = SearchSpace({"x": uniform(0.0, 1.0), "reports": n_reports, "period": period})
        self.objective = Objective("loss", "min", "step")
        self.max_resource = n_reports if n_reports > 1 else None

    def script(self) -> Script:
        return Script((sys.executable, str(SCRIPT)))


class SleepingBenchmark(ReportsBenchmark):
    """A script that says nothing."""

    def script(self) -> Script:
        return Script(("sleep", "3600", "{none}"))


class Clock(Observer):
    """Notes when decisions are known.

    Attributes:
        delays: For each report the seconds from the moment that it names to the decision on it.
        steps: What was reported.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, None)
        self.delays: list[float] = []
        self.steps: list[int] = []

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        self.delays.append(time.time() - report.metrics["st_worker_timestamp"])
        self.steps.append(report.resource)


@attrs.frozen
class Measured:
    """An experiment that is over.

    Attributes:
        cpu: Processor seconds of the tuner.
        wall: Seconds that it took.
        spawning: Part of ``cpu``: starting supervisors.
        clock: What was seen of it.
    """

    cpu: float
    wall: float
    spawning: float
    clock: Clock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--trials", type=count, default=1000, metavar="N", help="of one report each (default: 1000)")


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    table = RichTable("what", "measured", "bar", title=f"tunekit, scripts as processes, {N_WORKERS} workers")
    for measure in (partial(short_trials, arguments.trials), spaced_reports, fast_reports, idle):
        for line in measure():
            table.add_row(*line)
    table.add_section()
    for line in peers(arguments.trials):
        table.add_row(*line)
    console().print(table)


def short_trials(n_trials: int) -> list[Line]:
    """Trials that report once and end."""
    measured = tuned(ReportsBenchmark(1, 0.0), n_trials, N_WORKERS)
    _check(measured, n_trials)
    per_trial = 1e3 * measured.cpu / n_trials
    spawning = 1e3 * measured.spawning / n_trials
    return [
        (f"{n_trials:,} trials of one report: tuner, a trial", f"{per_trial:.2f} ms", "5 ms"),
        ("  of which starting the supervisor", f"{spawning:.2f} ms", ""),
        ("  trials a second", f"{n_trials / measured.wall:.1f}", ""),
    ]


def spaced_reports() -> list[Line]:
    """One trial that reports now and then."""
    n_reports, period = SPACED
    measured = tuned(ReportsBenchmark(n_reports, period), 1, 1)
    _check(measured, n_reports)
    delays = sorted(measured.clock.delays)
    median, late = statistics.median(delays), delays[round(0.99 * (len(delays) - 1))]
    return [
        (f"{1 / period:.0f} reports a second: tuner, a report", f"{1e6 * measured.cpu / n_reports:.0f} µs", "500 µs"),
        ("  from a report to the decision, median", f"{1e3 * median:.2f} ms", "2 ms"),
        ("  99th percentile", f"{1e3 * late:.2f} ms", "20 ms"),
    ]


def fast_reports() -> list[Line]:
    """One trial that reports all the time; fails if a report is lost."""
    n_reports, period = FAST
    measured = tuned(ReportsBenchmark(n_reports, period), 1, 1)
    _check(measured, n_reports)
    rate = n_reports / measured.wall
    return [
        (f"{1 / period:,.0f} reports a second: tuner, a report", f"{1e6 * measured.cpu / n_reports:.0f} µs", "100 µs"),
        ("  reports a second, none lost", f"{rate:,.0f}", f"{1 / period:,.0f}"),
    ]


def idle() -> list[Line]:
    """Trials that say nothing."""
    benchmark = SleepingBenchmark(1, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        backend = _local_backend(problem_of(benchmark), benchmark, Path(folder), Streams(0))
        backend.open(N_WORKERS)
        try:
            for trial_id in range(N_WORKERS):
                backend.start(Trial(trial_id, benchmark.space.default()), None, None)
            backend.wait(backend.now() + 2.0)
            began = time.process_time()
            backend.wait(backend.now() + IDLE_SECONDS)
            used = time.process_time() - began
        finally:
            backend.close()
    return [(f"{N_WORKERS} silent trials, {IDLE_SECONDS:.0f} s: tuner", f"{100 * used / IDLE_SECONDS:.2f} %", "1 %")]


def peers(n_trials: int) -> list[Line]:
    """The same short trials with others, as far as they are installed."""
    lines = [("Syne Tune 0.13: looks for reports every (its default)", "5 s", "")]
    try:
        from local.peer_optuna import loops
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        return [*lines, ("Optuna", "is not installed", "")]
    for what, cpu, wall in loops(SCRIPT, n_trials, N_WORKERS):
        lines.append((f"{what}: process, a trial", f"{1e3 * cpu / n_trials:.2f} ms", ""))
        lines.append(("  trials a second", f"{n_trials / wall:.1f}", ""))
    return lines


def tuned(benchmark: Benchmark, n_trials: int, n_workers: int) -> Measured:
    """Random search with everything recorded."""
    problem, streams = problem_of(benchmark), Streams(0)
    clock = Clock(problem)
    with tempfile.TemporaryDirectory() as folder, _spawning() as spawning:
        searcher = create("searcher", "random", problem, streams)
        tuner = Tuner(
            scheduler=create("scheduler", "fifo", problem, streams, searcher),
            backend=_local_backend(problem, benchmark, Path(folder), streams),
            stopping=[create("stopping", "max_num_trials_started", problem, count=n_trials)],
            n_workers=n_workers,
            observers=[clock],
            record=ExperimentRecord(folder, keep_events=True),
        )
        began, cpu = time.perf_counter(), time.process_time()
        tuner.run()
        return Measured(time.process_time() - cpu, time.perf_counter() - began, sum(spawning), clock)


def problem_of(benchmark: Benchmark) -> Problem:
    """What is solved."""
    return Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)


def _local_backend(problem: Problem, benchmark: Benchmark, folder: Path, streams: Streams) -> Backend:
    return create("backend", "local", problem, benchmark, folder, streams, num_gpus_per_trial=0)


@contextmanager
def _spawning() -> Iterator[list[float]]:
    """Processor seconds of each start of a supervisor meanwhile."""
    seconds: list[float] = []
    launch = supervisor.launch

    def timed(*arguments: Any) -> Any:
        began = time.process_time()
        try:
            return launch(*arguments)
        finally:
            seconds.append(time.process_time() - began)

    with mock.patch.object(supervisor, "launch", timed):
        yield seconds


def _check(measured: Measured, n_reports: int) -> None:
    steps = measured.clock.steps
    if len(steps) < n_reports or (max(steps) > 1 and steps != [*range(1, n_reports + 1)]):
        raise AssertionError(f"{n_reports} reports were made, {len(steps)} arrived, or not in their order")
