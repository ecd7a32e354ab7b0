"""Several runs at the same time, in processes: one that a run kills is replaced, and none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from multiprocessing.util import get_temp_dir
from types import FrameType, TracebackType

import attrs

from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import warnings_for_people
from tunekit.runs.as_planned import AsPlanned
from tunekit.runs.interruption import (
    SIGNALS,
    Interruption,
    note,
    on_interruption,
    pass_over,
    raise_again_what_is_dropped,
)
from tunekit.runs.run import Outcome, mark_failed, run
from tunekit_core.concurrency import PARALLEL_RUNS, parallel_runs
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.plugins.diverted import folder_kept, stdout_diverted
from tunekit_core.plugins.registry import registry

WITH_THE_SWEEP = "interrupted with the sweep"
ATTEMPTS, SECONDS_BETWEEN_ATTEMPTS = 4, 0.2  # to start a worker
GRACE = 2.0  # seconds for a worker to end by itself once it is told to
PYTHONPATH = "PYTHONPATH"
LONGEST_FOLDER_OF_ADDRESSES = 70  # characters of the temporary folder; an address has a hundred
SHORT_FOLDER = "/tmp"  # of which every system has one

_is_the_next_one_interrupted = False  # of the runs of this worker, before it has begun


@attrs.define(eq=False)
class _Worker:
    process: ForkServerProcess
    connection: Connection
    spec: RunSpec | None = None


class WorkerPool:
    """Worker processes, forked from a server that has imported once what runs need.

    Args:
        n_workers: How many.
        as_planned: How runs are run, where they were planned on another machine.
    """

    def __init__(self, n_workers: int, as_planned: AsPlanned | None = None) -> None:
        self._n_workers = n_workers
        self._as_planned = as_planned
        self._is_interrupted = False
        self._context = multiprocessing.get_context("forkserver")
        factories = {component.factory.__module__ for component in registry().asked_for()}
        self._context.set_forkserver_preload(["tunekit.runs.worker_pool", *sorted(factories)])
        with stdout_diverted():  # the server is started with the first worker, and imports plugins
            self._workers = [self._start() for _ in range(n_workers)]

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, specs: Sequence[RunSpec]) -> Iterator[tuple[RunSpec, Outcome]]:
        """Run them all, yielding each as it ends.

        An interruption ends the running ones cleanly and starts no more, after which those that were running are
        yielded as interrupted; one more Ctrl-C raises KeyboardInterrupt at once.
        """
        waiting = deque(specs)
        with self._ending_cleanly_on_interrupt(waiting):
            while True:
                self._hand_out(waiting)
                busy = [worker for worker in self._workers if worker.spec is not None]
                if not busy:
                    return
                yield from self._collect(busy)

    def close(self) -> None:
        """End the workers, those that still run too."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            if worker.spec is not None:
                worker.process.kill()
            worker.process.join(GRACE)
            worker.process.kill()

    def _variables(self) -> dict[str, str | None]:
        """What a worker has otherwise than the server: what trials run is to get the path of this process."""
        return {
            PYTHONPATH: os.environ.get(PYTHONPATH),
            PARALLEL_RUNS: str(self._n_workers * parallel_runs()),
        }

    def _start(self) -> _Worker:
        for _ in range(ATTEMPTS - 1):
            with suppress(EOFError, ConnectionError):  # the server was killed in the meantime: it is started again
                return self._start_once()
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)  # until the system counts it as dead
        return self._start_once()

    def _start_once(self) -> _Worker:
        with _interruptions_held_back():
            _start_server()
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(theirs, self._variables(), self._as_planned))
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _hand_out(self, waiting: deque[RunSpec]) -> None:
        for i, worker in enumerate(self._workers):
            if worker.spec is None and waiting:
                spec = waiting.popleft()
                try:
                    worker.connection.send(spec)
                except OSError:  # it died while idle
                    self._workers[i] = worker = self._start()
                    worker.connection.send(spec)
                worker.spec = spec
                if self._is_interrupted:  # since the look at what waits: then this worker seemed to be idle
                    worker.process.terminate()

    def _collect(self, busy: Sequence[_Worker]) -> list[tuple[RunSpec, Outcome]]:
        """Block until a run ends, or the process that runs it."""
        ready = wait([worker.connection for worker in busy])
        ended = []
        for worker in busy:
            if worker.connection in ready:
                spec = worker.spec
                assert spec is not None
                worker.spec = None
                try:
                    outcome: Outcome = worker.connection.recv()
                except (EOFError, OSError):
                    outcome = self._replace(worker, spec)
                ended.append((spec, outcome))
        return ended

    def _replace(self, worker: _Worker, spec: RunSpec) -> Outcome:
        worker.process.join()
        if self._is_interrupted:
            return Outcome(ExperimentStatus.INTERRUPTED, WITH_THE_SWEEP)
        reason = _cause_of_death(worker.process.exitcode)
        mark_failed(spec, reason)
        self._workers[self._workers.index(worker)] = self._start()
        return Outcome(ExperimentStatus.FAILED, reason)

    @contextmanager
    def _ending_cleanly_on_interrupt(self, waiting: deque[RunSpec]) -> Iterator[None]:
        def end_workers(number: int, frame: FrameType | None) -> None:
            note(number)
            self._is_interrupted = True
            waiting.clear()
            for worker in self._workers:
                if worker.spec is not None:
                    worker.process.terminate()

        with on_interruption(end_workers):
            yield


def _cause_of_death(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"its process ended with exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    hint = ", which the system does when memory runs out" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{hint}"


@contextmanager
def _interruptions_held_back() -> Iterator[None]:
    """Within, neither this process nor those that it starts are interrupted.

    Interruptions may reach the whole group. Until workers can deal with them they import modules, and would print
    tracebacks, as they would if this process ended before it has told them what to do; the server and its tracker are
    there until the last worker has ended.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_server() -> None:
    """Start what the workers are forked from, if it does not run."""
    with _modules_found_as_here():
        resource_tracker.ensure_running()  # started with the server otherwise, and lets interruptions in again
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        _make_room_for_addresses()
        forkserver.ensure_running()


def _make_room_for_addresses() -> None:
    """Have multiprocessing make its folder of sockets where their addresses are short enough for the system."""
    given = tempfile.gettempdir()
    if len(os.fsencode(given)) > LONGEST_FOLDER_OF_ADDRESSES and os.access(SHORT_FOLDER, os.W_OK | os.X_OK):
        tempfile.tempdir = SHORT_FOLDER
    try:
        get_temp_dir()  # which is remembered
    finally:
        tempfile.tempdir = given


@contextmanager
def _modules_found_as_here() -> Iterator[None]:
    """Within, a Python that multiprocessing starts finds modules where this one does, and nowhere else.

    It starts them with ``-c``, which looks into the working directory first: that is the standard library here.
    """
    before = os.environ.get(PYTHONPATH)
    with folder_kept():
        os.environ[PYTHONPATH] = os.pathsep.join(map(os.path.abspath, sys.path))
        os.chdir(os.path.dirname(os.__file__))
        try:
            yield
        finally:
            _set({PYTHONPATH: before})


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _serve(connection: Connection, variables: Mapping[str, str | None], as_planned: AsPlanned | None) -> None:
    """What a worker does: runs what it is sent, until nobody is there to send any more.

    Args:
        connection: Where it is sent runs, and answers.
        variables: Those that it has otherwise than the server that it is forked from; ``None`` for none.
        as_planned: How runs are run, where they were planned on another machine.
    """
    _set(variables)
    for number in (signal.SIGINT, signal.SIGHUP):  # they reach the whole group; the parent decides what to do
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGHUP})  # what trials run may listen to them
    raise_again_what_is_dropped()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            spec = connection.recv()
        except (EOFError, OSError):
            return
        outcome = _run_interruptibly(spec, as_planned)
        try:
            connection.send(outcome)
        except OSError:  # nobody waits for it any more
            return


def _run_interruptibly(spec: RunSpec, as_planned: AsPlanned | None) -> Outcome:
    """Run one. The parent interrupts it by SIGTERM, which waits for the run where it comes before its beginning."""
    global _is_the_next_one_interrupted
    try:
        try:
            signal.signal(signal.SIGTERM, _interrupt)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            if _is_the_next_one_interrupted:
                return Outcome(ExperimentStatus.INTERRUPTED, WITH_THE_SWEEP)
            with warnings_for_people():
                return run(spec, as_planned=as_planned)
        finally:
            _is_the_next_one_interrupted = False
            signal.signal(signal.SIGTERM, _interrupt_the_next_one)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    except KeyboardInterrupt:  # one that comes when the run has ended is raised here too
        return Outcome(ExperimentStatus.INTERRUPTED, WITH_THE_SWEEP)


def _interrupt_the_next_one(number: int, frame: FrameType | None) -> None:
    """What handles the signal between two runs.

    It is held back there, but not in threads that a run has left, such as the one that renews leases.
    """
    global _is_the_next_one_interrupted
    _is_the_next_one_interrupted = True


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, pass_over)  # one that reaches the group comes again from the parent
    raise Interruption(number, _interrupt, WITH_THE_SWEEP)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
