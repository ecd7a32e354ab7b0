"""Names of the metrics of a job, and the patterns by which SageMaker finds them in what the job prints."""

from __future__ import annotations

import re
from collections.abc import Iterable

VALUE, TRIAL, RESOURCE = "best_metric_value", "best_trial_id", "best_resource_value"
OF_HYPERPARAMETER = "best_hp_"
MOST = 40  # of SageMaker, for a job
LONGEST_NAME, LONGEST_PATTERN = 255, 500
MARK = "[tunekit-metrics]"  # begins each line
NUMBER = "([-+]?[0-9][-+0-9.eE]*)"


def metric_names(hyperparameters: Iterable[str]) -> tuple[str, ...]:
    """The metrics of a job: as many as SageMaker takes.

    Args:
        hyperparameters: Names of what is tuned in it.
    """
    names = [VALUE, TRIAL, RESOURCE, *(f"{OF_HYPERPARAMETER}{name}" for name in hyperparameters)]
    fitting = [name for name in names if len(name) <= LONGEST_NAME and len(_pattern(name)) <= LONGEST_PATTERN]
    return tuple(fitting[:MOST])


def patterns_of(names: Iterable[str]) -> dict[str, str]:
    """The pattern of each metric, by its name."""
    return {name: _pattern(name) for name in names}


def _pattern(name: str) -> str:
    return f'"{re.escape(name)}": {NUMBER}'
