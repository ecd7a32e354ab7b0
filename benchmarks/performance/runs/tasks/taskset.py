"""TaskSet: six tasks (Metz et al., 2020) as the tables of 1,000 configurations of Kadra et al., 2023."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from runs.tasks.data import DATA
from tunekit_core import (
    Benchmark,
    Configuration,
    ConfigurationTable,
    Curve,
    Objective,
    SearchSpace,
    loguniform,
    uniform,
)


class TasksetBenchmark(Benchmark):
    """Adam with eight hyperparameters on one task: validation loss over 51 reports, a second each; NaN is divergence.

    Only the configurations of the table may be proposed. The time is that of 40 complete trials on 4 workers.

    Args:
        dataset: Name of the task.
    """

    name: ClassVar[str] = "taskset"
    objective = Objective("valid_loss", "min", resource="step")
    max_resource = 51
    max_wallclock_time = 510.0

    def __init__(self, dataset: str) -> None:
        self.dataset = dataset
        data = np.load(DATA / f"taskset_{dataset}.npz")
        names, X = [str(name) for name in data["names"]], data["X"].round(12)
        self.space = SearchSpace({name: _taskset_domain(name, column) for name, column in zip(names, X.T, strict=True)})
        configurations = [dict(zip(names, row, strict=True)) for row in X.tolist()]
        self.rows = ConfigurationTable.of(self.space, configurations)
        self.losses = data["valid_loss"]
        self.points_to_evaluate = ()
        self.n_seeds = 1

    @property
    def optimum(self) -> float:
        return float(np.nanmin(self.losses))

    def blackbox(self) -> TasksetBenchmark:
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        steps = list(range(1, 52))
        row = self.rows.index_of(configuration)
        return Curve(steps, [float(step) for step in steps], {"valid_loss": self.losses[row].tolist()})


def _taskset_domain(name: str, column: np.ndarray) -> Any:
    lower, upper = float(column.min()), float(column.max())
    return uniform(lower, upper) if name.startswith("beta") else loguniform(lower, upper)
