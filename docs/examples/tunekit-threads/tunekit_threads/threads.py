"""Trials in threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from time import monotonic
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

import attrs

from tunekit_core import (
    Backend,
    BackendEvent,
    Benchmark,
    Cause,
    Checkpoint,
    Configuration,
    ConfigurationError,
    Problem,
    Status,
    Streams,
    Trial,
    TrialEnded,
    TrialReported,
    UnfinishedTrial,
    option,
)

ReportTo: TypeAlias = Callable[[Mapping[str, Any]], None]


@runtime_checkable
class Trains(Protocol):
    """The ability of a benchmark to train in this process."""

    def train(self, configuration: Configuration, report: ReportTo) -> None:
        """Train, and call ``report`` with metrics as it goes on. What ``report`` raises is not to be caught."""
        ...


class EndOfRun(BaseException):
    """What ``report`` raises where a run is to end."""


@attrs.frozen(kw_only=True)
class ThreadsOptions:
    """How threads end."""

    grace_period: float = option(
        10.0, help="Seconds that the end of an experiment waits for functions which run.", at_least=0
    )


@attrs.define(eq=False)
class Run:
    """A run of a trial, as its thread knows it: a :class:`Trial` changes meanwhile."""

    trial_id: int
    number: int
    configuration: Configuration
    until: int | None
    thread: threading.Thread | None = None
    is_to_end: bool = False
    n_reports: int = 0


class Threads(Backend):
    """Calls ``benchmark.train`` in threads of this process: for functions that wait, or that leave Python's lock.

    A thread cannot be ended from outside: a trial that is to end goes on until it reports. A trial that is resumed
    begins anew.
    """

    name: ClassVar[str] = "threads"
    Options: ClassVar[type[Any]] = ThreadsOptions
    runs: ClassVar[type[Any]] = Trains
    capabilities = frozenset({"pause", "restore"})

    def __init__(
        self,
        problem: Problem,
        benchmark: Benchmark,
        folder: Path | None,
        streams: Streams,
        options: ThreadsOptions,
    ) -> None:
        super().__init__(problem, benchmark, folder, streams, options)
        if not isinstance(benchmark, Trains):
            raise ConfigurationError(
                f"The benchmark '{benchmark.name}' has no function that trains, so backend=threads cannot run it. Use "
                "another backend, or benchmark=zlib.",
                option="backend",
                value=self.name,
            )
        self._train = benchmark.train
        self._grace_period = options.grace_period
        self._events: Queue[BackendEvent] = Queue()
        self._lock = threading.Lock()
        self._runs: dict[int, Run] = {}
        self._began = monotonic()

    def open(self, n_workers: int) -> None:
        self._began = monotonic()

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        self._begin(trial, until)

    def resume(self, trial: Trial, until: int | None) -> None:
        self._begin(trial, until)

    def pause(self, trial: Trial) -> None:
        self.stop(trial)

    def stop(self, trial: Trial) -> None:
        if trial.id in self._runs:  # its end may be on the way already
            self._runs[trial.id].is_to_end = True

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        timeout = None if deadline is None else min(max(deadline - self.now(), 0.0), threading.TIMEOUT_MAX)
        try:
            events = [self._events.get(timeout=timeout)]
        except Empty:
            return []
        while not self._events.empty():
            events.append(self._events.get())
        for event in events:
            if isinstance(event, TrialEnded):
                self._runs.pop(event.trial_id, None)
        return events

    def now(self) -> float:
        return monotonic() - self._began

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        self._began = monotonic() - time
        for unfinished in trials:
            trial = unfinished.trial
            if trial.status is Status.RUNNING:
                reason = "the process whose thread it was has ended"
                self._events.put(
                    TrialEnded(trial.id, trial.run, Status.FAILED, time, Cause.INFRASTRUCTURE, reason=reason)
                )

    def close(self) -> None:
        end = monotonic() + self._grace_period
        for run in self._runs.values():
            run.is_to_end = True
        for run in self._runs.values():
            if run.thread is not None:
                run.thread.join(max(end - monotonic(), 0.0))

    def _begin(self, trial: Trial, until: int | None) -> None:
        run = Run(trial.id, trial.run, trial.configuration, until)
        # A daemon: a function that never reports again does not keep the process alive.
        run.thread = threading.Thread(target=self._call, args=(run,), daemon=True)
        self._runs[trial.id] = run
        run.thread.start()

    def _call(self, run: Run) -> None:
        status, reason = Status.COMPLETED, ""
        try:
            self._train(run.configuration, lambda metrics: self._report(run, dict(metrics)))
        except EndOfRun:
            pass
        except BaseException as error:  # sys.exit() too: whatever a function does, its run ends
            if not run.is_to_end:
                status, reason = Status.FAILED, f"{type(error).__name__}: {error}"
        self._happened(lambda time: TrialEnded(run.trial_id, run.number, status, time, reason=reason))

    def _report(self, run: Run, metrics: dict[str, Any]) -> None:
        if run.is_to_end:
            raise EndOfRun
        self._happened(lambda time: TrialReported(run.trial_id, run.number, metrics, time))
        run.n_reports += 1
        name = self.problem.objective.resource
        resource = run.n_reports if name is None else metrics[name]
        if run.until is not None and resource >= run.until:
            raise EndOfRun

    def _happened(self, event_at: Callable[[float], BackendEvent]) -> None:
        with self._lock:  # the times of what is waited for do not fall
            self._events.put(event_at(self.now()))
