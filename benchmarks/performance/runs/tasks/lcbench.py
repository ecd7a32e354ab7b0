"""LCBench: 34 tasks (Zimmer, Lindauer, Hutter, Auto-PyTorch Tabular, 2021), as the surrogate of YAHPO Gym."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from runs.tasks.surrogates import Surrogate, SurrogateBenchmark
from tunekit_core import Configuration, Curve, Objective, SearchSpace, lograndint, loguniform, randint, uniform

EPOCHS = 52
TASK = "OpenML_task_id"
NUMBERS = (
    *("epoch", "batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units", "max_dropout"),
)
TIME, ACCURACY = 0, 1  # columns of what is predicted


class LcbenchBenchmark(SurrogateBenchmark):
    """Networks of up to five layers on one OpenML task: validation accuracy over 52 epochs.

    All epochs of a configuration take equally long, as the surrogate's times are not monotone.

    Args:
        dataset: Number of the OpenML task.

    Raises:
        FileNotFoundError, ValueError: As of :class:`~runs.tasks.surrogates.Surrogate`.
        KeyError: If there is no such task.
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
    max_resource = EPOCHS
    max_wallclock_time = 7200.0

    def __init__(self, dataset: str) -> None:
        super().__init__(dataset)
        self.surrogate = Surrogate(self.name, (TASK,), NUMBERS)
        self.surrogate.encoding[TASK][dataset]  # that there is such a task

    def predict(self, configuration: Configuration) -> Curve:
        epochs = list(range(1, EPOCHS + 1))
        outputs = self.surrogate.outputs({**configuration, TASK: self.dataset}, "epoch", epochs)
        elapsed = np.cumsum(np.full(EPOCHS, float(outputs[-1, TIME]) / EPOCHS))
        return Curve(epochs, elapsed.tolist(), {"val_accuracy": [float(value) for value in outputs[:, ACCURACY]]})
