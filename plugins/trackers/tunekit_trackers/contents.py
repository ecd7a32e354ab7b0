"""What is told of an experiment: what it is, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from tunekit_core import ExperimentView, Incumbent, Report

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


def counts_of(view: ExperimentView) -> dict[str, float]:
    """How many trials there are; that changes where one starts, goes on or ends, and at no report."""
    return {
        "trials/started": view.n_started,
        "trials/completed": view.n_completed,
        "trials/stopped": view.n_stopped,
        "trials/failed": view.n_failed,
        "trials/running": view.n_running,
        "trials/paused": view.n_paused,
    }


def numbers_of(
    now: float, counts: Mapping[str, float], incumbent: Incumbent | None, metric: str, report: Report | None
) -> dict[str, float]:
    """What is plotted of an experiment: its report, how many trials there are, and the best value so far.

    Args:
        now: Seconds since it began.
        counts: How many trials there are.
        incumbent: The best so far.
        metric: What that is chosen by.
        report: What was reported at that moment, if anything.
    """
    values = {"seconds": now, **counts}
    if incumbent is not None:
        best = incumbent.report
        values.update(numbers_in({metric: best.metrics[metric]}, "best/"))
        values["best/seconds"] = best.time
    if report is not None:
        values.update({"report/trial": report.trial_id, "report/resource": report.resource})
        values.update(numbers_in(report.metrics, "report/"))
    return {name: float(value) for name, value in values.items()}


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
