import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import approx_fprime

from tunekit_bo.models.kernels import ExpDecaySum, Matern52
from tunekit_bo.models.parameters import initial_theta

RESOURCES = np.array([0.05, 0.15, 0.45, 1.0])
PRIORS = pytest.mark.parametrize(
    "make",
    [lambda: Matern52(4), lambda: ExpDecaySum(3), lambda: Matern52(4, codes=[2]), lambda: ExpDecaySum(3, codes=[2])],
)


def inputs_with_resources(rng, n, d):
    """The last column of a configuration has few values, as that of a choice."""
    return np.column_stack([rng.random((n, d - 1)), rng.integers(0, 3, n) / 3, rng.choice(RESOURCES, n)])


def some_theta(rng, prior):
    return initial_theta(prior.parameters) + 0.3 * rng.standard_normal(len(prior.parameters))


def slow_matern(b, c, x1, x2):
    D = 5 * sum((b_k * (u - v)) ** 2 for b_k, u, v in zip(b, x1, x2, strict=True))
    B = np.sqrt(D + 1e-9)
    return c * (1 + B + D / 3) * np.exp(-B)


def test_the_decay_kernel_gives_the_golden_numbers_at_its_initial_values():
    prior = ExpDecaySum(1)
    theta = initial_theta(prior.parameters)
    X = np.array([[0.2, 0.05], [0.2, 0.5], [0.6, 0.5], [0.6, 1.0]])

    np.testing.assert_allclose(prior.mean(theta, X), [0.487805, 0.4, 0.4, 0.333333], atol=5e-7)
    K = prior.covariance(theta, X, X)
    np.testing.assert_allclose(K[0], [1.00014164, 1.00095648, 0.88450181, 0.88487813], atol=5e-9)
    np.testing.assert_allclose(np.diagonal(K), [1.00014, 1.006667, 1.006667, 1.013889], atol=5e-6)


def test_matern_gives_the_golden_number_at_its_initial_values():
    prior = Matern52(1)
    k = prior.covariance(initial_theta(prior.parameters), np.array([[0.2]]), np.array([[0.6]]))
    assert k[0, 0] == pytest.approx(0.88354533, abs=5e-9)


def test_positions_among_many_categories_are_as_far_apart_as_with_a_column_for_each(rng):
    x1, x2 = rng.random((6, 1)), rng.random((5, 1))
    categories1, categories2 = rng.integers(0, 3, 6), rng.integers(0, 3, 5)
    one_hot, coded = Matern52(4), Matern52(2, codes=[1])
    b, b_of_categories, scale, mean = 0.3, -0.4, 0.2, 0.1

    expected = one_hot.covariance(
        np.array([b, *[b_of_categories] * 3, scale, mean]),
        np.column_stack([x1, np.eye(3)[categories1]]),
        np.column_stack([x2, np.eye(3)[categories2]]),
    )
    found = coded.covariance(
        np.array([b, b_of_categories, scale, mean]),
        np.column_stack([x1, categories1 / 3]),
        np.column_stack([x2, categories2 / 3]),
    )
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_covariances_equal_the_formula_written_out(seed, d):
    rng = np.random.default_rng(seed)
    X1, X2 = inputs_with_resources(rng, 4, d), inputs_with_resources(rng, 3, d)
    prior = ExpDecaySum(d)
    theta = some_theta(rng, prior)
    b, c = np.exp(theta[:d]), np.exp(theta[d])
    alpha, rate, gamma = np.exp(theta[-3:])
    beta = alpha / rate

    def kappa(r):
        return (beta / (r + beta)) ** alpha

    expected = [
        [slow_matern(b, c, u[:d], v[:d]) + gamma**2 * (kappa(u[d] + v[d]) - kappa(u[d]) * kappa(v[d])) for v in X2]
        for u in X1
    ]
    np.testing.assert_allclose(prior.covariance(theta, X1, X2), expected, rtol=1e-11)
    mean = theta[d + 1] + gamma * kappa(X1[:, d])
    np.testing.assert_allclose(prior.mean(theta, X1), mean, rtol=1e-12, atol=1e-14)  # both terms may cancel
    np.testing.assert_allclose(prior.variance(theta, X1), np.diagonal(prior.covariance(theta, X1, X1)), rtol=1e-12)


@PRIORS
def test_contractions_are_the_gradients_that_finite_differences_give(make, rng):
    prior = make()
    X = inputs_with_resources(rng, 12, 3)
    theta = some_theta(rng, prior)
    W = rng.standard_normal((12, 12))
    W, w = W + W.T, rng.standard_normal(12)

    def weighted(theta):
        mean, K, _ = prior.with_contraction(theta, X)
        return np.vdot(W, K) + w @ mean

    _, _, contract = prior.with_contraction(theta, X)
    np.testing.assert_allclose(contract(W, w), approx_fprime(theta, weighted, 1e-7), rtol=1e-4, atol=1e-4)


@PRIORS
def test_the_contraction_comes_with_the_same_mean_and_covariance(make, rng):
    prior = make()
    X, theta = inputs_with_resources(rng, 12, 3), some_theta(rng, prior)
    mean, K, _ = prior.with_contraction(theta, X)
    np.testing.assert_allclose(mean, prior.mean(theta, X), rtol=1e-14)
    np.testing.assert_allclose(K, prior.covariance(theta, X, X), rtol=1e-14)


@pytest.mark.parametrize("make", [lambda: Matern52(4), lambda: ExpDecaySum(3)])
def test_input_gradients_are_what_finite_differences_give(make, rng):
    prior = make()
    X1, X2, A = inputs_with_resources(rng, 2, 3), inputs_with_resources(rng, 6, 3), rng.standard_normal((2, 6))
    theta = some_theta(rng, prior)

    def weighted(configurations):
        moved = np.column_stack([configurations.reshape(2, 3), X1[:, 3]])
        return np.vdot(A, prior.covariance(theta, moved, X2))

    K, pull_back = prior.with_pullback(theta, X1, X2)
    expected = approx_fprime(X1[:, :3].ravel(), weighted, 1e-7)
    np.testing.assert_allclose(pull_back(A)[:, :3].ravel(), expected, atol=1e-5)
    np.testing.assert_array_equal(K, prior.covariance(theta, X1, X2))


@pytest.mark.parametrize("make", [lambda: Matern52(4, codes=[2]), lambda: ExpDecaySum(3, codes=[2])])
def test_there_is_no_gradient_between_many_categories(make, rng):
    prior = make()
    X1, X2 = inputs_with_resources(rng, 2, 3), inputs_with_resources(rng, 6, 3)
    _, pull_back = prior.with_pullback(some_theta(rng, prior), X1, X2)
    gradient = pull_back(rng.standard_normal((2, 6)))
    assert gradient[:, 2].tolist() == [0.0, 0.0]
    assert (gradient[:, :2] != 0.0).all()


def test_row_gradients_are_what_finite_differences_give(rng):
    prior = Matern52(3)
    X, theta, W = rng.random((6, 3)), some_theta(rng, prior), rng.standard_normal((6, 6))
    W = W + W.T
    _, _, contract = prior.with_row_gradients(theta, X)
    expected = approx_fprime(X.ravel(), lambda v: np.vdot(W, prior.with_contraction(theta, v.reshape(6, 3))[1]), 1e-7)
    np.testing.assert_allclose(contract(W, np.zeros(6))[1].ravel(), expected, atol=1e-5)


def test_input_gradients_are_finite_at_a_datum(rng):
    prior = Matern52(3)
    X = rng.random((5, 3))
    assert np.isfinite(prior.with_pullback(initial_theta(prior.parameters), X, X)[1](np.ones((5, 5)))).all()


@given(st.integers(0, 2**32 - 1))
def test_covariances_are_symmetric_and_positive_semidefinite(seed):
    rng = np.random.default_rng(seed)
    prior = ExpDecaySum(3)
    X, theta = inputs_with_resources(rng, 15, 3), some_theta(rng, prior)
    K = prior.covariance(theta, X, X)
    np.testing.assert_array_equal(K, K.T)
    assert np.linalg.eigvalsh(K).min() > -1e-10


def test_the_covariance_falls_with_the_distance():
    prior = Matern52(1)
    k = prior.covariance(initial_theta(prior.parameters), np.zeros((1, 1)), np.linspace(0, 1, 50)[:, None])[0]
    assert (np.diff(k) < 0).all()


def test_the_decay_falls_with_the_resource_towards_the_configuration():
    prior = ExpDecaySum(1)
    r = np.linspace(0, 1, 20)
    mean = prior.mean(initial_theta(prior.parameters), np.column_stack([np.full(20, 0.3), r]))
    assert (np.diff(mean) < 0).all()
