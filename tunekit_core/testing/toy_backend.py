"""A backend that runs the toy problem on a virtual clock, with whatever can happen to trials."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import attrs

from tunekit_core.contracts.backends import (
    Backend,
    BackendEvent,
    StartFailed,
    TrialEnded,
    TrialReported,
    UnfinishedTrial,
)
from tunekit_core.contracts.benchmarks import Curve
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Cause, Checkpoint, Status, Trial
from tunekit_core.randomness import Streams
from tunekit_core.testing.toy import ToyBenchmark

ASKED, REPORT, BY_ITSELF = 0, 1, 2  # at one instant, ends that were asked for come first, and natural ones last


@attrs.define
class _Run:
    """A run of a trial that is on.

    Attributes:
        trial: Which.
        number: Of the run.
        end: When it ends, and the number of that entry; ``None`` where it is still to be asked to end.
    """

    trial: Trial
    number: int
    end: tuple[float, int] | None = None


class ToyBackend(Backend):
    """Runs the curves of the toy benchmark on a virtual clock, with a checkpoint at every report.

    Args:
        problem: What is solved.
        benchmark: A :class:`ToyBenchmark`.
        folder: Not used.
        streams: Not used.
        fail_at: For trial ids, the resource after which the trial fails; 0 fails at the start.
        lose_at: For trial ids and numbers of runs, the resource after which that run is lost; 0 loses it at once.
        lag: Seconds from the request to pause or stop to the end of a trial, which goes on reporting meanwhile.
    """

    name: ClassVar[str] = "toy"
    capabilities = frozenset({"pause", "checkpoint", "copy", "restore"})

    def __init__(
        self,
        problem: Problem,
        benchmark: ToyBenchmark,
        folder: Path | None,
        streams: Streams,
        *,
        fail_at: Mapping[int, int] | None = None,
        lose_at: Mapping[tuple[int, int], int] | None = None,
        lag: float = 0.0,
    ) -> None:
        super().__init__(problem, benchmark, folder, streams)
        self._toy = benchmark
        self._fail_at = fail_at or {}
        self._lose_at = lose_at or {}
        self._lag = lag
        self._now = 0.0
        self._queue: list[tuple[float, int, int, int, BackendEvent]] = []  # time, kind, trial, number of the entry
        self._n_queued = 0
        self._runs: dict[int, _Run] = {}
        self._checkpoints: dict[int, list[int]] = {}  # of each trial the resources of its versions

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        if self._fail_at.get(trial.id) == 0:
            raise StartFailed("the toy backend was told to fail here")
        if checkpoint_of is not None and checkpoint_of.resource not in self._checkpoints.get(
            checkpoint_of.trial_id, ()
        ):
            raise StartFailed(f"trial {checkpoint_of.trial_id} has no checkpoint of resource {checkpoint_of.resource}")
        self._begin(trial, until)

    def resume(self, trial: Trial, until: int | None) -> None:
        self._begin(trial, until)

    def pause(self, trial: Trial) -> None:
        self.stop(trial)

    def stop(self, trial: Trial) -> None:
        """The end may be on the way already, and may come before the lag is over."""
        run = self._runs.get(trial.id)
        if run is not None:
            time, kind = self._now + self._lag, ASKED
            if run.end is not None and run.end[0] < time:
                time, kind = run.end[0], BY_ITSELF
            self._end(run, time, kind, Status.COMPLETED)

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        """Running trials go on from their last report that was recorded."""
        self._now = time
        for unfinished in trials:
            trial = unfinished.trial
            self._checkpoints[trial.id] = [r for r in self._curve(trial).resources if r <= trial.reached]
            if unfinished.is_ending:
                self._runs[trial.id] = _Run(trial, trial.run)  # stop or pause follow
            elif trial.status is Status.RUNNING:
                self._begin(trial, trial.until)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        while self._queue:
            if deadline is not None and self._queue[0][0] > deadline:
                break
            time, _, trial_id, number, event = heapq.heappop(self._queue)
            run = self._runs.get(trial_id)
            if run is None or run.number != event.run:
                continue  # of a run that has ended
            if isinstance(event, TrialEnded):
                if run.end is None or run.end[1] != number:
                    continue  # it was asked to end at another time
                del self._runs[trial_id]
            elif isinstance(event, TrialReported):
                self._checkpoints.setdefault(trial_id, []).append(event.metrics["epoch"])
            self._now = time
            return [event]
        self._now = self._now if deadline is None else max(self._now, deadline)
        return []

    def now(self) -> float:
        return self._now

    def release(self, trial_ids: tuple[int, ...]) -> None:
        for trial_id in trial_ids:
            self._checkpoints.pop(trial_id, None)

    def drop_checkpoint(self, trial_id: int) -> None:
        self._checkpoints.pop(trial_id, None)

    def _begin(self, trial: Trial, until: int | None) -> None:
        """Queue what a run will do: after its last checkpoint, after that of its parent, or from the beginning."""
        copied = 0 if trial.parent is None else trial.parent.resource
        after = max(self._checkpoints.get(trial.id, []), default=copied)
        run = self._runs[trial.id] = _Run(trial, trial.run)
        fails, lost = self._fail_at.get(trial.id, math.inf), self._lose_at.get((trial.id, trial.run), math.inf)
        curve = self._curve(trial)
        offset = self._now - max(
            (t for r, t in zip(curve.resources, curve.elapsed, strict=True) if r <= after), default=0
        )
        time, reached = self._now, after
        for position, resource in enumerate(curve.resources):
            if reached >= min(until or math.inf, lost, fails):
                break
            if resource > after:
                time, reached = offset + curve.elapsed[position], resource
                metrics = {"epoch": resource} | {name: values[position] for name, values in curve.metrics.items()}
                self._push(time, REPORT, TrialReported(trial.id, trial.run, metrics, time))
        if reached >= lost:
            self._end(run, time, BY_ITSELF, Status.FAILED, Cause.INFRASTRUCTURE, "the machine was lost")
        elif reached >= fails:
            self._end(run, time, BY_ITSELF, Status.FAILED, Cause.SCRIPT, "exit code 1")
        else:
            self._end(run, time, BY_ITSELF, Status.COMPLETED)

    def _curve(self, trial: Trial) -> Curve:
        return self._toy.curve(trial.configuration, 0)

    def _end(
        self, run: _Run, time: float, kind: int, status: Status, cause: Cause = Cause.SCRIPT, reason: str = ""
    ) -> None:
        event = TrialEnded(run.trial.id, run.number, status, time, cause, reason, has_checkpoint=True)
        run.end = time, self._push(time, kind, event)

    def _push(self, time: float, kind: int, event: BackendEvent) -> int:
        self._n_queued += 1
        heapq.heappush(self._queue, (time, kind, event.trial_id, self._n_queued, event))
        return self._n_queued
