"""The tuning problem ``fcnet``."""

from __future__ import annotations

from typing import ClassVar

from tunekit_benchmarks.fcnet import table
from tunekit_benchmarks.fcnet.grid import EPOCHS
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.objective import Objective
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.space import ConfigurationTable, SearchSpace, choice, finrange, logfinrange, ordinal

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


class Fcnet(Benchmark):
    """Tabulated: a regression network with two hidden layers, 62,208 configurations, 100 epochs.

    The search space of Klein and Hutter, Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization,
    2019, with networks trained for tunekit on data of its own: their four datasets are not in it. Simulated seconds
    come from a cost model, see ``metadata.json`` of the dataset.

    Args:
        dataset: ``robot_arm`` or ``diabetes``.
        trained_only: Whether only configurations whose networks were trained may be proposed, and none of those that a
            surrogate filled in.

    Raises:
        ConfigurationError: If there is no such dataset.
    """

    name: ClassVar[str] = "fcnet"
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

    def __init__(self, *, dataset: str = "robot_arm", trained_only: bool = False) -> None:
        _check(dataset)
        self.dataset = dataset
        self._table = table.Table(table.DATA / dataset)
        self.data_hash = self._table.metadata["data_hash"]
        if trained_only:
            self.rows = ConfigurationTable(SPACE, self._table.trained_rows)

    def blackbox(self) -> table.Table:
        """The learning curves."""
        return self._table


def _check(dataset: str) -> None:
    shipped = table.shipped()
    if dataset in shipped:
        return
    reason = suggestion(dataset, shipped)
    if dataset in NOT_SHIPPED:
        reason = "The tables of Klein and Hutter (2019) are not part of tunekit: they are not ours to ship. "
    raise ConfigurationError(
        f"benchmark.dataset={dataset}: fcnet has no such dataset here. {reason}"
        f"Shipped are {' and '.join(shipped)}: add benchmark.dataset={shipped[-1]}",
        option="benchmark.dataset",
        value=dataset,
    )
