"""Runs a list of runs: the parallel ones in a pool, those of other processes not at all, and waits for these."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tunekit.config.run_spec import RunSpec
from tunekit.runs.run import COMPLETED, FAILED, HELD, INTERRUPTED, Outcome, run, status_of
from tunekit.runs.worker_pool import WorkerPool
from tunekit_core.records.files import is_locked

SECONDS_BETWEEN_LOOKS = 0.2


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def execute(
    specs: Sequence[RunSpec],
    n_jobs: int,
    on_outcome: Callable[[RunSpec, Outcome], None],
    *,
    is_watched: bool = False,
) -> None:
    """Run them all; a run that another live process holds is left to it and waited for at the end.

    Args:
        specs: What to run.
        n_jobs: Runs at the same time, at least 1; with 1 they run in this process.
        on_outcome: Called with every run once, when it has ended. After an interruption those that had not
            begun are left out.
        is_watched: Whether runs in this process show how they fare, as far as they run in real time.
    """
    n_workers = min(n_jobs, len(specs))
    if n_workers <= 1:
        _run_until_none_is_held(specs, partial(_run_here, is_watched=is_watched), on_outcome)
        return
    with WorkerPool(n_workers) as pool:
        _run_until_none_is_held(specs, pool.run, on_outcome)


def _run_here(specs: Sequence[RunSpec], *, is_watched: bool) -> Iterator[tuple[RunSpec, Outcome]]:
    for spec in specs:
        outcome = run(spec, is_watched=is_watched)
        yield spec, outcome
        if outcome.status == INTERRUPTED:
            return


def _run_until_none_is_held(
    specs: Sequence[RunSpec],
    run_all: Callable[[Sequence[RunSpec]], Iterator[tuple[RunSpec, Outcome]]],
    on_outcome: Callable[[RunSpec, Outcome], None],
) -> None:
    left = list(specs)
    while left:
        held = []
        interrupted = False
        for spec, outcome in run_all(left):
            if outcome.status == HELD:
                held.append(spec)
            else:
                on_outcome(spec, outcome)
                interrupted = interrupted or outcome.status == INTERRUPTED
        if interrupted:
            return
        left = _released(held, on_outcome)


def _released(held: Sequence[RunSpec], on_outcome: Callable[[RunSpec, Outcome], None]) -> list[RunSpec]:
    """Wait for the other processes; those of their runs that did not end well are to be run here."""
    left = []
    for spec in held:
        while is_locked(spec.folder):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        status = status_of(spec.folder)
        if status in (COMPLETED, FAILED):
            on_outcome(spec, Outcome(status, "run by another process"))
        else:
            left.append(spec)
    return left
