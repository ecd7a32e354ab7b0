import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import approx_fprime
from scipy.stats import norm

from tunekit_bo.acquisition.improvement import LogExpectedImprovement, log_h
from tunekit_bo.models import gp
from tunekit_bo.models.kernels import Matern52


def exact_log_h(u):
    with mpmath.workdps(80):
        # u Phi(u) / phi(u) from the complementary error function, which mpmath has to all digits far out
        return float(mpmath.log(mpmath.npdf(u) + u * mpmath.erfc(-u / mpmath.sqrt(2)) / 2))


def plain_expected_improvement(best, mean, std):
    u = (best - mean) / std
    return std * (norm.pdf(u) + u * norm.cdf(u))


def a_posterior(rng, n_fantasies=3):
    X = rng.random((20, 2))
    y = np.sin(5 * X[:, 0]) + X[:, 1]
    posterior = gp.Posterior.of(Matern52(2), gp.default_theta(Matern52(2)), X, y)
    return posterior.fantasize(rng.random((2, 2)), rng.standard_normal((2, n_fantasies)))


def test_expected_improvement_is_the_golden_number():
    mean, std, best, jitter = -0.3, 0.4, -0.5, 0.01
    found = std * np.exp(log_h(np.array([(best - jitter - mean) / std])))[0]
    assert found == pytest.approx(0.0760771, abs=5e-8)


@pytest.mark.parametrize("u", [5.0, 1.0, 0.0, -0.99, -1.0, -1.01, -5.0, -40.0, -300.0, -5e3, -9.99e3, -1.01e4, -1e6])
def test_the_logarithm_agrees_with_eighty_digits(u):
    expected = exact_log_h(u)
    assert log_h(np.array([u]))[0] == pytest.approx(expected, rel=1e-9)


@given(st.floats(-1e8, 1e3), st.floats(1e-6, 10))
def test_the_logarithm_is_finite_and_rises(u, step):
    low, high = log_h(np.array([u, u + step]))
    assert np.isfinite([low, high]).all()
    assert high >= low


def test_the_average_over_fantasies_is_that_of_the_plain_form(rng):
    posterior = a_posterior(rng)
    best = np.array([-0.2, -0.1, -0.4])
    X = rng.random((30, 2))
    mean, variance = posterior.mean_and_variance(X)
    plain = plain_expected_improvement(best, mean, np.sqrt(variance)[:, None]).mean(axis=1)
    np.testing.assert_allclose(np.exp(LogExpectedImprovement(posterior, best)(X)), plain, rtol=1e-6)


def test_the_gradient_is_what_finite_differences_give(rng):
    acquisition = LogExpectedImprovement(a_posterior(rng), np.array([-0.2, -0.1, -0.4]))
    X = rng.random((10, 2))
    values, gradients = acquisition.with_gradient(X)
    np.testing.assert_allclose(values, acquisition(X), rtol=1e-9)
    expected = [approx_fprime(x, lambda v: acquisition(v[None])[0], 1e-7) for x in X]
    np.testing.assert_allclose(gradients, expected, rtol=1e-3, atol=1e-3)


def test_an_improvement_beyond_the_reach_of_floats_still_has_a_gradient(rng):
    acquisition = LogExpectedImprovement(a_posterior(rng), np.full(3, -1e4))
    value, gradient = acquisition.with_gradient(np.array([[0.3, 0.7]]))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


def test_no_uncertainty_is_no_obstacle(rng):
    prior = Matern52(1)
    theta = gp.default_theta(prior)
    theta[-1] = np.log(1e-9)
    X = np.linspace(0, 1, 30)[:, None]
    acquisition = LogExpectedImprovement(gp.Posterior.of(prior, theta, X, np.zeros(30)), np.zeros(1))
    assert np.isfinite(acquisition(X)).all()
    assert np.isfinite(acquisition.with_gradient(X)[1]).all()
