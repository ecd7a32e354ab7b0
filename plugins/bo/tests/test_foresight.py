"""What a model of learning curves knows of the ends of trials."""

import numpy as np
import pytest
import scipy

from tunekit_bo.models.gp import Posterior
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.surrogates.foresight import EXPECTED, gains_over_average
from tunekit_core import AskTell, Decision, Objective, Problem, SearchSpace, Streams, create, uniform

R = 9
LEVELS = (1, 3, 9)


def data(rng, n_trials=12):
    """Some trials that stop at each level, and their inputs: two hyperparameters and the level."""
    reached = [LEVELS[i % 3] for i in range(n_trials)]
    rows = [(i, level) for i in range(n_trials) for level in LEVELS if level <= reached[i]]
    order = rng.permutation(len(rows))
    trial_ids, resources = np.array(rows)[order].T
    configurations = rng.random((n_trials, 2))
    X = np.column_stack([configurations[trial_ids], np.log(resources) / np.log(R)])
    return X, rng.standard_normal(len(X)), trial_ids, resources


def test_each_end_is_foretold_by_a_model_that_was_not_shown_it(rng):
    prior = Matern52(3)
    theta = np.resize([0.1, 0.5, -0.3], len(prior.parameters) + 1)
    theta[-1] = np.log(0.05)
    X, y, trial_ids, resources = data(rng)
    gains = gains_over_average(Posterior.of(prior, theta, X, y), y, trial_ids, resources, R)
    ends = np.flatnonzero(resources == R)
    slow = []
    for end in ends:
        seen = (trial_ids != trial_ids[end]) | (resources == 1)
        mean, variance = Posterior.of(prior, theta, X[seen], y[seen]).mean_and_variance(X[[end]])
        others = y[ends[ends != end]]
        average = scipy.stats.norm(others.mean(), np.sqrt(others.var() * (1 + 1 / len(others))))
        model = scipy.stats.norm(mean[0, 0], np.sqrt(variance[0] + np.exp(theta[-1])))
        slow.append(model.logpdf(y[end]) - average.logpdf(y[end]))
    assert len(ends) == 4
    np.testing.assert_allclose(gains, slow, rtol=1e-8, atol=1e-10)


def test_of_a_trial_that_was_seen_at_its_end_alone_other_trials_foretell_it(rng):
    prior = Matern52(3)
    theta = np.zeros(len(prior.parameters) + 1)
    X, y, trial_ids, resources = data(rng, n_trials=9)
    kept = (trial_ids != 8) | (resources == R)
    X, y, trial_ids, resources = X[kept], y[kept], trial_ids[kept], resources[kept]
    gains = gains_over_average(Posterior.of(prior, theta, X, y), y, trial_ids, resources, R)
    ends = np.flatnonzero(resources == R)
    end = int(np.flatnonzero((trial_ids == 8) & (resources == R))[0])
    others = y[ends[ends != end]]
    mean, variance = Posterior.of(prior, theta, X[trial_ids != 8], y[trial_ids != 8]).mean_and_variance(X[[end]])
    expected = scipy.stats.norm(mean[0, 0], np.sqrt(variance[0] + 1)).logpdf(y[end])
    expected -= scipy.stats.norm(others.mean(), np.sqrt(others.var() * (1 + 1 / len(others)))).logpdf(y[end])
    assert gains[list(ends).index(end)] == pytest.approx(expected)


def after_tuning(loss_of, n_epochs):
    """The searcher after some epochs."""
    space = SearchSpace({"x": uniform(0.0, 1.0), "y": uniform(0.0, 1.0)})
    problem = Problem(space=space, objective=Objective("loss", resource="epoch"), max_resource=R)
    streams = Streams(0)
    searcher = create("searcher", "freeze_thaw", problem, streams)
    with AskTell(create("scheduler", "freeze_thaw", problem, streams, searcher)) as experiment:
        while n_epochs > 0:
            trial = experiment.ask()
            for epoch in range(trial.reached + 1, R + 1):
                n_epochs -= 1
                loss = loss_of(trial.configuration["x"], trial.id)
                if experiment.tell(trial, {"epoch": epoch, "loss": loss / epoch}) is not Decision.CONTINUE:
                    break
            experiment.tell_end(trial, has_checkpoint=True)
    return searcher


def test_a_model_knows_a_function_and_not_luck():
    luck = np.random.default_rng(5).random(1000)
    assert after_tuning(lambda x, _: 1 + x**2, 30 * R)._foresight.nats() > EXPECTED
    assert after_tuning(lambda _, trial_id: 1 + luck[trial_id], 30 * R)._foresight.nats() < 0.2


def test_of_few_complete_trials_nothing_is_said():
    assert after_tuning(lambda x, _: x, 2 * R)._foresight.nats() is None
