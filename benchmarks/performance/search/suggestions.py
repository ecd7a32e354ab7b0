"""Seconds of single suggestions, once a method has seen n trials of a smooth function of d hyperparameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import ClassVar

import numpy as np

from runs.run import build_scheduler, recipe
from tunekit_core import (
    Benchmark,
    Configuration,
    Curve,
    Objective,
    Problem,
    Proposal,
    SearchSpace,
    Streams,
    Tuner,
    create,
    uniform,
)

N_LEFT_OUT = 4
N_TIMED = 20


class BowlBenchmark(Benchmark):
    """A bowl with a slight slope, whose curves fall to it like 1 / resource over 27 resources.

    Args:
        width: Number of hyperparameters, all from 0 to 1.
    """

    name: ClassVar[str] = "bowl"
    objective = Objective("loss", "min", resource="epoch")
    max_resource = 27
    max_wallclock_time = 1e9
    n_seeds = 1

    def __init__(self, *, width: int) -> None:
        self.space = SearchSpace({f"x{j}": uniform(0.0, 1.0) for j in range(width)})
        self._centre = np.linspace(0.2, 0.8, width)
        self._weights = 1 / np.arange(1, width + 1)

    def blackbox(self) -> BowlBenchmark:
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        """The curve; the first hyperparameter also slows training down."""
        x = np.array(list(configuration.values()))
        end = float(self._weights @ (x - self._centre) ** 2 + 0.1 * np.sin(3 * x).mean())
        epochs = range(1, self.max_resource + 1)
        losses = [end + (0.2 + float(x[-1])) / epoch for epoch in epochs]
        return Curve(list(epochs), [(1 + float(x[0])) * epoch for epoch in epochs], {"loss": losses})


def suggestion_seconds(method: str, n_trials: int, width: int) -> list[float]:
    """Processor seconds of consecutive suggestions, each made while 3 trials are pending.

    Args:
        method: Name of a recipe or of a peer.
        n_trials: Random trials that the method sees first.
        width: Number of hyperparameters.
    """
    benchmark, streams = BowlBenchmark(width=width), Streams(0)
    problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)
    scheduler = build_scheduler(method, recipe(method), problem, streams)
    stand_in = RandomAtFirst(scheduler.searcher.suggest, n_trials, problem.random_configurations(streams).propose)
    scheduler.searcher.suggest = stand_in
    n_started = n_trials + N_LEFT_OUT + N_TIMED
    Tuner(
        scheduler=scheduler,
        backend=create("backend", "simulator", problem, benchmark, None, streams),
        stopping=[create("stopping", "max_num_trials_started", problem, count=n_started)],
    ).run()
    return stand_in.seconds[N_LEFT_OUT:]


class RandomAtFirst:
    """Stands in for ``suggest``: random configurations for the first trials, then what is suggested, and timed."""

    def __init__(
        self,
        suggest: Callable[..., Proposal | None],
        n_random: int,
        draw: Callable[[int, set[Hashable]], Configuration | None],
    ) -> None:
        self._suggest = suggest
        self._n_random = n_random
        self._draw = draw
        self.seconds: list[float] = []

    def __call__(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        if trial_id < self._n_random:
            configuration = self._draw(trial_id, set())
            return None if configuration is None else Proposal(configuration)
        began = time.process_time()
        proposal = self._suggest(trial_id, resource=resource)
        self.seconds.append(time.process_time() - began)
        return proposal
