"""The tuning problem ``checkpoint_example``: a formula instead of a training, with checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from tunekit_core.contracts.benchmarks import Benchmark, Script
from tunekit_core.contracts.objective import Objective
from tunekit_core.errors import ConfigurationError
from tunekit_core.space import SearchSpace, loguniform, uniform

EPOCHS = 27


class CheckpointExample(Benchmark):
    """Learning curves by formula, floor + (1 - floor) * exp(-rate * epoch), with checkpoints: 27 epochs.

    Curves cross, so what is best early need not be best at the end. A resumed trial reports what it would have
    reported undisturbed, so that a mistake in pausing and resuming shows.

    Args:
        sleep_time: Seconds that an epoch takes.

    Raises:
        ConfigurationError: If the time is negative.
    """

    name: ClassVar[str] = "checkpoint_example"
    objective = Objective("loss", "min", resource="epoch")
    max_resource = EPOCHS
    max_resource_attr = "epochs"
    max_wallclock_time = 60.0
    metrics = frozenset({"loss"})

    def __init__(self, *, sleep_time: float = 0.1) -> None:
        if not 0 <= sleep_time < float("inf"):
            raise ConfigurationError(
                f"benchmark.sleep_time={sleep_time} must be 0 or more: seconds that an epoch takes, such as "
                "benchmark.sleep_time=0.1.",
                option="benchmark.sleep_time",
                value=sleep_time,
            )
        self.space = SearchSpace(
            {"rate": loguniform(0.01, 1.0), "floor": uniform(0.0, 1.0), "epochs": EPOCHS, "sleep_time": sleep_time}
        )

    def script(self) -> Script:
        """The program that computes the formula."""
        return Script((sys.executable, str(Path(__file__).with_name("script.py"))))
