"""What is told of an experiment: what it is, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from tunekit_core import ExperimentView, Incumbent, Problem, Report

ABOUT = ("method", "benchmark", "dataset", "experiment", "experiment_tag", "seed", "random_seed", "hash")
PROGRAM = ("sources", "earlier_sources")  # of the config: the text of whole files
INTERNAL = "st_"  # what names of metrics begin with that tunekit itself adds


def config_of(metadata: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """How an experiment was set up. Of secrets there is nothing in the metadata."""
    about = {key: metadata[key] for key in ABOUT if metadata.get(key) is not None}
    config = {key: value for key, value in metadata.get("config", {}).items() if key not in {*PROGRAM, *ABOUT}}
    where = {} if folder is None else {"folder": str(folder)}
    return {**about, "tags": metadata.get("tags", {}), **where, **config}


def tags_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What an experiment is found by: the tags of the user, and what is compared most."""
    about = {key: metadata[key] for key in ("method", "benchmark", "dataset", "seed") if metadata.get(key) is not None}
    return {str(key): str(value) for key, value in {**about, **metadata.get("tags", {})}.items()}


def numbers_in(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The metrics of a user that can be plotted."""
    return {
        f"{prefix}{name}": number
        for name, value in metrics.items()
        if not name.startswith(INTERNAL) and (number := _number(value)) is not None
    }


def standing(view: ExperimentView, problem: Problem) -> dict[str, float]:
    """How an experiment stands: how many trials, and the best value so far."""
    values = {
        "seconds": view.now,
        "trials/started": view.n_started,
        "trials/completed": view.n_completed,
        "trials/stopped": view.n_stopped,
        "trials/failed": view.n_failed,
        "trials/running": view.n_running,
        "trials/paused": view.n_paused,
    }
    if view.incumbent is not None:
        best = view.incumbent.report
        metric = problem.objective.metric[0]
        values.update(numbers_in({metric: best.metrics[metric]}, "best/"))
        values["best/seconds"] = best.time
    return {name: float(value) for name, value in values.items()}


def reported(report: Report) -> dict[str, float]:
    """A report among those of all trials."""
    whose = {"report/trial": float(report.trial_id), "report/resource": float(report.resource)}
    return {**whose, **numbers_in(report.metrics, "report/")}


def best_of(incumbent: Incumbent) -> dict[str, Any]:
    """The best configuration so far."""
    report = incumbent.report
    return {
        "trial": report.trial_id,
        "resource": report.resource,
        "metrics": {name: value for name, value in report.metrics.items() if not name.startswith(INTERNAL)},
        "configuration": dict(incumbent.configuration),
    }


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, Real) else None
    except OverflowError:  # a whole number beyond all floats
        return None
