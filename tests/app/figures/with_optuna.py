"""The importance of hyperparameters against Optuna itself, which ``nox -s optuna`` installs, for thirty experiments."""

import math

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from tunekit.results.importance import GAMMA, grid_cells, is_best, pearson_divergence
from tunekit_core import SearchSpace


def entry(draws):
    """A domain of ours, and the same of Optuna's."""
    lower, span = float(draws.uniform(0.1, 2)), float(draws.uniform(1, 50))
    first, n = int(draws.integers(1, 20)), int(draws.integers(2, 200))
    return [
        (f"uniform({lower}, {lower + span})", FloatDistribution(lower, lower + span)),
        (f"loguniform({lower}, {lower + span})", FloatDistribution(lower, lower + span, log=True)),
        (f"randint({first}, {first + n})", IntDistribution(first, first + n)),
        (f"lograndint({first}, {first + n})", IntDistribution(first, first + n, log=True)),
        (f"choice({list(range(n % 7 + 2))})", CategoricalDistribution(range(n % 7 + 2))),
    ][draws.integers(5)]


@pytest.mark.parametrize("seed", range(30))
def test_importance_is_that_of_optuna(seed):
    draws = np.random.default_rng(seed)
    entries = {f"x{i}": entry(draws) for i in range(draws.integers(2, 6))}
    space = SearchSpace.parse({name: text for name, (text, _) in entries.items()})
    n = int(draws.integers(20, 150))
    configurations = space.from_unit(draws.random((n, space.n_draws)))
    losses = draws.normal(size=n) + np.array([float(each["x0"]) for each in configurations])
    best = is_best(losses, GAMMA)
    values = {name: [each[name] for each in configurations] for name in space}
    found = {name: pearson_divergence(*grid_cells(space.domains[name], values[name]), best) for name in space}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    distributions = {name: distribution for name, (_, distribution) in entries.items()}
    study.add_trials(
        [
            optuna.trial.create_trial(params=dict(each), distributions=distributions, value=float(loss))
            for each, loss in zip(configurations, losses, strict=True)
        ]
    )
    theirs = optuna.importance.PedAnovaImportanceEvaluator().evaluate(study)
    share = best.sum() / n
    assert {name: share**2 * value for name, value in found.items()} == pytest.approx(theirs, rel=1e-6, abs=1e-12)
    assert math.isfinite(sum(found.values()))
