"""The components that come with the core, registered as those of any plugin are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from tunekit_core.contracts.composers import ResultComposer
    from tunekit_core.contracts.schedulers import Scheduler
    from tunekit_core.contracts.searchers import Searcher
    from tunekit_core.contracts.stopping import StoppingCriterion

API = 2


@hookimpl
def tunekit_register_searchers() -> list[type[Searcher]]:
    """Random and grid search."""
    from tunekit_core.builtin.grid_search import GridSearch
    from tunekit_core.builtin.random_search import RandomSearch

    return [RandomSearch, GridSearch]


@hookimpl
def tunekit_register_schedulers() -> list[type[Scheduler]]:
    """The scheduler that stops nothing."""
    from tunekit_core.builtin.fifo import Fifo

    return [Fifo]


@hookimpl
def tunekit_register_stopping_criteria() -> list[type[StoppingCriterion]]:
    """Limits on time, counts, cost, metric values, failures and what is still to gain."""
    from tunekit_core.builtin import criteria
    from tunekit_core.builtin.no_success import NoSuccess
    from tunekit_core.builtin.regret_bound import RegretBoundCriterion

    return [
        criteria.MaxWallclockTime,
        criteria.MaxNumEvaluations,
        criteria.MaxNumTrialsStarted,
        criteria.MaxNumTrialsCompleted,
        criteria.MaxNumTrialsFinished,
        criteria.MaxCost,
        criteria.MinMetricValue,
        criteria.MaxMetricValue,
        criteria.MaxFailures,
        criteria.NoImprovement,
        NoSuccess,
        RegretBoundCriterion,
    ]


@hookimpl
def tunekit_register_composers() -> list[type[ResultComposer]]:
    """Rung sizes."""
    from tunekit_core.builtin.rung_sizes import RungSizes

    return [RungSizes]
