"""Reports that are dropped, since their run has reported that resource before, or a higher one."""

from __future__ import annotations

from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.trials import Trial
from tunekit_core.engine.events import LateReport


def is_dropped(trial: Trial, event: LateReport) -> bool:
    """Whether the run of a trial has reported that resource, or a higher one, already: not where one begins anew."""
    last, until = trial.last_report, trial.until
    if event.is_beyond or trial.is_ending or last is None or last.run != event.run:
        return False
    return until is None or last.resource < until


def why_dropped(trial: Trial, event: LateReport, objective: Objective) -> str:
    """What was reported after what, for people."""
    name = objective.resource
    assert name is not None  # counts of reports only grow
    return f"trial {trial.id} reported {name} {event.metrics[name]} after {name} {trial.reached}"
