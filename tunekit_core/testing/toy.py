"""A toy problem with learning curves."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from tunekit_core.contracts.benchmarks import Benchmark, Curve
from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.problem import Problem
from tunekit_core.space import Configuration, ConfigurationTable, SearchSpace, choice, loguniform, randint, uniform

Curves = Literal["smooth", "constant", "broken"]

TOY_METRICS = frozenset({"score", "seconds", "epoch"})


class ToyBenchmark(Benchmark):
    """Four hyperparameters (or 24 configurations) and curves that fall as 1 / epoch.

    Args:
        max_resource: Epochs of a whole run.
        finite: Whether the space has 24 configurations only.
        curves: ``"smooth"``; ``"constant"``, where every loss is 1; ``"broken"``, where about a third of the runs
            report NaN or infinity and others losses of 1e7.
        mode: Whether the loss, or its negative as a score, is reported as ``score``.
        reports_every: Epochs between two reports; there is one at the last epoch too.
    """

    name: ClassVar[str] = "toy"
    max_wallclock_time = 1000.0
    data_hash = "formula"

    def __init__(
        self,
        *,
        max_resource: int = 9,
        finite: bool = False,
        curves: Curves = "smooth",
        mode: Literal["min", "max"] = "min",
        reports_every: int = 1,
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
        self.metrics = TOY_METRICS
        self._curves = curves
        self._resources = [*range(reports_every, max_resource, reports_every), max_resource]
        self.n_seeds = 1

    def blackbox(self) -> ToyBenchmark:
        """The benchmark is its own blackbox."""
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        """The run of a configuration."""
        epochs = self._resources
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
    given = benchmark.points_to_evaluate
    points: Any = [{}] if given is None else given  # partial ones are completed by the problem
    return Problem(
        space=benchmark.space,
        objective=benchmark.objective,
        max_resource=benchmark.max_resource,
        points_to_evaluate=points,
        rows=rows,
        metrics=benchmark.metrics,
    )
