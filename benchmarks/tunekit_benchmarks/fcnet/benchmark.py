"""The tuning problem ``fcnet``."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from tunekit_benchmarks.fcnet import table
from tunekit_benchmarks.fcnet.grid import EPOCHS
from tunekit_core import (
    Benchmark,
    ConfigurationTable,
    InvalidOption,
    Objective,
    SearchSpace,
    choice,
    finrange,
    logfinrange,
    option,
    ordinal,
    suggestion,
)

NOT_SHIPPED = ("protein_structure", "naval_propulsion", "parkinsons_telemonitoring", "slice_localization")

SPACE = SearchSpace(
    {
        "hp_activation_fn_1": choice(["tanh", "relu"]),
        "hp_activation_fn_2": choice(["tanh", "relu"]),
        "hp_batch_size": logfinrange(8, 64, 4, cast_int=True),
        "hp_dropout_1": finrange(0.0, 0.6, 3),
        "hp_dropout_2": finrange(0.0, 0.6, 3),
        "hp_init_lr": ordinal([0.0005, 0.001, 0.005, 0.01, 0.05, 0.1], kind="nn-log"),
        "hp_lr_schedule": choice(["cosine", "const"]),
        "hp_n_units_1": logfinrange(16, 512, 6, cast_int=True),
        "hp_n_units_2": logfinrange(16, 512, 6, cast_int=True),
    }
)


@attrs.frozen(kw_only=True)
class FcnetOptions:
    """Which curves, and which of them may be seen."""

    dataset: str = option("robot_arm", help="What the networks learn: ``robot_arm`` or ``diabetes``.")
    trained_only: bool = option(
        False,
        help="Whether only configurations whose networks were trained may be proposed, and none of those that a "
        "surrogate filled in.",
    )


class FcnetBenchmark(Benchmark):
    """Tabulated: a regression network with two hidden layers, 62,208 configurations, 100 epochs.

    The search space of Klein and Hutter, Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization,
    2019, with networks trained for tunekit on data of its own: their four datasets are not in it. Simulated seconds
    come from a cost model, see ``metadata.json`` of the dataset.

    Raises:
        InvalidOption: If there is no such dataset.
    """

    name: ClassVar[str] = "fcnet"
    Options: ClassVar[type[Any]] = FcnetOptions
    is_default: ClassVar[bool] = True
    space = SPACE
    objective = Objective("metric_valid_loss", "min", resource="hp_epoch")
    max_resource = EPOCHS
    n_workers = 4
    max_wallclock_time = 3600.0
    metrics = frozenset(
        {
            "metric_valid_loss",
            "metric_train_loss",
            "metric_elapsed_time",
            "metric_n_params",
            "metric_final_test_error",
        }
    )

    def __init__(self, options: FcnetOptions) -> None:
        super().__init__(options)
        _check_dataset(options.dataset)
        self.dataset = options.dataset
        self._table = table.Table(table.DATA / options.dataset)
        self.data_hash = self._table.metadata["data_hash"]
        if options.trained_only:
            self.rows = ConfigurationTable(SPACE, self._table.trained_rows)

    @property
    def optimum(self) -> float:
        """The smallest validation loss at any epoch, of configurations that may be proposed."""
        return float(self._table.metadata["optimum"]["all" if self.rows is None else "trained"])

    def blackbox(self) -> table.Table:
        return self._table


def _check_dataset(dataset: str) -> None:
    shipped = table.shipped()
    if dataset in shipped:
        return
    reason = suggestion(dataset, shipped)
    if dataset in NOT_SHIPPED:
        reason = "The tables of Klein and Hutter (2019) are not part of tunekit: they are not ours to ship. "
    raise InvalidOption(
        "dataset",
        dataset,
        f"is no dataset that fcnet has here. {reason}Shipped are {' and '.join(shipped)}: type "
        f"benchmark.dataset={shipped[-1]}, for example",
    )
