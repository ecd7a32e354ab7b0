"""The tuning problem ``height``: a formula instead of a training, for a first run and for tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from tunekit_core.contracts.benchmarks import Benchmark, Script
from tunekit_core.contracts.objective import Objective
from tunekit_core.errors import ConfigurationError
from tunekit_core.space import SearchSpace, randint

STEPS = 100


class Height(Benchmark):
    """A formula that takes its time: 1 / (0.1 + width * step / 100) + 0.1 * height, to be minimised over 100 steps.

    Args:
        sleep_time: Seconds that a step takes.

    Raises:
        ConfigurationError: If the time is negative.
    """

    name: ClassVar[str] = "height"
    objective = Objective("mean_loss", "min", resource="epoch")
    max_resource = STEPS
    max_resource_attr = "steps"
    max_wallclock_time = 60.0
    metrics = frozenset({"mean_loss"})

    def __init__(self, *, sleep_time: float = 0.1) -> None:
        if not 0 <= sleep_time < float("inf"):
            raise ConfigurationError(
                f"benchmark.sleep_time={sleep_time} must be 0 or more: seconds that a step takes, such as "
                "benchmark.sleep_time=0.1.",
                option="benchmark.sleep_time",
                value=sleep_time,
            )
        self.space = SearchSpace(
            {"width": randint(0, 20), "height": randint(-100, 100), "steps": STEPS, "sleep_time": sleep_time}
        )

    def script(self) -> Script:
        """The program that sleeps and reports."""
        return Script((sys.executable, str(Path(__file__).with_name("script.py"))))
