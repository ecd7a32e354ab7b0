"""Tuning problems over measured data of others, which lie beside the project where they are there at all.

LCBench (34 tasks; Zimmer, Lindauer, Hutter, Auto-PyTorch Tabular, 2021) as the surrogate of YAHPO Gym (Pfisterer et
al., 2022), and six tasks of TaskSet (Metz et al., 2020) as the tables of 1,000 configurations of Kadra et al., 2023.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tunekit_benchmarks.fcnet.benchmark import FcnetBenchmark
from tunekit_benchmarks.fcnet.grid import EPOCHS
from tunekit_benchmarks.fcnet.table import shipped
from tunekit_core import (
    Benchmark,
    Configuration,
    ConfigurationError,
    ConfigurationTable,
    Curve,
    Objective,
    SearchSpace,
    create,
    lograndint,
    loguniform,
    randint,
    uniform,
)

DATA = Path(__file__).parents[4] / "shared" / "data"
LCBENCH_EPOCHS = 52
LCBENCH_INPUTS = ("batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units", "max_dropout")
CURVES_KEPT = 20_000
LCBENCH_DEFAULT = ("3945", "7593", "168868", "189909", "126026")


def default_tasks() -> list[str]:
    """Names of the tasks that are compared unless others are asked for, less those whose data are not there."""
    lcbench = [f"lcbench:{number}" for number in LCBENCH_DEFAULT] if (DATA / "lcbench.onnx").exists() else []
    taskset = sorted(path.stem.replace("taskset_", "taskset:", 1) for path in DATA.glob("taskset_*.npz"))
    return [*lcbench, *taskset, *(f"fcnet:{dataset}" for dataset in shipped())]


@lru_cache
def open_task(task: str) -> Benchmark:
    """The benchmark of a task such as ``lcbench:3945``, opened once per process.

    Raises:
        ValueError: If there is no such task, or its data are not there.
    """
    family, _, dataset = task.partition(":")
    try:
        if family == FcnetBenchmark.name:
            return create("benchmark", family, dataset=dataset)
        return {LcbenchBenchmark.name: LcbenchBenchmark, TasksetBenchmark.name: TasksetBenchmark}[family](
            dataset=dataset
        )
    except (KeyError, FileNotFoundError, ConfigurationError) as error:
        raise ValueError(
            f"{task}: there is no such task here. Compared by default are: {', '.join(default_tasks())}."
        ) from error


def best_of_table(task: str) -> float | None:
    """The smallest loss that a task has anywhere; ``None`` where it is no table."""
    benchmark = open_task(task)
    if isinstance(benchmark, TasksetBenchmark):
        return float(np.nanmin(benchmark.losses))
    if isinstance(benchmark, FcnetBenchmark):
        return float(benchmark.blackbox().losses()[:, EPOCHS : 2 * EPOCHS].min())
    return None


class LcbenchBenchmark(Benchmark):
    """Networks of up to five layers on one OpenML task: validation accuracy over 52 epochs, from a surrogate.

    Args:
        dataset: Number of the OpenML task.
    """

    name: ClassVar[str] = "lcbench"
    space = SearchSpace(
        {
            "batch_size": lograndint(16, 512),
            "learning_rate": loguniform(1e-4, 1e-1),
            "momentum": uniform(0.1, 0.99),
            "weight_decay": uniform(1e-5, 1e-1),
            "num_layers": randint(1, 5),
            "max_units": lograndint(64, 1024),
            "max_dropout": uniform(0.0, 1.0),
        }
    )
    objective = Objective("val_accuracy", "max", resource="epoch")
    max_resource = LCBENCH_EPOCHS
    max_wallclock_time = 7200.0

    def __init__(self, *, dataset: str) -> None:
        self.dataset = dataset
        self._task = json.loads((DATA / "lcbench_encoding.json").read_text())["OpenML_task_id"][dataset]
        self._surrogate = lcbench_surrogate()
        self._curves: dict[Any, Curve] = {}
        self.n_seeds = 1

    def blackbox(self) -> LcbenchBenchmark:
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        """Accuracy after each epoch; all epochs take equally long, as the surrogate's times are not monotone."""
        key = self.space.key(configuration)
        if key not in self._curves:
            if len(self._curves) >= CURVES_KEPT:
                self._curves.clear()
            epochs = np.arange(1, LCBENCH_EPOCHS + 1)
            inputs = np.tile([0.0, *(configuration[name] for name in LCBENCH_INPUTS)], (LCBENCH_EPOCHS, 1))
            inputs[:, 0] = epochs
            tasks = np.full((LCBENCH_EPOCHS, 1), self._task, dtype=np.int32)
            outputs = self._surrogate.run(None, {"x_cat": tasks, "x_cont": inputs.astype(np.float32)})[0]
            elapsed = np.cumsum(np.full(LCBENCH_EPOCHS, float(outputs[-1, 0]) / LCBENCH_EPOCHS))
            accuracy = [float(value) for value in outputs[:, 1]]
            self._curves[key] = Curve(epochs.tolist(), elapsed.tolist(), {"val_accuracy": accuracy})
        return self._curves[key]


@lru_cache
def lcbench_surrogate() -> Any:
    """The surrogate of all LCBench tasks, opened once per process.

    Raises:
        ValueError: If onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError(
            "lcbench needs onnxruntime. Type: pip install -r benchmarks/performance/requirements.txt, or leave it out "
            "with --tasks."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(DATA / "lcbench.onnx"), options, providers=["CPUExecutionProvider"])


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

    def __init__(self, *, dataset: str) -> None:
        self.dataset = dataset
        data = np.load(DATA / f"taskset_{dataset}.npz")
        names, X = [str(name) for name in data["names"]], data["X"].round(12)
        self.space = SearchSpace({name: _taskset_domain(name, column) for name, column in zip(names, X.T, strict=True)})
        configurations = [dict(zip(names, row, strict=True)) for row in X.tolist()]
        self.rows = ConfigurationTable.of(self.space, configurations)
        self.losses = data["valid_loss"]
        self.points_to_evaluate = ()
        self.n_seeds = 1

    def blackbox(self) -> TasksetBenchmark:
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        steps = list(range(1, 52))
        row = self.rows.index_of(configuration)
        return Curve(steps, [float(step) for step in steps], {"valid_loss": self.losses[row].tolist()})


def _taskset_domain(name: str, column: np.ndarray) -> Any:
    lower, upper = float(column.min()), float(column.max())
    return uniform(lower, upper) if name.startswith("beta") else loguniform(lower, upper)
