import numpy as np
import pytest
import scipy
from hypothesis import given, settings, strategies as st

from tunekit_bo.models.classifier import LabelPosterior, Mode, fit, objective
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.parameters import FLAT, STEEP, initial_theta, steep_or_flat

PRIOR = Matern52(3, codes=[2])


def data(rng, n=20):
    X = rng.random((n, 3))
    X[:, 2] = np.round(3 * X[:, 2]) / 3
    return X, np.where(X[:, 0] + 0.2 * X[:, 1] > 0.6, 1.0, -1.0)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.floats(-1.5, 2.5), min_size=5, max_size=5), st.integers(1, 25), st.integers(0, 9))
def test_the_gradient_of_the_objective_is_that_of_differences(theta, n, seed):
    X, t = data(np.random.default_rng(seed), n)
    theta = np.array(theta)
    slow = [
        (objective(PRIOR, theta + step, X, t)[0] - objective(PRIOR, theta - step, X, t)[0]) / 2e-5
        for step in 1e-5 * np.eye(5)
    ]
    np.testing.assert_allclose(objective(PRIOR, theta, X, t)[1], slow, rtol=1e-4, atol=1e-4)


def test_the_mode_is_where_a_slow_search_finds_the_largest_density(rng):
    X, t = data(rng, 8)
    K = PRIOR.covariance(np.array([0.5, 0.1, 0.2, 1.0, 0.3]), X, X)
    mean = np.full(8, 0.3)
    inverse = np.linalg.inv(K)

    def cost(f):
        return 0.5 * (f - mean) @ inverse @ (f - mean) - scipy.special.log_ndtr(t * f).sum()

    slow = scipy.optimize.minimize(cost, mean, tol=1e-12)
    np.testing.assert_allclose(Mode.of(mean, K, t).f, slow.x, atol=1e-3)


def test_of_one_label_the_probability_is_close_to_the_integral():
    prior, theta = Matern52(1), np.array([0.0, 0.0, 0.2])
    X = np.array([[0.5]])
    mean, variance = LabelPosterior.of(prior, theta, X, np.array([1.0])).mean_and_variance(X)
    scale = prior.variance(theta, X)[0]
    f = np.linspace(-12, 12, 20001)
    density = np.exp(-0.5 * (f - 0.2) ** 2 / scale) * scipy.special.ndtr(f)
    exact = (density * scipy.special.ndtr(f)).sum() / density.sum()
    assert scipy.special.ndtr(mean[0, 0] / np.sqrt(variance[0])) == pytest.approx(exact, abs=0.02)


def test_derivatives_of_moments_are_those_of_differences(rng):
    X, t = data(rng)
    posterior = LabelPosterior.of(PRIOR, np.array([1.0, 0.1, 0.2, 3.0, 0.3]), X, t)
    Z = rng.random((4, 3))
    Z[:, 2] = X[:4, 2]
    mean, variance, pull_back = posterior.with_pullback(Z)
    np.testing.assert_allclose(mean, posterior.mean_and_variance(Z)[0])
    np.testing.assert_allclose(variance, posterior.mean_and_variance(Z)[1])
    by_mean, by_variance = pull_back(np.ones((4, 1)), np.zeros(4)), pull_back(np.zeros((4, 1)), np.ones(4))
    for column in (0, 1):
        step = 1e-6 * np.eye(3)[column]
        above, below = posterior.mean_and_variance(Z + step), posterior.mean_and_variance(Z - step)
        np.testing.assert_allclose(by_mean[:, column], (above[0] - below[0])[:, 0] / 2e-6, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(by_variance[:, column], (above[1] - below[1]) / 2e-6, rtol=1e-4, atol=1e-5)


def test_a_fit_finds_the_hyperparameter_that_decides(rng):
    X, _ = data(rng, 40)
    t = np.where(X[:, 0] > 0.5, 1.0, -1.0)
    theta = fit(PRIOR, X, t, [initial_theta(PRIOR.parameters)], max_iterations=30)
    assert theta[0] > max(theta[1], theta[2]) + 0.5
    Z = np.array([[0.1, 0.5, 0.0], [0.9, 0.5, 0.0]])
    mean, variance = LabelPosterior.of(PRIOR, theta, X, t).mean_and_variance(Z)
    probability = scipy.special.ndtr(mean[:, 0] / np.sqrt(variance))
    np.testing.assert_allclose(probability, [0, 1], atol=0.1)


def test_labels_that_are_no_numbers_have_no_fit(rng):
    X, _ = data(rng, 5)
    with pytest.raises(FitError, match="5 data"):
        fit(PRIOR, X, np.full(5, np.nan), [initial_theta(PRIOR.parameters)], max_iterations=5)


@pytest.mark.parametrize("label", [1.0, -1.0])
def test_equal_labels_at_equal_inputs_are_no_trouble(label):
    X = np.full((30, 3), 1 / 3)
    theta = fit(PRIOR, X, np.full(30, label), [initial_theta(PRIOR.parameters)], max_iterations=20)
    mean, _ = LabelPosterior.of(PRIOR, theta, X, np.full(30, label)).mean_and_variance(X[:1])
    assert np.sign(mean[0, 0]) == label


@pytest.mark.parametrize("value", [0.01, 0.4, FLAT, 5.0, STEEP, 900.0])
def test_the_slope_of_the_prior_is_that_of_differences(value):
    slope = (steep_or_flat(value * (1 + 1e-6))[0] - steep_or_flat(value * (1 - 1e-6))[0]) / (2e-6 * value)
    assert steep_or_flat(value)[1] == pytest.approx(slope, rel=1e-4, abs=1e-8)
