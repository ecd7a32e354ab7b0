"""Figures of experiments and of studies, that are fit for a paper.

>>> from tunekit.figures import learning_curves
>>> learning_curves("results/default/ASHA/fcnet-robot_arm-0-63b1e4264330").savefig("curves.pdf")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunekit.figures.best_values import best_over_time
    from tunekit.figures.costs_over_time import cost_over_time
    from tunekit.figures.fronts import hypervolume_over_time, pareto_front
    from tunekit.figures.importance_bars import hyperparameter_importance
    from tunekit.figures.parallel_axes import parallel_coordinates
    from tunekit.figures.rank_diagram import critical_difference_diagram
    from tunekit.figures.rungs_over_time import rung_occupancy
    from tunekit.figures.trial_curves import learning_curves
    from tunekit.figures.workers_over_time import worker_timeline
    from tunekit.results.trial_reports import NothingToShow

_HOMES = {
    "best_over_time": "tunekit.figures.best_values",
    "cost_over_time": "tunekit.figures.costs_over_time",
    "hypervolume_over_time": "tunekit.figures.fronts",
    "pareto_front": "tunekit.figures.fronts",
    "hyperparameter_importance": "tunekit.figures.importance_bars",
    "parallel_coordinates": "tunekit.figures.parallel_axes",
    "critical_difference_diagram": "tunekit.figures.rank_diagram",
    "rung_occupancy": "tunekit.figures.rungs_over_time",
    "learning_curves": "tunekit.figures.trial_curves",
    "worker_timeline": "tunekit.figures.workers_over_time",
    "NothingToShow": "tunekit.results.trial_reports",
}
__all__ = [
    "NothingToShow",
    "best_over_time",
    "cost_over_time",
    "critical_difference_diagram",
    "hyperparameter_importance",
    "hypervolume_over_time",
    "learning_curves",
    "parallel_coordinates",
    "pareto_front",
    "rung_occupancy",
    "worker_timeline",
]


def __getattr__(name: str) -> Any:
    """Import a figure when it is asked for: a run waits for the one that it draws alone."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
