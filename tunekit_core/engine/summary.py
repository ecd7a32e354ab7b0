"""What there is to say of an experiment in a few lines: counts, the best that was found, what failed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Trial
from tunekit_core.contracts.view import Incumbent
from tunekit_core.engine.state import ExperimentState

MAX_REASONS_KEPT = 20
COUNTS = (
    "n_started",
    "n_completed",
    "n_stopped",
    "n_failed",
    "n_paused",
    "n_reports",
    "n_restarted",
    "n_anomalies",
)
BEGINS_ANEW = "begins_anew"  # of an experiment in which nothing has succeeded, and that has come to its end
BEST_SO_FAR = "best_so_far"  # the first metric over time
RECOMMENDED = "recommended"  # by the searcher, when the experiment ends: what its record alone does not tell
OTHERS = (
    "incumbent",
    "incumbents",
    BEST_SO_FAR,
    RECOMMENDED,
    "best_of_failed",
    "first_anomaly",
    "n_dropped",
    "first_dropped",
    "n_incomplete",
    "failures",
    "failed_trials",
    "first_failure",
    BEGINS_ANEW,
    "reason",
    "ended",
)
COST = "cost"


def terms_of_costs(backend: Backend) -> dict[str, Any]:
    """What the metadata say of costs before there are any; nothing of those whose unit is not known."""
    return {COST: {"unit": backend.cost_unit, "basis": backend.cost_basis}} if backend.cost_unit else {}


def summary_of(state: ExperimentState, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What the metadata say of the result, by name.

    The best value over time is left out where the state does not know it: then the results are to be read.

    Args:
        state: What an experiment has come to.
        metadata: What they said at its beginning, such as the unit of costs.
    """
    summary: dict[str, Any] = {name: getattr(state, name) for name in COUNTS} | {"time": state.now}
    if COST in metadata:
        summary[COST] = {**metadata[COST], **_costs(state)}
    objective = state.problem.objective
    metrics = objective.metric
    if state.improvements is not None:
        times, losses = [float(time) for time, _ in state.improvements], [loss for _, loss in state.improvements]
        summary[BEST_SO_FAR] = {"time": times, "value": [objective.metric_value(loss) for loss in losses]}
    if state.n_anomalies:
        summary["first_anomaly"] = state.first_anomaly
    if state.n_dropped:
        summary |= {"n_dropped": state.n_dropped, "first_dropped": state.first_dropped}
    if state.n_incomplete:
        summary["n_incomplete"] = state.n_incomplete
    if state.failures.first is not None:
        summary["first_failure"] = attrs.asdict(state.failures.first)
    if state.incumbent is not None:
        summary["incumbent"] = _described(state.incumbent, metrics)
    if state.best_of_failed is not None:
        summary["best_of_failed"] = _described(state.best_of_failed, metrics)
    if len(metrics) > 1:
        summary["incumbents"] = [_described(incumbent, metrics) for incumbent in state.incumbents]
    return summary


def described_trial(trial: Trial) -> dict[str, Any]:
    """What the metadata say of a trial that is recommended."""
    return {"trial_id": trial.id, "configuration": dict(trial.configuration)}


def summary_of_failures(reasons: Mapping[int, str]) -> dict[str, Any]:
    """What the metadata say of the trials that failed: all of them, and why the first did. Empty if none did.

    Args:
        reasons: By id why trials failed, in the order in which that was known.
    """
    if not reasons:
        return {}
    some = list(reasons.items())[:MAX_REASONS_KEPT]
    return {
        "failures": [{"trial_id": trial_id, "reason": reason} for trial_id, reason in some],
        "failed_trials": sorted(reasons),
    }


def without_summary(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as those of an experiment that has not come to its end: where what it came to was lost, it goes on."""
    kept = {name: value for name, value in metadata.items() if name not in (*COUNTS, *OTHERS)}
    is_complete = kept.get("status") == ExperimentStatus.COMPLETED.value
    return {**kept, "status": ExperimentStatus.INTERRUPTED.value} if is_complete else kept


def _costs(state: ExperimentState) -> dict[str, Any]:
    """What trials have cost, all their runs included, and how many of those there were.

    Of a trial that runs, it is what it had cost when it reported last.
    """
    n_unknown = sum(trial.id not in state.costs and trial.id not in state.running_by_id for trial in state.trials)
    return {
        "total": math.fsum(state.costs.values()),
        "n_runs": sum(trial.n_runs for trial in state.trials),
        "n_unknown": n_unknown,
        "n_running": state.n_running - state.n_waiting,
        "of_trials": {str(trial_id): cost for trial_id, cost in sorted(state.costs.items())},
    }


def _described(incumbent: Incumbent, metrics: Sequence[str]) -> dict[str, Any]:
    report = incumbent.report
    return {
        "trial_id": report.trial_id,
        "resource": report.resource,
        "metrics": {name: report.metrics[name] for name in metrics},
        "configuration": dict(incumbent.configuration),
    }
