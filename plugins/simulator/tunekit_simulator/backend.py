"""A backend that replays recorded training runs on a clock of its own.

Discrete events on an integer clock in nanoseconds. The heap is keyed (time, kind, trial, sequence), so ties fall
in a fixed order: at one instant trials end before others report, lower ids first. Only the next event of a
running trial is in the heap; curves are read when a trial starts.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core import (
    Backend,
    BackendEvent,
    Benchmark,
    Cause,
    Checkpoint,
    ConfigurationError,
    Curve,
    InvalidOption,
    Problem,
    Simulatable,
    StartFailed,
    Status,
    Streams,
    Trial,
    TrialEnded,
    TrialReported,
)
from tunekit_simulator.faults import Faults
from tunekit_simulator.options import SimulatorOptions

NANOSECONDS = 1_000_000_000
CURVES_KEPT = 1024  # of the trials that ran last
END, REPORT = 0, 1  # kinds of events; at one instant a lower one comes first


class _Run:
    """A run of a trial: what it will report, and when.

    Args:
        trial: Which trial.
        names: Of what it reports, the resource first and ``st_worker_time`` last.
        curve: What it would report from its beginning.
        first: Position in the curve of its first report.
        times: When its reports arrive, in nanoseconds.
    """

    __slots__ = (
        "ending",
        "fails",
        "first",
        "lost_at",
        "n_reported",
        "names",
        "reports",
        "resources",
        "run",
        "times",
        "trial_id",
    )

    def __init__(self, trial: Trial, names: Sequence[str], curve: Curve, first: int, times: Sequence[int]) -> None:
        within = slice(first, first + len(times))
        columns = [column[within] for column in curve.metrics.values()]
        constants = map(repeat, curve.constants.values())
        self.trial_id = trial.id
        self.run = trial.run
        self.resources = curve.resources
        self.first = first
        self.names = names
        self.reports = zip(curve.resources[within], *columns, *constants, curve.elapsed[within], strict=False)
        self.times = times
        self.n_reported = 0
        self.fails = False  # after its last report
        self.lost_at: int | None = None  # when its worker is lost, in nanoseconds
        self.ending = False

    def checkpoints(self) -> tuple[Sequence[int], int]:
        """The resources of the curve, and at how many of them the trial has written a checkpoint in all."""
        return self.resources, self.first + self.n_reported


class Simulator(Backend):
    """Replays recorded runs in simulated time: an experiment of hours takes a second.

    Unlike the reference software, stopping a trial holds up its own worker alone, the tuner sees every report at once,
    and the time that the tuner itself computes never counts: the same seed gives the same events on every machine.

    Raises:
        ConfigurationError: If the benchmark has no recorded runs, or not the repetition that is asked for.
    """

    name: ClassVar[str] = "simulator"
    Options: ClassVar[type[Any]] = SimulatorOptions
    runs: ClassVar[type[Any]] = Simulatable

    def __init__(
        self,
        problem: Problem,
        benchmark: Benchmark,
        folder: Path | None,
        streams: Streams,
        options: SimulatorOptions,
    ) -> None:
        super().__init__(problem, benchmark, folder, streams, options)
        if not isinstance(benchmark, Simulatable):
            raise ConfigurationError(
                f"The benchmark '{benchmark.name}' has no recorded runs, so backend=simulator cannot run it. "
                "Use benchmark=fcnet, or another backend.",
                option="backend",
                value=self.name,
            )
        self._blackbox = benchmark.blackbox()
        n_seeds = self._blackbox.n_seeds
        if options.table_seed is not None and options.table_seed >= n_seeds:
            raise InvalidOption(
                "table_seed",
                options.table_seed,
                f"must be at most {n_seeds - 1}: the table of '{benchmark.name}' has {n_seeds} run(s) of each "
                "configuration",
            )
        self.capabilities = frozenset({"pause", "checkpoint", "copy"} if options.checkpoint else {"pause"})
        self._start_delay = round(options.start_delay * NANOSECONDS)
        self._report_delay = round(options.report_delay * NANOSECONDS)
        self._complete_delay = round(options.complete_delay * NANOSECONDS)
        self._stop_delay = round(options.stop_delay * NANOSECONDS)
        self._checkpoint_delay = round(options.checkpoint_delay * NANOSECONDS)
        self._checkpoint = options.checkpoint
        self._table_seed = options.table_seed if n_seeds > 1 else 0
        self._faults = Faults(self.streams, options)
        self._resource = problem.objective.resource or "st_worker_iter"
        self._now = 0
        self._heap: list[tuple[int, int, int, int, _Run]] = []
        self._sequence = 0
        self._running: dict[int, _Run] = {}
        self._written: dict[int, tuple[Sequence[int], int]] = {}  # checkpoints of trials that do not run
        self._curves: dict[int, Curve] = {}
        self._lost: set[int] = set()  # trials whose worker was lost, until they are begun again
        self._preemption_delay = round(options.preemption_delay * NANOSECONDS)

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        """Begin the run; what a checkpoint holds is how far its trial had come, so its copy is as good."""
        if checkpoint_of is not None and checkpoint_of.resource not in self._checkpoints(checkpoint_of.trial_id):
            raise StartFailed(
                f"trial {checkpoint_of.trial_id} has written no checkpoint at resource {checkpoint_of.resource}"
            )
        self._begin(trial, until)

    def resume(self, trial: Trial, until: int | None) -> None:
        self._begin(trial, until)

    def pause(self, trial: Trial) -> None:
        self.stop(trial)

    def stop(self, trial: Trial) -> None:
        run = self._running[trial.id]
        if not run.ending:  # what would have happened to it later does not
            run.ending, run.fails, run.lost_at = True, False, None
            self._push(self._now + self._stop_delay, END, run)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        """The next event, alone, since the decision on it may change the one after."""
        limit = None if deadline is None else round(deadline * NANOSECONDS)
        while self._heap:
            if limit is not None and self._heap[0][0] > limit:
                self._now = max(self._now, limit)
                return []
            time, kind, trial_id, _, run = heapq.heappop(self._heap)
            if self._running.get(trial_id) is not run:
                continue  # a report of a trial that has ended since
            self._now = time
            return [self._report(run) if kind == REPORT else self._end(run)]
        return []

    def now(self) -> float:
        return self._now / NANOSECONDS

    def release(self, trial_ids: tuple[int, ...]) -> None:
        for trial_id in trial_ids:
            self._written.pop(trial_id, None)

    def _checkpoints(self, trial_id: int) -> Sequence[int]:
        run = self._running.get(trial_id)
        resources, n = self._written.get(trial_id, ((), 0)) if run is None else run.checkpoints()
        return resources[:n]

    def _begin(self, trial: Trial, until: int | None) -> None:
        after = trial.reached if self._checkpoint else 0
        delay = self._start_delay + (self._checkpoint_delay if after else 0)
        if trial.id in self._lost:
            self._lost.remove(trial.id)
            delay += self._preemption_delay
        curve = self._curve(trial)
        resources = curve.resources
        first = bisect_right(resources, after)
        last = len(resources) - 1
        if until is not None:
            last = min(bisect_left(resources, until), last)
        began = self._now + delay
        offset = curve.elapsed[first - 1] if first else 0.0
        elapsed = [seconds - offset for seconds in curve.elapsed[first : last + 1]]
        injected = self._faults.inject(trial, elapsed)
        arrival = began + self._report_delay
        times = [arrival + round(seconds * NANOSECONDS) for seconds in injected.elapsed]
        names = (self._resource, *curve.metrics, *curve.constants, "st_worker_time")
        run = self._running[trial.id] = _Run(trial, names, curve, first, times)
        run.fails = injected.fails
        if injected.lost_at is not None:
            run.lost_at = began + round(injected.lost_at * NANOSECONDS)
        if times:
            self._push(times[0], REPORT, run)
        else:  # nothing is left to report: it was resumed at its end, or is lost before its first report
            self._push_end(run, began)

    def _curve(self, trial: Trial) -> Curve:
        """The run of a trial, read again only if it has been paused for long."""
        curve = self._curves.pop(trial.id, None)
        if curve is None:
            curve = self._blackbox.curve(trial.configuration, self._seed_of(trial.id))
        if len(self._curves) >= CURVES_KEPT:
            del self._curves[next(iter(self._curves))]
        self._curves[trial.id] = curve
        return curve

    def _report(self, run: _Run) -> TrialReported:
        metrics = dict(zip(run.names, next(run.reports), strict=True))
        run.n_reported += 1
        if run.n_reported < len(run.times):
            self._push(run.times[run.n_reported], REPORT, run)
        elif not run.ending:
            self._push_end(run, self._now)
        return TrialReported(run.trial_id, run.run, metrics, self._now / NANOSECONDS)

    def _end(self, run: _Run) -> TrialEnded:
        del self._running[run.trial_id]
        if self._checkpoint:
            self._written[run.trial_id] = run.checkpoints()
        status, cause, reason = Status.COMPLETED, Cause.SCRIPT, ""
        if run.lost_at is not None:
            status, cause, reason = Status.FAILED, Cause.INFRASTRUCTURE, "its worker was preempted"
            self._lost.add(run.trial_id)
        elif run.fails:
            status, reason = Status.FAILED, "a fault was injected (backend.failure_rate)"
        return TrialEnded(
            run.trial_id,
            run.run,
            status,
            self._now / NANOSECONDS,
            cause,
            reason,
            has_checkpoint=self._checkpoint,
        )

    def _push_end(self, run: _Run, time: int) -> None:
        """A run has nothing more to report after this time."""
        run.ending = True
        end = time + self._complete_delay if run.lost_at is None else max(run.lost_at, time)
        self._push(end, END, run)

    def _push(self, time: int, kind: int, run: _Run) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (time, kind, run.trial_id, self._sequence, run))

    def _seed_of(self, trial_id: int) -> int:
        if self._table_seed is not None:
            return self._table_seed
        return int(self.streams.uniforms("table_seed", trial_id, 1, 1)[0, 0] * self._blackbox.n_seeds)
