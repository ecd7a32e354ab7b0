"""How good what methods find is: runs of methods on tasks over seeds, kept in a file, and tables of them."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

import attrs

from quality.report import print_report
from quality.store import Store
from runs.peers import PEERS
from runs.run import Job, Run, carry_out, key_of, recipe
from runs.tasks import DATA, LcbenchBenchmark, TasksetBenchmark, default_tasks, open_task
from terminal import console, names

STORE = Path(__file__).parents[2] / "work" / "quality.jsonl"
METHODS = ("RS", "ASHA", "BO", "MOBSTER", "HYPERTUNE", "AUTO", "OptunaGP", "StockBoTorch")
EXAMPLES = """
examples:
  python benchmarks/performance quality --methods BO,OptunaGP --tasks lcbench:3945,fcnet:diabetes --seeds 5
  python benchmarks/performance quality --report

A run that is in the store is not run again, so the same command goes on where it was stopped. After a change of the
code, --label CHANGE runs the methods anew beside the old ones; with it, --report prefers the runs of that label.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("--methods", type=names, default=METHODS, help="recipes and peers, separated by commas")
    parser.add_argument("--tasks", type=names, help="such as lcbench:3945; by default all whose data are there")
    parser.add_argument("--seeds", type=int, default=20, help="number of seeds, from 0 (default: 20)")
    parser.add_argument("--jobs", type=int, default=2, help="processes of one thread each (default: 2)")
    parser.add_argument("--seconds", type=float, help="simulated seconds; by default those of each task")
    parser.add_argument("--label", default="", help="version of the code; peers never have one")
    parser.add_argument("--store", type=Path, default=STORE, help=f"file of finished runs (default: {STORE})")
    parser.add_argument("--report", action="store_true", help="run nothing, print the tables")


def main(arguments: argparse.Namespace) -> None:
    """Run what is missing, or report."""
    store = Store(arguments.store)
    if arguments.report:
        options = {"tasks": arguments.tasks, "label": arguments.label, "seconds": arguments.seconds}
        print_report(store.runs(), console(), **options)
        return
    try:
        jobs = missing(planned(arguments), store)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    began, n_failed = time.monotonic(), 0
    for done, outcome in enumerate(carry_out_all(jobs, arguments.jobs), 1):
        if isinstance(outcome, Run):
            store.add(outcome)
        else:
            n_failed += 1
            print(f"\n{outcome.job.method} on {outcome.job.task} failed:\n{outcome.reason}", file=sys.stderr)
        _print_progress(done, len(jobs), time.monotonic() - began, outcome)
    print(f"\n{len(jobs) - n_failed} runs added to {arguments.store}; for the tables add --report.", file=sys.stderr)
    if n_failed:
        raise SystemExit(f"{n_failed} runs failed, see above; the same command runs them again.")


def planned(arguments: argparse.Namespace) -> list[Job]:
    """All jobs, seed by seed, so that every task has its share wherever one stops.

    Raises:
        ValueError: If there is no such method or task.
    """
    recipes = {method: recipe(method) for method in arguments.methods}
    tasks = arguments.tasks or _tasks_here()
    budgets = {task: arguments.seconds or open_task(task).max_wallclock_time for task in tasks}
    return [
        Job(
            method=method,
            recipe=recipes[method],
            task=task,
            seed=seed,
            seconds=budgets[task],
            label="" if method in PEERS else arguments.label,
        )
        for seed in range(arguments.seeds)
        for task in tasks
        for method in arguments.methods
    ]


def missing(jobs: Sequence[Job], store: Store) -> list[Job]:
    """Those that the store has no run of."""
    there = {run.key for run in store.runs()}
    return [job for job in jobs if key_of(job) not in there]


@attrs.frozen
class Failure:
    """A run that broke.

    Attributes:
        job: What was to be run.
        reason: The traceback.
    """

    job: Job
    reason: str


def carry_out_all(jobs: Sequence[Job], n_processes: int) -> Iterator[Run | Failure]:
    """Run the jobs in order, so many at a time, and yield each as it ends, whatever becomes of it."""
    if n_processes == 1:
        yield from map(_attempt, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_processes, context, initializer=_end_with_parent) as pool:
        running: set[Future[Run | Failure]] = set()
        for job in jobs:
            running.add(pool.submit(_attempt, job))
            if len(running) == n_processes:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in running)


def _attempt(job: Job) -> Run | Failure:
    try:
        return carry_out(job)
    except Exception:
        return Failure(job, traceback.format_exc())


def _end_with_parent() -> None:
    """A worker whose parent was killed ends at once."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _tasks_here() -> list[str]:
    tasks = default_tasks()
    for family in (LcbenchBenchmark.name, TasksetBenchmark.name):
        if not any(task.startswith(family) for task in tasks):
            print(f"{family} is left out: its data are not in {DATA}.", file=sys.stderr)
    return tasks


def _print_progress(done: int, total: int, seconds: float, outcome: Run | Failure) -> None:
    left = seconds / done * (total - done) / 60
    line = f"{done} of {total} runs, {left:.0f} min left"
    if isinstance(outcome, Run):
        last = f"{outcome.method} {outcome.task} seed {outcome.seed}"
        line += f"; {last}: {outcome.trials} trials, {outcome.processor_seconds:.1f} s"
    end = "\r" if sys.stderr.isatty() else "\n"
    print(line.ljust(110) if end == "\r" else line, end=end, file=sys.stderr, flush=True)
