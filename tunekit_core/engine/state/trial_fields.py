"""Sets the fields of a trial, which is frozen for everybody but the state of the experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tunekit_core.contracts.trials import Trial


def _setter(field: str) -> Callable[[Trial, Any], None]:
    setter: Callable[[Trial, Any], None] = getattr(Trial, field).__set__  # half the time of object.__setattr__
    return setter


set_status, set_is_ending = _setter("status"), _setter("is_ending")
set_until, set_n_runs = _setter("until"), _setter("n_runs")
set_last_report, set_n_reports = _setter("last_report"), _setter("n_reports")
set_final_metrics, set_failure_cause = _setter("final_metrics"), _setter("failure_cause")
set_has_checkpoint = _setter("has_checkpoint")
