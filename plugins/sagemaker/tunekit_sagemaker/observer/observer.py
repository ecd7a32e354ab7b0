"""Prints the best so far, for the metrics of a job."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core import (
    NO_OPTIONS,
    Decision,
    Domain,
    ExperimentView,
    Incumbent,
    Listed,
    NoOptions,
    Observer,
    Problem,
    Report,
    Status,
    Trial,
)
from tunekit_sagemaker.observer.metrics import MARK, OF_HYPERPARAMETER, RESOURCE, TRIAL, VALUE, metric_names


class SageMakerMetrics(Observer):
    """Prints the best value so far, its trial, resource and hyperparameters, each time that it changes.

    SageMaker makes metrics of a job of that, which are numbers: of a value that is none its place among the choices is
    printed, from 0, and what is not finite is not.
    """

    name: ClassVar[str] = "sagemaker_metrics"
    Options: ClassVar[type[Any]] = NoOptions

    def __init__(self, problem: Problem, folder: Path | None, options: Any = NO_OPTIONS) -> None:
        super().__init__(problem, folder, options)
        domains = {name: entry for name, entry in problem.space.items() if isinstance(entry, Domain)}
        names = set(metric_names(domains))
        self._domains = {name: each for name, each in domains.items() if f"{OF_HYPERPARAMETER}{name}" in names}
        self._told: tuple[int, int, int] | None = None

    def on_experiment_start(self, view: ExperimentView, metadata: Mapping[str, Any]) -> None:
        self._tell(view.incumbent)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        self._tell(view.incumbent)

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        self._tell(view.incumbent)

    def _tell(self, best: Incumbent | None) -> None:
        if best is None:
            return
        which = best.report.trial_id, best.report.run, best.report.resource
        if which == self._told:
            return
        self._told = which
        values = {
            VALUE: _number(best.report.metrics[self.problem.objective.metric[0]]),
            TRIAL: float(best.report.trial_id),
            RESOURCE: float(best.report.resource),
            **{
                f"{OF_HYPERPARAMETER}{name}": _value(best.configuration[name], domain)
                for name, domain in self._domains.items()
            },
        }
        known = {name: _short(value) for name, value in values.items() if value is not None}
        # One write: lines of several processes do not get into each other.
        print(f"{MARK} {json.dumps(known)}\n", end="", flush=True)


def _value(value: Any, domain: Domain) -> float | None:
    number = _number(value)
    if number is not None or not isinstance(domain, Listed):
        return number
    values = list(domain.values())
    return float(values.index(value)) if value in values else None


def _number(value: Any) -> float | None:
    if not isinstance(value, bool | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _short(number: float) -> float | int:
    """Whole numbers without a point, as people write them."""
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
