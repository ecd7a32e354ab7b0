"""Runs a list of runs, some at the same time; those that other processes run are waited for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural
from tunekit.runs.as_planned import AsPlanned
from tunekit.runs.run import ENDED, Outcome, run, status_of
from tunekit.runs.worker_pool import WorkerPool
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.holder import Holder
from tunekit_core.records.lock import writer_of

SECONDS_BETWEEN_LOOKS = 0.2


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    specs: Sequence[RunSpec],
    n_jobs: int,
    on_outcome: Callable[[RunSpec, Outcome], None],
    on_wait: Callable[[str], None],
    *,
    is_watched: bool = False,
    as_planned: AsPlanned | None = None,
) -> None:
    """Run them all; a run that another live process runs is left to it and waited for at the end.

    One whose process dies in the meantime is run after all; if that was on another machine, once its lease has expired.

    Args:
        specs: What to run.
        n_jobs: Runs at the same time, at least 1; with 1 they run in this process.
        on_outcome: Called with every run once, when it has ended. After an interruption those that had not
            begun are left out.
        on_wait: Called with what is waited for, whenever that changes.
        is_watched: Whether runs in this process are displayed on the way, if they run in real time.
        as_planned: How they are run, where they were planned on another machine.
    """
    n_workers = min(n_jobs, len(specs))
    if n_workers <= 1:
        run_here = partial(_run_here, is_watched=is_watched, as_planned=as_planned)
        _run_and_wait_for_others(specs, run_here, on_outcome, on_wait)
        return
    with WorkerPool(n_workers, as_planned) as pool:
        _run_and_wait_for_others(specs, pool.run, on_outcome, on_wait)


def _run_here(
    specs: Sequence[RunSpec], *, is_watched: bool, as_planned: AsPlanned | None
) -> Iterator[tuple[RunSpec, Outcome]]:
    for spec in specs:
        outcome = run(spec, is_watched=is_watched, as_planned=as_planned)
        yield spec, outcome
        if outcome.status is ExperimentStatus.INTERRUPTED:
            return


def _run_and_wait_for_others(
    specs: Sequence[RunSpec],
    run_each: Callable[[Sequence[RunSpec]], Iterator[tuple[RunSpec, Outcome]]],
    on_outcome: Callable[[RunSpec, Outcome], None],
    on_wait: Callable[[str], None],
) -> None:
    left, elsewhere = list(specs), list[RunSpec]()
    while left:
        is_interrupted = False
        for spec, outcome in run_each(left):
            if outcome.status is ExperimentStatus.RUNNING:
                elsewhere.append(spec)
                if outcome.was_overtaken:
                    on_wait(outcome.reason)
            else:
                on_outcome(spec, outcome)
                is_interrupted = is_interrupted or outcome.status is ExperimentStatus.INTERRUPTED
        if is_interrupted:
            return
        left, elsewhere = _wait(elsewhere, on_outcome, on_wait)


def _wait(
    specs: Sequence[RunSpec], on_outcome: Callable[[RunSpec, Outcome], None], on_wait: Callable[[str], None]
) -> tuple[list[RunSpec], list[RunSpec]]:
    """Wait for runs of other processes until one of them is nobody's and not at its end: such, and those of others."""
    told = ""
    while specs:
        time.sleep(SECONDS_BETWEEN_LOOKS)  # first, since who was kept out a moment ago may see nobody now
        free, others, writers = list[RunSpec](), list[RunSpec](), list[Holder]()
        for spec in specs:
            writer = writer_of(spec.folder)
            if writer is not None:
                others.append(spec)
                writers.append(writer)
            elif (status := status_of(spec)) in ENDED:
                assert status is not None
                on_outcome(spec, Outcome(status, "run by another process"))
            else:
                free.append(spec)
        if free:
            return free, others
        specs = others
        if others and (text := waiting_for(writers)) != told:
            told = text
            on_wait(text)
    return [], []


def waiting_for(writers: Sequence[Holder]) -> str:
    """What is waited for, for people: how many runs, and which machines run them."""
    hosts = sorted({writer.host or "another process" for writer in writers})
    return f"Waiting for {plural(len(writers), 'run')} that {', '.join(hosts)} {'runs' if len(hosts) == 1 else 'run'}."
