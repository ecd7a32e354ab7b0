"""Jobs carried out in worker processes of one thread each; one that breaks does not stop the others."""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

import attrs

from runs.run import Job, Run, carry_out


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
