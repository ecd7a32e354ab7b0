"""A benchmark from learning curves that were recorded before."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Hashable
from pathlib import Path
from typing import Any, ClassVar

import attrs

from tunekit_core import (
    Benchmark,
    Configuration,
    ConfigurationTable,
    Curve,
    InputFile,
    Objective,
    SearchSpace,
    option,
    ordinal,
)

CURVES = Path(__file__).with_name("curves.csv")


@attrs.frozen(kw_only=True)
class RegressionCurvesOptions:
    """Which curves."""

    file: InputFile | None = option(None, help="Recorded curves to use in place of those that ship with the plugin.")


class RegressionCurves(Benchmark):
    """Recorded: a logistic regression, 40 configurations, 9 epochs, with the seconds that they took."""

    name: ClassVar[str] = "regression_curves"
    Options: ClassVar[type[Any]] = RegressionCurvesOptions
    space = SearchSpace(
        {
            "lr": ordinal([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], kind="nn-log"),
            "momentum": ordinal([0.0, 0.3, 0.5, 0.7, 0.9, 0.95], kind="nn"),
        }
    )
    objective = Objective("loss", "min", resource="epoch")
    max_resource = 9
    max_wallclock_time = 2.0
    metrics = frozenset({"epoch", "loss"})
    n_seeds = 1

    def __init__(self, options: RegressionCurvesOptions) -> None:
        super().__init__(options)
        content = (options.file or CURVES).read_bytes()
        self.data_hash = hashlib.sha256(content).hexdigest()
        runs: dict[Hashable, list[dict[str, str]]] = {}
        for row in csv.DictReader(content.decode("utf-8").splitlines()):
            runs.setdefault(self.space.key(self._configuration(row)), []).append(row)
        self._curves = {key: _curve(rows) for key, rows in runs.items()}
        self.rows = ConfigurationTable.of(self.space, [self._configuration(rows[0]) for rows in runs.values()])

    def blackbox(self) -> RegressionCurves:
        """It is its own."""
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        """The run of a configuration."""
        return self._curves[self.space.key(configuration)]

    def _configuration(self, row: dict[str, str]) -> Configuration:
        return self.space.complete({name: float(row[name]) for name in self.space})


def _curve(rows: list[dict[str, str]]) -> Curve:
    return Curve(
        resources=[int(row["epoch"]) for row in rows],
        elapsed=[float(row["seconds"]) for row in rows],
        metrics={"loss": [float(row["loss"]) for row in rows]},
    )
