"""The tuning problem ``mlp_digits``: a small network that learns to read handwritten digits."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import attrs

from tunekit_core import (
    Benchmark,
    ConfigurationError,
    Objective,
    Script,
    SearchSpace,
    literal_word,
    lograndint,
    loguniform,
    option,
    uniform,
)

EPOCHS = 27
NEEDED = {"torch": "torch", "sklearn": "scikit-learn"}  # by module, the distribution


@attrs.frozen(kw_only=True)
class MlpDigitsOptions:
    """What is random in a training."""

    seed: int = option(
        0,
        help="Of initial weights, order of data and dropout, the same in all trials; the split never changes.",
        at_least=0,
    )


class MlpDigitsBenchmark(Benchmark):
    """A real training of seconds: a network with two hidden layers on scikit-learn's bundled digits, 27 epochs.

    Needs torch and scikit-learn, on the side of the trials alone. Nothing is downloaded.
    """

    name: ClassVar[str] = "mlp_digits"
    Options: ClassVar[type[Any]] = MlpDigitsOptions
    objective = Objective("accuracy", "max", resource="epoch")
    max_resource = EPOCHS
    max_resource_attr = "epochs"
    max_wallclock_time = 300.0
    metrics = frozenset({"accuracy", "loss"})
    points_to_evaluate = (
        {"learning_rate": 1e-3, "weight_decay": 1e-2, "batch_size": 64, "n_units": 128, "dropout": 0.2},
    )

    def __init__(self, options: MlpDigitsOptions) -> None:
        super().__init__(options)
        self.space = SearchSpace(
            {
                "learning_rate": loguniform(1e-5, 1e-1),
                "weight_decay": loguniform(1e-5, 1.0),
                "batch_size": lograndint(32, 256),
                "n_units": lograndint(16, 256),
                "dropout": uniform(0.0, 0.8),
                "epochs": EPOCHS,
                "seed": options.seed,
            }
        )

    def script(self) -> Script:
        """The program that trains, where it can run.

        Raises:
            ConfigurationError: If what it imports is not installed.
        """
        # Looked for, not imported: torch would cost the tuner two seconds, and only the trials need it.
        missing = [distribution for module, distribution in NEEDED.items() if find_spec(module) is None]
        if missing:
            raise ConfigurationError(
                f"benchmark=mlp_digits trains with torch and scikit-learn; not installed: {', '.join(missing)}. "
                "Type: pip install 'tunekit-benchmarks[digits]'",
                option="benchmark",
                value=self.name,
            )
        words = sys.executable, str(Path(__file__).with_name("script.py"))
        return Script((*map(literal_word, words), "--st_checkpoint_dir", "{checkpoint}"))
