"""The tuning problem ``synthetic``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from tunekit_benchmarks.synthetic.families import PRESETS
from tunekit_benchmarks.synthetic.runs import EPOCHS, Runs
from tunekit_core import Benchmark, Configuration, InvalidOption, Objective, option, suggestion


@attrs.frozen(kw_only=True)
class SyntheticOptions:
    """Which problem."""

    family: str = option(
        "plain",
        help="What the problem is like: the name of a family, such as ``needles-2-late`` or ``noise-high``. A name "
        "that does not exist is refused with all that do.",
    )
    instance: int = option(
        0,
        help="Which problem of the family: where the optimum lies, which hyperparameters matter, and all else that is "
        "random.",
        at_least=0,
        at_most=2**32 - 1,
    )


class SyntheticBenchmark(Benchmark):
    """By formula: families of problems whose optimum is known, 27 epochs, to find out what misleads a method.

    Attributes:
        best_configuration: Where the smallest loss without noise at the last epoch is reached.

    Raises:
        InvalidOption: If there is no such family.
    """

    name: ClassVar[str] = "synthetic"
    Options: ClassVar[type[Any]] = SyntheticOptions
    objective = Objective("loss", "min", resource="epoch")
    max_resource = EPOCHS
    n_workers = 4
    max_wallclock_time = 270.0  # 40 complete trials
    metrics = frozenset({"loss"})

    def __init__(self, options: SyntheticOptions) -> None:
        super().__init__(options)
        family = PRESETS.get(options.family)
        if family is None:
            raise InvalidOption(
                "family",
                options.family,
                f"is no family that synthetic has. {suggestion(options.family, PRESETS)}There are {', '.join(PRESETS)}",
            )
        self._runs = Runs(family, options.instance)
        self.space = self._runs.space
        self.dataset = f"{options.family}-{options.instance}"
        self.data_hash = self._runs.data_hash
        self.best_configuration: Configuration = self._runs.best_configuration
        if family.failing:  # the middle, which is tried first elsewhere, lies at the edge where the optimum is
            self.points_to_evaluate = ({"x1": 0.25},)

    @property
    def optimum(self) -> float:
        """The smallest loss without noise at the last epoch."""
        return self._runs.optimum

    def blackbox(self) -> Runs:
        return self._runs

    def noiseless(self, configuration: Mapping[str, Any], resource: int) -> float:
        """What a configuration reports at an epoch, less its noise, see :meth:`Runs.noiseless`."""
        return self._runs.noiseless(configuration, resource)
