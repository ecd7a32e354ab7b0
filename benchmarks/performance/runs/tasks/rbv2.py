"""XGBoost and decision trees on OpenML tasks (Binder et al., 2020), as the surrogates ``rbv2`` of YAHPO Gym.

A trial trains on more and more of the data: its resource is the share in twentieths, from 1 to 20.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from runs.tasks.data import DATA
from runs.tasks.surrogates import Surrogate, SurrogateBenchmark
from tunekit_core import (
    Configuration,
    Curve,
    Domain,
    Objective,
    SearchSpace,
    choice,
    lograndint,
    loguniform,
    randint,
    uniform,
)

STEPS = 20
REPETITIONS = 10
"""Predicted is the mean over so many splits of the data: the most that there are."""

TASK, IMPUTATION = "task_id", "num.impute.selected.cpo"
ACCURACY = 0  # column of what is predicted


class Rbv2Benchmark(SurrogateBenchmark):
    """Learners on one OpenML task: accuracy after training on one to twenty twentieths of the data, a second for each.

    Searched are all hyperparameters of the file ``NAME_config_space.json`` that are active with what is fixed. The
    time is that of 40 complete trials on 4 workers.

    Args:
        dataset: Number of the OpenML task.

    Attributes:
        categories: Names of the surrogate's categories, in their order.
        numbers: Names of its numbers, in their order.
        fixed: Hyperparameters that are not searched.

    Raises:
        FileNotFoundError, ValueError: As of :class:`~runs.tasks.surrogates.Surrogate`.
        KeyError: If there is no such task.
    """

    categories: ClassVar[tuple[str, ...]]
    numbers: ClassVar[tuple[str, ...]]
    fixed: ClassVar[Mapping[str, str]]
    objective = Objective("acc", "max", resource="twentieths")
    max_resource = STEPS
    max_wallclock_time = 200.0

    def __init__(self, dataset: str) -> None:
        super().__init__(dataset)
        self.surrogate = Surrogate(self.name, self.categories, self.numbers)
        self.surrogate.encoding[TASK][dataset]  # that there is such a task
        self.space = space_of(json.loads((DATA / f"{self.name}_config_space.json").read_text()), self.fixed)

    def predict(self, configuration: Configuration) -> Curve:
        steps = list(range(1, STEPS + 1))
        values = {**configuration, **self.fixed, TASK: self.dataset, "repl": REPETITIONS}
        outputs = self.surrogate.outputs(values, "trainsize", [step / STEPS for step in steps])
        accuracy = [float(value) for value in outputs[:, ACCURACY]]
        return Curve(steps, [float(step) for step in steps], {"acc": accuracy})


class XgboostBenchmark(Rbv2Benchmark):
    """XGBoost with trees, 11 hyperparameters."""

    name: ClassVar[str] = "rbv2_xgboost"
    categories = (TASK, "booster", IMPUTATION)
    numbers = (
        *("nrounds", "eta", "gamma", "lambda", "alpha", "subsample", "max_depth", "min_child_weight"),
        *("colsample_bytree", "colsample_bylevel", "rate_drop", "skip_drop", "trainsize", "repl"),
    )
    fixed: ClassVar[Mapping[str, str]] = {"booster": "gbtree"}


class RpartBenchmark(Rbv2Benchmark):
    """Decision trees, 5 hyperparameters."""

    name: ClassVar[str] = "rbv2_rpart"
    categories = (TASK, IMPUTATION)
    numbers = ("cp", "maxdepth", "minbucket", "minsplit", "trainsize", "repl")
    fixed: ClassVar[Mapping[str, str]] = {}


def space_of(described: Mapping[str, Any], fixed: Mapping[str, str]) -> SearchSpace:
    """The hyperparameters that are searched, of a space as ConfigSpace 0.4 writes it.

    Args:
        described: The content of the file.
        fixed: Hyperparameters with the value that they have in all configurations. They are left out, as are those
            whose conditions they break, the task and the fidelities.
    """
    inactive = {
        condition["child"]
        for condition in described["conditions"]
        if fixed[condition["parent"]] not in condition.get("values", [condition.get("value")])
    }
    left_out = {TASK, "trainsize", "repl", *fixed, *inactive}
    return SearchSpace(
        {each["name"]: _domain(each) for each in described["hyperparameters"] if each["name"] not in left_out}
    )


def _domain(described: Mapping[str, Any]) -> Domain:
    kind = described["type"]
    if kind == "categorical":
        return choice(described["choices"])
    bounds = described["lower"], described["upper"]
    if kind == "uniform_int":
        return lograndint(*bounds) if described["log"] else randint(*bounds)
    return loguniform(*bounds) if described["log"] else uniform(*bounds)
