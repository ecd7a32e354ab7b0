"""The tuning problem ``checkpoint_example``: a formula instead of a training, with checkpoints."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, ClassVar

import attrs

from tunekit_core import Benchmark, Objective, Script, SearchSpace, literal_word, loguniform, option, uniform

EPOCHS = 27


@attrs.frozen(kw_only=True)
class CheckpointExampleOptions:
    """How long it takes."""

    sleep_time: float = option(0.1, help="Seconds that an epoch takes.", at_least=0, below=math.inf)


class CheckpointExampleBenchmark(Benchmark):
    """Learning curves by formula, floor + (1 - floor) * exp(-rate * epoch), with checkpoints: 27 epochs.

    Curves cross, so what is best early need not be best at the end. A resumed trial reports what it would have
    reported undisturbed, so that a mistake in pausing and resuming shows.
    """

    name: ClassVar[str] = "checkpoint_example"
    Options: ClassVar[type[Any]] = CheckpointExampleOptions
    objective = Objective("loss", "min", resource="epoch")
    max_resource = EPOCHS
    max_resource_attr = "epochs"
    max_wallclock_time = 60.0
    metrics = frozenset({"loss"})

    def __init__(self, options: CheckpointExampleOptions) -> None:
        super().__init__(options)
        self.space = SearchSpace(
            {
                "rate": loguniform(0.01, 1.0),
                "floor": uniform(0.0, 1.0),
                "epochs": EPOCHS,
                "sleep_time": options.sleep_time,
            }
        )

    def script(self) -> Script:
        words = sys.executable, str(Path(__file__).with_name("script.py"))
        return Script((*map(literal_word, words), "--st_checkpoint_dir", "{checkpoint}"))
