import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import approx_fprime

from tunekit_bo.models.gp import Posterior, fit, objective, standard_starts
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.parameters import initial_theta, penalty
from tunekit_bo.models.warping import Warped, warped_columns
from tunekit_core import SearchSpace, choice, loguniform, ordinal, randint, uniform


def some_theta(rng, prior):
    return initial_theta(prior.parameters) + 0.3 * rng.standard_normal(len(prior.parameters))


def with_shape(prior, a, b):
    theta = initial_theta(prior.parameters)
    theta[-2:] = np.log([a, b])
    return theta


def test_unordered_categories_are_not_warped():
    space = SearchSpace(
        {
            "lr": loguniform(1e-4, 1.0),
            "act": choice(["relu", "tanh", "gelu"]),
            "units": randint(1, 8),
            "bias": choice([True, False]),
            "size": ordinal([1, 4, 16]),
        }
    )
    assert warped_columns(space) == (0, 4, 6)


def test_columns_of_fixed_hyperparameters_do_not_count():
    space = SearchSpace({"x": uniform(0.0, 1.0), "y": uniform(0.0, 1.0)}, fixed={"x": 0.5})
    assert warped_columns(space) == (0,)


def test_the_initial_warping_is_the_identity(rng):
    prior = Warped(Matern52(3), [0, 2])
    X = rng.random((8, 3))
    X[0], X[1] = 0, 1
    np.testing.assert_allclose(prior.warp(initial_theta(prior.parameters), X), X, atol=1.1e-9)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (2.0, 1.0, [0.01, 0.25, 0.81]),
        (1.0, 2.0, [0.19, 0.75, 0.99]),
        (0.5, 4.0, [0.7814022, 0.9926407, 0.9999931]),
    ],
)
def test_the_warping_is_kumaraswamys_distribution_function(a, b, expected):
    prior = Warped(Matern52(1), [0])
    warped = prior.warp(with_shape(prior, a, b), np.array([[0.1], [0.5], [0.9]]))
    np.testing.assert_allclose(warped[:, 0], expected, atol=1e-7)


@given(st.floats(0.25, 4), st.floats(0.25, 4))
def test_warping_keeps_the_order_and_the_unit_interval(a, b):
    prior = Warped(Matern52(1), [0])
    warped = prior.warp(with_shape(prior, a, b), np.linspace(0, 1, 101)[:, None])[:, 0]
    assert (np.diff(warped) >= 0).all()
    assert warped[0] >= 0
    assert warped[-1] <= 1


@given(st.integers(0, 2**32 - 1))
def test_the_covariance_is_that_of_warped_inputs(seed):
    rng = np.random.default_rng(seed)
    prior = Warped(Matern52(3), [0, 2])
    theta = some_theta(rng, prior)
    a, b = np.exp(theta[-4:-2]), np.exp(theta[-2:])
    X1, X2 = rng.random((5, 3)), rng.random((4, 3))

    def warp(X):
        warped = X.copy()
        warped[:, [0, 2]] = 1 - (1 - X[:, [0, 2]] ** a) ** b
        return warped

    expected = Matern52(3).covariance(theta[:-4], warp(X1), warp(X2))
    np.testing.assert_allclose(prior.covariance(theta, X1, X2), expected, atol=1e-6)
    np.testing.assert_array_equal(prior.variance(theta, X1), Matern52(3).variance(theta[:-4], X1))
    np.testing.assert_array_equal(prior.mean(theta, X1), Matern52(3).mean(theta[:-4], X1))


def test_the_penalty_is_that_of_the_log_normal_distribution():
    prior = Warped(Matern52(1), [0])
    cost, gradient = penalty(prior.parameters[-1:], np.log([2.0]))
    assert cost == pytest.approx(0.5 * (np.log(2) / 0.75) ** 2 + np.log(2))
    assert gradient[0] == pytest.approx(np.log(2) / 0.75**2 + 1)


def test_the_marginal_likelihood_has_the_gradient_that_finite_differences_give(rng):
    prior = Warped(Matern52(3), [0, 2])
    X, y = rng.random((12, 3)), rng.standard_normal(12)
    X[0], X[1] = 0, 1
    theta = np.append(some_theta(rng, prior), np.log(0.01))
    expected = approx_fprime(theta, lambda t: objective(prior, t, X, y)[0], 1e-7)
    np.testing.assert_allclose(objective(prior, theta, X, y)[1], expected, rtol=1e-4, atol=1e-4)


def test_input_gradients_are_what_finite_differences_give(rng):
    prior = Warped(Matern52(3), [0, 2])
    X1, X2, A, theta = rng.random((2, 3)), rng.random((6, 3)), rng.standard_normal((2, 6)), some_theta(rng, prior)
    K, pull_back = prior.with_pullback(theta, X1, X2)
    expected = approx_fprime(X1.ravel(), lambda v: np.vdot(A, prior.covariance(theta, v.reshape(2, 3), X2)), 1e-7)
    np.testing.assert_allclose(pull_back(A).ravel(), expected, atol=1e-5)
    np.testing.assert_array_equal(K, prior.covariance(theta, X1, X2))


@pytest.mark.parametrize("corner", [0.0, 1.0])
@pytest.mark.parametrize(("a", "b"), [(0.25, 0.25), (0.25, 4.0), (4.0, 0.25), (4.0, 4.0)])
def test_everything_is_finite_at_the_ends_of_the_interval(corner, a, b):
    prior = Warped(Matern52(1), [0])
    theta = with_shape(prior, a, b)
    X = np.array([[0.3], [corner]])
    _, K, contract = prior.with_contraction(theta, X)
    assert np.isfinite(K).all()
    assert np.isfinite(contract(np.ones((2, 2)), np.ones(2))).all()
    assert np.isfinite(prior.with_pullback(theta, X, X)[1](np.ones((2, 2)))).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_function_that_changes_at_one_end_alone_is_predicted_better(seed):
    X, new = np.random.default_rng(seed).random((20, 1)), np.linspace(0.02, 0.98, 200)[:, None]

    def error(prior):
        theta = fit(prior, X, f(X), standard_starts(prior))
        return np.sqrt(np.mean((Posterior.of(prior, theta, X, f(X)).mean(new)[:, 0] - f(new)) ** 2))

    def f(X):
        return np.exp(12 * (X[:, 0] - 1))

    assert error(Warped(Matern52(1), [0])) < 0.5 * error(Matern52(1))
