import numpy as np
import pytest
from scipy.optimize import approx_fprime

from tunekit_bo.models import gp
from tunekit_bo.models.data import standardise
from tunekit_bo.models.independent import IndependentRungs, standardise_each
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.parameters import initial_theta
from tunekit_core import create
from tunekit_core.testing import SearcherContract

D = 2


def some_data(rng, n):
    """Inputs at three resources, and a theta."""
    X = np.column_stack([rng.random((n, D)), rng.choice([0.1, 0.5, 0.9], n)])
    theta = gp.default_theta(IndependentRungs(D))
    return X, theta + 0.3 * rng.standard_normal(len(theta))


def test_it_is_matern_within_a_rung_and_nothing_between_rungs(rng):
    X, theta = some_data(rng, 9)
    K = IndependentRungs(D).covariance(theta[:-1], X, X)
    matern = Matern52(D).covariance(theta[:-1], X, X)
    same = np.equal.outer(X[:, D], X[:, D])
    assert same.sum() > 9
    np.testing.assert_array_equal(K[same], matern[same])
    assert not K[~same].any()


def test_its_posterior_at_a_rung_is_that_of_the_data_there(rng):
    X, theta = some_data(rng, 12)
    y, candidates = rng.standard_normal(12), rng.random((5, D))
    mean, variance = gp.Posterior.of(IndependentRungs(D), theta, X, y).mean_and_variance(
        np.column_stack([candidates, np.full(5, 0.5)])
    )
    there = X[:, D] == 0.5
    alone = gp.Posterior.of(Matern52(D), theta, X[there, :D], y[there])
    expected_mean, expected_variance = alone.mean_and_variance(candidates)
    np.testing.assert_allclose(mean, expected_mean, atol=1e-9)
    np.testing.assert_allclose(variance, expected_variance, atol=1e-9)


def test_contractions_are_the_gradients_that_finite_differences_give(rng):
    prior = IndependentRungs(D)
    X, theta = some_data(rng, 10)
    W, w = rng.standard_normal((10, 10)), rng.standard_normal(10)
    W = W + W.T

    def weighted(theta):
        mean, K, _ = prior.with_contraction(theta, X)
        return np.vdot(W, K) + w @ mean

    mean, K, contract = prior.with_contraction(theta[:-1], X)
    np.testing.assert_allclose(contract(W, w), approx_fprime(theta[:-1], weighted, 1e-7), atol=1e-4)
    np.testing.assert_array_equal(K, prior.covariance(theta[:-1], X, X))
    np.testing.assert_array_equal(mean, prior.mean(theta[:-1], X))
    np.testing.assert_allclose(prior.variance(theta[:-1], X), np.diagonal(K), rtol=1e-12)


def test_input_gradients_are_what_finite_differences_give(rng):
    prior = IndependentRungs(D)
    X, _ = some_data(rng, 9)
    theta, A = initial_theta(prior.parameters), rng.standard_normal((3, 6))

    def weighted(flat):
        moved = np.column_stack([flat.reshape(3, D), X[:3, D]])
        return np.vdot(A, prior.covariance(theta, moved, X[3:]))

    K, pull_back = prior.with_pullback(theta, X[:3], X[3:])
    np.testing.assert_allclose(pull_back(A).ravel(), approx_fprime(X[:3, :D].ravel(), weighted, 1e-7), atol=1e-5)
    np.testing.assert_array_equal(K, prior.covariance(theta, X[:3], X[3:]))


def test_losses_are_standardised_at_each_resource_by_themselves(rng):
    losses, resources = rng.random(20), np.repeat([1, 3], 10)
    losses[resources == 3] *= 1e-3
    y = standardise_each(losses, resources)
    np.testing.assert_array_equal(y[resources == 1], standardise(losses[:10]))
    np.testing.assert_array_equal(y[resources == 3], standardise(losses[10:]))


def test_a_resource_with_one_or_two_losses_is_centred_and_keeps_the_scale_of_all():
    losses = np.array([0.1, 0.2, 0.3, 0.4, 0.15, 0.25, 0.9])
    resources = np.array([1, 1, 1, 1, 3, 3, 9])
    y, together = standardise_each(losses, resources), standardise(losses)
    assert y[4:6].sum() == pytest.approx(0)
    assert y[5] - y[4] == pytest.approx(together[5] - together[4])
    assert y[6] == 0


def test_losses_that_are_not_finite_count_as_the_worst_at_their_resource():
    y = standardise_each(np.array([1.0, 2.0, np.inf, 5.0, np.inf]), np.array([1, 1, 1, 3, 3]))
    assert np.isfinite(y).all()
    assert y[2] == y[1] > y[0]
    assert y[3] == y[4] == 0


class TestMobsterWithIndependentRungs(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 6
    max_evaluations = 70

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create(
            "searcher", "mobster", problem, streams, resource_kernel="independent", resource_acq="final"
        )
