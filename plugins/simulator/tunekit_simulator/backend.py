"""A backend that replays recorded training runs on a clock of its own.

Discrete events on an integer clock in nanoseconds. The heap is keyed (time, kind, trial, run), so ties fall in a
fixed order: at one instant trials end before others report, lower ids first. Only the next event of a running trial
is in the heap; curves are read when a trial starts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush, heapreplace
from pathlib import Path
from typing import Any, ClassVar

from attrs import evolve

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
INFINITY = float("inf")
RECORDED_FAILURE = "the recorded run fails here"
CURVES_KEPT = 1024  # of the trials that ran last
COMPLETED = Status.COMPLETED  # looking it up takes as long as a call in Python 3.11
END, REPORT = 0, 1  # kinds of events; at one instant a lower one comes first


class _Run:
    """A run of a trial: what it will report, and when.

    Args:
        trial: Which trial.
        curve: What it would report from its beginning.
        first: Position in the curve of its first report.
        times: When its reports arrive, in nanoseconds.
    """

    __slots__ = ("curve", "ending", "failure", "first", "lost_at", "n_reported", "run", "times", "trial_id")

    def __init__(self, trial: Trial, curve: Curve, first: int, times: Sequence[int]) -> None:
        self.trial_id = trial.id
        self.run = trial.run
        self.curve = curve
        self.first = first
        self.times = times
        self.n_reported = 0
        self.failure: str | None = None  # why it fails after its last report, if it does
        self.lost_at: int | None = None  # when its worker is lost, in nanoseconds
        self.ending = False

    def checkpoints(self) -> tuple[Sequence[int], int]:
        """The resources of the curve, and at how many of them the trial has written a checkpoint in all."""
        return self.curve.resources, self.first + self.n_reported


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
        if run.failure is RECORDED_FAILURE:  # also after its last report: the failure comes after that
            run.failure = None
        if not run.ending:  # what would have happened to it later does not
            run.ending, run.failure, run.lost_at = True, None, None
            self._push(self._now + self._stop_delay, END, run)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        """The next event, alone, since the decision on it may change the one after."""
        limit = INFINITY if deadline is None else deadline * NANOSECONDS
        if limit < INFINITY:  # what is larger than any number is none
            limit = round(limit)
        heap, running = self._heap, self._running
        while heap:
            time, kind, trial_id, _, run = heap[0]
            if time > limit:
                self._now = max(self._now, int(limit))
                return []
            if running.get(trial_id) is not run:  # it is a report of a run that has ended since
                heappop(heap)
                continue
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
        resources, elapsed = curve.resources, curve.elapsed
        first = bisect_right(resources, after)
        end = len(resources) if until is None else bisect_left(resources, until) + 1
        began = self._now + delay
        still_to_come = elapsed[first:end]
        if first:
            offset = elapsed[first - 1]
            still_to_come = [seconds - offset for seconds in still_to_come]
        injected = self._faults.inject(trial, still_to_come)
        arrival = began + self._report_delay
        times = [arrival + round(seconds * NANOSECONDS) for seconds in injected.elapsed]
        run = self._running[trial.id] = _Run(trial, curve, first, times)
        if injected.fails:
            run.failure = "a fault was injected (backend.failure_rate)"
        elif curve.fails and (until is None or until > resources[-1]):  # it ends without failing where it was sent to
            run.failure = RECORDED_FAILURE
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
        """The report at the front of the heap, where the next event of its run takes its place."""
        curve, position = run.curve, run.first + run.n_reported
        metrics: dict[str, Any] = {self._resource: curve.resources[position]}
        for name, values in curve.metrics.items():
            metrics[name] = values[position]
        metrics.update(curve.constants)
        metrics["st_worker_time"] = curve.elapsed[position]
        run.n_reported = n_reported = run.n_reported + 1
        if n_reported < len(run.times):
            heapreplace(self._heap, (run.times[n_reported], REPORT, run.trial_id, run.run, run))
        else:
            heappop(self._heap)
            if not run.ending:
                self._push_end(run, self._now)
        return TrialReported(run.trial_id, run.run, metrics, self._now / NANOSECONDS)

    def _end(self, run: _Run) -> TrialEnded:
        heappop(self._heap)
        del self._running[run.trial_id]
        if self._checkpoint:
            self._written[run.trial_id] = run.checkpoints()
        ended = TrialEnded(run.trial_id, run.run, COMPLETED, self.now(), has_checkpoint=self._checkpoint)
        if run.lost_at is not None:
            self._lost.add(run.trial_id)
            return evolve(ended, status=Status.FAILED, cause=Cause.INFRASTRUCTURE, reason="its worker was preempted")
        if run.failure is not None:
            return evolve(ended, status=Status.FAILED, reason=run.failure)
        return ended

    def _push_end(self, run: _Run, time: int) -> None:
        """A run has nothing more to report after this time."""
        run.ending = True
        end = time + self._complete_delay if run.lost_at is None else max(run.lost_at, time)
        self._push(end, END, run)

    def _push(self, time: int, kind: int, run: _Run) -> None:
        heappush(self._heap, (time, kind, run.trial_id, run.run, run))

    def _seed_of(self, trial_id: int) -> int:
        if self._table_seed is not None:
            return self._table_seed
        return int(self.streams.uniforms("table_seed", trial_id, 1, 1)[0, 0] * self._blackbox.n_seeds)
