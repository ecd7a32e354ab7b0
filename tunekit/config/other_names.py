"""What other tools call the components that are here, for suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SAME: Mapping[str, Mapping[str, str]] = {
    "stopping": {
        "max_num_trials_started": "trials n_trials num_trials max_trials max_num_trials num_samples n_iter max_evals",
        "max_wallclock_time": "time timeout max_time time_limit time_budget max_runtime wall_time max_duration",
        "max_cost": "cost budget max_budget",
        "max_failures": "failures max_fails max_failed_trials",
        "no_improvement": "patience early_stopping stall",
        "regret_bound": "regret terminator convergence",
    },
    "method": {"RS": "random random_search randomsearch"},
    "searcher": {"random": "random_search randomsearch rs", "grid": "grid_search gridsearch"},
}
CLOSEST: Mapping[str, Mapping[str, str]] = {
    "method": {
        "ASHA": "hyperband sha successive_halving halving sh",
        "BO": "bayesian bayes bayesopt bayesian_optimization bayesian_optimisation gp gpei tpe smac optuna hyperopt",
        "MOBSTER": "bohb dehb model_based_asha",
    },
    "searcher": {"bo": "bayesian bayes bayesopt bayesian_optimization bayesian_optimisation gp gpei tpe smac"},
    "scheduler": {"asha_promotion": "hyperband sha successive_halving bohb"},
}


def meant_by(kind: str, name: str, installed: Iterable[str]) -> str:
    """What a name of another tool means here, as a sentence that ends in a blank; nothing if that is not known.

    >>> meant_by("stopping", "n_trials", ["max_num_trials_started", "max_cost"])
    "Did you mean 'max_num_trials_started'? "
    >>> meant_by("method", "TPE", ["BO", "RS"])
    "Closest to it is 'BO'. "
    """
    small = re.sub(r"[\s-]", "_", name.lower())
    for sentence, table in (("Did you mean '{}'? ", SAME), ("Closest to it is '{}'. ", CLOSEST)):
        for ours, others in table.get(kind, {}).items():
            if small in others.split() and ours in installed:
                return sentence.format(ours)
    return ""
