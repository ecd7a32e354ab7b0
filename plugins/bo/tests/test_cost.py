import attrs
import numpy as np
import pytest
from scipy.optimize import approx_fprime

from tunekit_bo.acquisition.cost import NegativeLogCost
from tunekit_bo.acquisition.improvement import LogExpectedImprovement
from tunekit_bo.acquisition.sums import Sum
from tunekit_bo.models.gp import Posterior, default_theta
from tunekit_bo.models.kernels import Matern52
from tunekit_core import ConfigurationError, create
from tunekit_core.testing import SearcherContract


def valley(configuration):
    """Equally good for every x."""
    return (configuration["y"] - 0.3) ** 2


def dear_on_the_left(configuration):
    return 100.0 ** (1 - configuration["x"])


def complete(run, n, cost=dear_on_the_left, loss=valley):
    for _ in range(n):
        trial = run.start()
        run.reach(trial, loss(trial.configuration), seconds=cost(trial.configuration))
        run.end(trial)
    return [trial.configuration for trial in run.trials]


def total_cost(configurations):
    return sum(dear_on_the_left(configuration) for configuration in configurations[3:])


@pytest.fixture
def posterior(rng):
    prior = Matern52(2)
    return Posterior.of(prior, default_theta(prior), rng.random((8, 2)), rng.standard_normal(8))


class TestBoCost(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    max_evaluations = 80

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create(
            "searcher", "bo", problem, streams, cost_attr="seconds", exponent_cost=0.5
        )


class TestBoConstrainedCost(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    max_evaluations = 70

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create(
            "searcher",
            "bo",
            attrs.evolve(problem, constraint="seconds"),
            streams,
            cost_attr="seconds",
            input_warping=True,
        )


@pytest.mark.parametrize("seed", range(3))
def test_of_equally_good_configurations_the_cheap_ones_are_searched(run, seed):
    configurations = complete(run("bo", seed=seed, cost_attr="seconds"), 20)
    assert sum(configuration["x"] > 0.5 for configuration in configurations[3:]) >= 12
    assert min(valley(configuration) for configuration in configurations) < 0.01


def test_a_smaller_exponent_lets_cost_matter_less(run):
    def cost(exponent):
        return sum(
            total_cost(complete(run("bo", seed=s, cost_attr="seconds", exponent_cost=exponent), 12)) for s in range(2)
        )

    assert cost(1.0) < cost(0.05)


def test_the_unit_of_the_cost_does_not_matter(run):
    seconds = complete(run("bo", cost_attr="seconds"), 8)
    hours = complete(run("bo", cost_attr="seconds"), 8, lambda c: dear_on_the_left(c) / 4096)
    for a, b in zip(seconds, hours, strict=True):
        assert a == pytest.approx(b, abs=1e-4)


@pytest.mark.parametrize("cost", [1.0, 0.0, -1.0, np.nan, np.inf, None, 1e-300, 1e300])
def test_without_differences_of_cost_the_search_is_the_plain_one(run, cost):
    plain = complete(run("bo"), 8)
    aware = complete(run("bo", cost_attr="seconds"), 8, lambda configuration: cost)
    for a, b in zip(plain, aware, strict=True):
        assert a == pytest.approx(b, abs=1e-6)


def test_costs_that_are_not_positive_are_left_out(run):
    def cost(configuration):
        return -1.0 if configuration["y"] > 0.9 else dear_on_the_left(configuration)

    configurations = complete(run("bo", cost_attr="seconds"), 20, cost)
    assert sum(configuration["x"] > 0.5 for configuration in configurations[3:]) >= 12


def test_a_cost_that_no_trial_reports_is_refused(run):
    searched = run("bo", cost_attr="secs")
    complete(searched, 3)
    with pytest.raises(ConfigurationError, match=r"searcher\.cost_attr=secs: no trial has reported .* Reported are"):
        searched.suggest()


@pytest.mark.parametrize("exponent", [0.0, -1.0, 1.5, np.nan])
def test_an_exponent_out_of_range_is_refused(run, exponent):
    with pytest.raises(ConfigurationError, match=r"searcher\.exponent_cost=.* must be above 0 and at most 1\."):
        run("bo", cost_attr="seconds", exponent_cost=exponent)


def test_the_negative_log_cost_is_the_weighted_mean_of_its_model(posterior, rng):
    X = rng.random((5, 2))
    np.testing.assert_allclose(NegativeLogCost(posterior, 0.7)(X), -0.7 * posterior.mean(X)[:, 0], rtol=1e-13)


def test_a_sum_of_acquisitions_has_the_gradient_that_finite_differences_give(posterior, rng):
    acquisition = Sum((LogExpectedImprovement(posterior, np.array([0.3])), NegativeLogCost(posterior, 0.7)))
    X = rng.random((4, 2))
    values, slopes = acquisition.with_gradient(X)
    np.testing.assert_allclose(values, acquisition(X), rtol=1e-12)
    for x, slope in zip(X, slopes, strict=True):
        expected = approx_fprime(x, lambda v: acquisition(v[None])[0], 1e-7)
        np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-5)
