"""Runs a list of runs, some at the same time; those that other processes run are waited for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tunekit.config.specs.run_spec import RunSpec
from tunekit.runs.as_planned import AsPlanned
from tunekit.runs.run import Outcome, run, status_of
from tunekit.runs.worker_pool import WorkerPool
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.lock import is_locked

SECONDS_BETWEEN_LOOKS = 0.2


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    specs: Sequence[RunSpec],
    n_jobs: int,
    on_outcome: Callable[[RunSpec, Outcome], None],
    *,
    is_watched: bool = False,
    as_planned: AsPlanned | None = None,
) -> None:
    """Run them all; a run that another live process runs is left to it and waited for at the end.

    Args:
        specs: What to run.
        n_jobs: Runs at the same time, at least 1; with 1 they run in this process.
        on_outcome: Called with every run once, when it has ended. After an interruption those that had not
            begun are left out.
        is_watched: Whether runs in this process are displayed on the way, if they run in real time.
        as_planned: How they are run, where they were planned on another machine.
    """
    n_workers = min(n_jobs, len(specs))
    if n_workers <= 1:
        run_here = partial(_run_here, is_watched=is_watched, as_planned=as_planned)
        _run_and_wait_for_others(specs, run_here, on_outcome)
        return
    with WorkerPool(n_workers, as_planned) as pool:
        _run_and_wait_for_others(specs, pool.run, on_outcome)


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
) -> None:
    left = list(specs)
    while left:
        running_elsewhere = []
        is_interrupted = False
        for spec, outcome in run_each(left):
            if outcome.status is ExperimentStatus.RUNNING:
                running_elsewhere.append(spec)
            else:
                on_outcome(spec, outcome)
                is_interrupted = is_interrupted or outcome.status is ExperimentStatus.INTERRUPTED
        if is_interrupted:
            return
        left = _wait_for(running_elsewhere, on_outcome)


def _wait_for(specs: Sequence[RunSpec], on_outcome: Callable[[RunSpec, Outcome], None]) -> list[RunSpec]:
    """Wait until no other process runs these any more; those that did not come to an end are returned."""
    left = []
    for spec in specs:
        while is_locked(spec.folder):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        status = status_of(spec)
        if status in (ExperimentStatus.COMPLETED, ExperimentStatus.FAILED):
            on_outcome(spec, Outcome(status, "run by another process"))
        else:
            left.append(spec)
    return left
