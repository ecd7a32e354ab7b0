"""The tuning problem ``height``: a formula instead of a training, for a first run and for tests."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, ClassVar

import attrs

from tunekit_core import Benchmark, Objective, Script, SearchSpace, literal_word, option, randint

STEPS = 100


@attrs.frozen(kw_only=True)
class HeightOptions:
    """How long it takes."""

    sleep_time: float = option(0.1, help="Seconds that a step takes.", at_least=0, below=math.inf)


class HeightBenchmark(Benchmark):
    """A formula that takes its time: 1 / (0.1 + width * step / 100) + 0.1 * height, to be minimised over 100 steps."""

    name: ClassVar[str] = "height"
    Options: ClassVar[type[Any]] = HeightOptions
    objective = Objective("mean_loss", "min", resource="epoch")
    max_resource = STEPS
    max_resource_attr = "steps"
    max_wallclock_time = 60.0
    metrics = frozenset({"mean_loss"})

    def __init__(self, options: HeightOptions) -> None:
        super().__init__(options)
        self.space = SearchSpace(
            {"width": randint(0, 20), "height": randint(-100, 100), "steps": STEPS, "sleep_time": options.sleep_time}
        )

    def script(self) -> Script:
        words = sys.executable, str(Path(__file__).with_name("script.py"))
        return Script(tuple(map(literal_word, words)))
