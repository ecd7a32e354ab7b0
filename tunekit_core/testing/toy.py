"""A toy problem with learning curves, and a backend that runs it on a virtual clock."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from tunekit_core.contracts.backends import (
    Backend,
    BackendEvent,
    StartFailed,
    TrialEnded,
    TrialReported,
    UnfinishedTrial,
)
from tunekit_core.contracts.benchmarks import Benchmark, Curve
from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Checkpoint, Status, Trial
from tunekit_core.randomness import Streams
from tunekit_core.space import Configuration, ConfigurationTable, SearchSpace, choice, loguniform, randint, uniform

Curves = Literal["smooth", "constant", "broken"]


class ToyBenchmark(Benchmark):
    """Four hyperparameters (or 24 configurations) and curves that fall as 1 / epoch.

    Args:
        max_resource: Epochs of a whole run.
        finite: Whether the space has 24 configurations only.
        curves: ``"smooth"``; ``"constant"``, where every loss is 1; ``"broken"``, where about a third of the runs
            report NaN or infinity and others losses of 1e7.
        mode: Whether the loss, or its negative as a score, is reported as ``score``.
    """

    name: ClassVar[str] = "toy"
    max_wallclock_time = 1000.0

    def __init__(
        self,
        *,
        max_resource: int = 9,
        finite: bool = False,
        curves: Curves = "smooth",
        mode: Literal["min", "max"] = "min",
    ) -> None:
        units = randint(1, 8)
        act = choice(["relu", "tanh", "gelu"])
        if finite:
            self.space = SearchSpace({"units": units, "act": act})
        else:
            x, lr = uniform(0.0, 1.0), loguniform(1e-4, 1.0)
            self.space = SearchSpace({"x": x, "lr": lr, "units": units, "act": act})
        self.objective = Objective("score", mode, "epoch")
        self.max_resource = max_resource
        self.metrics = frozenset({"score", "seconds", "epoch"})
        self._curves = curves
        self.n_seeds = 1

    def blackbox(self) -> ToyBenchmark:
        """The benchmark is its own blackbox."""
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        """The run of a configuration."""
        assert self.max_resource is not None
        epochs = range(1, self.max_resource + 1)
        sign = 1.0 if self.objective.mode[0] == "min" else -1.0
        scores = [sign * self._loss(configuration, epoch) for epoch in epochs]
        seconds = 1.0 + 0.25 * configuration["units"] + 0.1 * configuration.get("x", 0.0)
        elapsed = [seconds * epoch for epoch in epochs]
        return Curve(epochs, elapsed, {"score": scores, "seconds": elapsed})

    def _loss(self, configuration: Configuration, epoch: int) -> float:
        if self._curves == "constant":
            return 1.0
        x, lr = configuration.get("x", 0.5), configuration.get("lr", 1e-2)
        final: float = (x - 0.3) ** 2 + 0.1 * (math.log10(lr) + 2.5) ** 2 + 0.02 * (configuration["units"] - 5) ** 2
        final += {"relu": 0.0, "gelu": 0.03, "tanh": 0.2}[configuration["act"]]
        if self._curves == "broken":
            if configuration["act"] == "tanh":
                return math.nan if configuration["units"] % 2 else math.inf
            if configuration["units"] == 8:
                return 1e7
        return final + (1.0 + 0.3 * math.sin(7.0 * x)) / epoch


def toy_problem(benchmark: ToyBenchmark, rows: ConfigurationTable | None = None) -> Problem:
    """The problem of a toy benchmark."""
    return Problem(
        space=benchmark.space,
        objective=benchmark.objective,
        max_resource=benchmark.max_resource,
        rows=rows,
        metrics=benchmark.metrics,
    )


class ToyBackend(Backend):
    """Runs recorded curves on a virtual clock, with a checkpoint at every report.

    Args:
        problem: What is solved.
        benchmark: A :class:`ToyBenchmark`.
        folder: Not used.
        streams: Not used.
        fail_at: For trial ids, the resource after which the trial fails; 0 fails at the start.
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
        fail_at: dict[int, int] | None = None,
    ) -> None:
        super().__init__(problem, benchmark, folder, streams)
        self._toy = benchmark
        self._fail_at = fail_at or {}
        self._now = 0.0
        self._queue: list[tuple[float, int, int, int, BackendEvent]] = []  # ends before reports, lower ids first
        self._current: dict[int, int] = {}  # number of what a running trial is at: of its run, or of its end
        self._n_begun = 0

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        if self._fail_at.get(trial.id) == 0:
            raise StartFailed("the toy backend was told to fail here")
        self._begin(trial, until)

    def resume(self, trial: Trial, until: int | None) -> None:
        """Queue what it will do after its last report."""
        self._begin(trial, until)

    def pause(self, trial: Trial) -> None:
        self.stop(trial)

    def stop(self, trial: Trial) -> None:
        if trial.id in self._current:  # its end may be on the way already
            self._number(trial.id)
            self._push(TrialEnded(trial.id, trial.run, Status.COMPLETED, self._now, has_checkpoint=True))

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        """Queue what running trials will do after their last report."""
        self._now = time
        for unfinished in trials:
            trial = unfinished.trial
            if unfinished.is_ending:
                self._number(trial.id)  # stop or pause follow
            elif trial.status is Status.RUNNING:
                self._begin(trial, trial.until)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        while self._queue:
            if deadline is not None and self._queue[0][0] > deadline:
                self._now = deadline
                return []
            time, _, trial_id, number, event = heapq.heappop(self._queue)
            if self._current.get(trial_id) == number:
                self._now = time
                if isinstance(event, TrialEnded):
                    del self._current[trial_id]
                return [event]
        return []

    def now(self) -> float:
        return self._now

    def _begin(self, trial: Trial, until: int | None) -> None:
        curve, after = self._toy.curve(trial.configuration, 0), trial.reached
        self._number(trial.id)
        offset = self._now - (curve.elapsed[after - 1] if after else 0.0)
        last = min(until or math.inf, self._toy.max_resource or math.inf, self._fail_at.get(trial.id, math.inf))
        time, epoch = self._now, after
        for epoch in range(after + 1, int(last) + 1):
            time = offset + curve.elapsed[epoch - 1]
            metrics = {"epoch": epoch} | {name: values[epoch - 1] for name, values in curve.metrics.items()}
            self._push(TrialReported(trial.id, trial.run, metrics, time))
        status = Status.FAILED if self._fail_at.get(trial.id) == epoch else Status.COMPLETED
        self._push(TrialEnded(trial.id, trial.run, status, time, has_checkpoint=True), after_reports=True)

    def _number(self, trial_id: int) -> None:
        self._n_begun += 1
        self._current[trial_id] = self._n_begun

    def _push(self, event: BackendEvent, *, after_reports: bool = False) -> None:
        kind = 1 if isinstance(event, TrialReported) else 2 if after_reports else 0
        heapq.heappush(self._queue, (event.time, kind, event.trial_id, self._current[event.trial_id], event))
