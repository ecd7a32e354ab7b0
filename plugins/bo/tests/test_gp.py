import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from tunekit_bo.models import gp
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.kernels import ExpDecaySum, Matern52
from tunekit_bo.models.parameters import penalty, uniform, values

X = np.array([[0.1], [0.3], [0.5], [0.7], [0.9]])
Y = np.array([1, 0.2, -0.5, -0.4, 0.7])
TEST_X = np.array([[0.2], [0.6]])


def some_data(rng, n, d=3):
    X = np.column_stack([rng.random((n, d)), rng.choice([0.05, 0.15, 0.45, 1.0], n)])
    y = np.sin(5 * X[:, 0]) + X[:, 1] ** 2 + 0.3 / (X[:, -1] + 0.2) + 0.05 * rng.standard_normal(n)
    return X, (y - 0.9) / 0.8


def slow_posterior(prior, theta, X, y, X_test):
    noisy = prior.covariance(theta[:-1], X, X) + np.exp(theta[-1]) * np.eye(len(X))
    k = prior.covariance(theta[:-1], X_test, X)
    inverse = np.linalg.inv(noisy)
    mean = prior.mean(theta[:-1], X_test) + k @ inverse @ (y - prior.mean(theta[:-1], X))
    return mean, prior.covariance(theta[:-1], X_test, X_test) - k @ inverse @ k.T


PRIORS = pytest.mark.parametrize("prior", [Matern52(4), ExpDecaySum(3)], ids=["matern52", "exp-decay-sum"])


def test_the_posterior_has_the_golden_moments():
    prior = Matern52(1)
    mean, variance = gp.Posterior.of(prior, gp.default_theta(prior), X, Y).mean_and_variance(TEST_X)
    np.testing.assert_allclose(mean[:, 0], [0.60515973, -0.55232293], atol=5e-9)
    np.testing.assert_allclose(variance, [7.8679e-4, 7.2808e-4], atol=5e-9)


def test_a_fit_from_the_standard_starts_finds_the_golden_hyperparameters():
    prior = Matern52(1, bandwidth_penalty=uniform)
    theta = gp.fit(prior, X, Y, gp.standard_starts(prior))
    found = values(gp.parameters_of(prior), theta)
    assert found["noise_variance"] == pytest.approx(1e-9)
    assert found["inverse_bandwidth_0"] == pytest.approx(4.50333, rel=1e-3)
    assert found["covariance_scale"] == pytest.approx(0.422021, rel=1e-3)
    assert found["mean"] == pytest.approx(0.367747, rel=5e-3)
    mean, variance = gp.Posterior.of(prior, theta, X, Y).mean_and_variance(TEST_X)
    np.testing.assert_allclose(mean[:, 0], [0.67278, -0.60089], atol=2e-4)
    np.testing.assert_allclose(variance, [0.026823, 0.023924], rtol=2e-3)


def test_the_golden_hyperparameters_are_a_stationary_point():
    golden = np.array([np.log(4.50333), np.log(0.422021), 0.367747, np.log(1e-9)])
    _, gradient = gp.objective(Matern52(1, bandwidth_penalty=uniform), golden, X, Y)
    np.testing.assert_allclose(gradient[:3], 0, atol=1e-3)


@PRIORS
def test_the_objective_is_the_density_of_the_targets_plus_penalties(prior, rng):
    X, y = some_data(rng, 20)
    theta = gp.default_theta(prior) + 0.2 * rng.standard_normal(len(gp.default_theta(prior)))
    K = prior.covariance(theta[:-1], X, X) + np.exp(theta[-1]) * np.eye(20)
    density = multivariate_normal(prior.mean(theta[:-1], X), K).logpdf(y) + 10 * np.log(2 * np.pi)
    value, _ = gp.objective(prior, theta, X, y)
    assert value == pytest.approx(penalty(gp.parameters_of(prior), theta)[0] - density, rel=1e-10)


@PRIORS
def test_the_gradient_of_the_objective_is_what_finite_differences_give(prior, rng):
    X, y = some_data(rng, 20)
    theta = gp.default_theta(prior) + 0.2 * rng.standard_normal(len(gp.default_theta(prior)))
    theta[-1] = np.log(0.05)
    expected = approx_fprime(theta, lambda t: gp.objective(prior, t, X, y)[0], 1e-6)
    np.testing.assert_allclose(gp.objective(prior, theta, X, y)[1], expected, rtol=1e-4, atol=1e-3)


@PRIORS
def test_a_fit_improves_on_every_start_and_stays_in_the_box(prior, rng):
    X, y = some_data(rng, 30)
    starts = [gp.default_theta(prior), gp.default_theta(prior) + 1]
    theta = gp.fit(prior, X, y, starts)
    assert gp.objective(prior, theta, X, y)[0] < min(gp.objective(prior, s, X, y)[0] for s in starts)
    for parameter, entry in zip(gp.parameters_of(prior), theta, strict=True):
        value = np.exp(entry) if parameter.positive else entry
        assert parameter.lower * (1 - 1e-9) <= value <= parameter.upper * (1 + 1e-9)


def test_a_fit_to_data_that_are_not_finite_is_an_error():
    prior = Matern52(1)
    with pytest.raises(FitError, match="5 data"):
        gp.fit(prior, X, np.array([1, 2, np.nan, 3, 4]), [gp.default_theta(prior)])


@PRIORS
def test_the_posterior_equals_the_textbook_with_an_inverse(prior, rng):
    X, y = some_data(rng, 25)
    X_test, _ = some_data(rng, 10)
    theta = gp.default_theta(prior)
    mean, covariance = slow_posterior(prior, theta, X, y, X_test)
    posterior = gp.Posterior.of(prior, theta, X, y)
    found_mean, found_variance = posterior.mean_and_variance(X_test)
    np.testing.assert_allclose(found_mean[:, 0], mean, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found_variance, np.diagonal(covariance), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(posterior.mean(X_test), found_mean, rtol=1e-12)


@PRIORS
def test_gradients_with_respect_to_the_input_are_what_finite_differences_give(prior, rng):
    X, y = some_data(rng, 25)
    posterior = gp.Posterior.of(prior, gp.default_theta(prior), X, np.column_stack([y, y**2]))
    X_test = some_data(rng, 5)[0]
    by_mean, by_variance = rng.standard_normal((5, 2)), rng.standard_normal(5)

    def at(rows):
        mean, variance = posterior.mean_and_variance(np.column_stack([rows.reshape(5, 3), X_test[:, 3]]))
        return np.vdot(by_mean, mean) + by_variance @ variance

    mean, variance, pull_back = posterior.with_pullback(X_test)
    np.testing.assert_allclose(mean, posterior.mean(X_test), rtol=1e-12)
    np.testing.assert_allclose(variance, posterior.mean_and_variance(X_test)[1], rtol=1e-12)
    found = pull_back(by_mean, by_variance)[:, :3].ravel()
    np.testing.assert_allclose(found, approx_fprime(X_test[:, :3].ravel(), at, 1e-7), rtol=1e-3, atol=1e-4)


@PRIORS
def test_a_factor_that_took_in_inputs_one_by_one_is_that_of_all(prior, rng):
    X, _ = some_data(rng, 20)
    theta = gp.default_theta(prior)
    factor = gp.Factor.of(prior, theta, X[:12])
    for i in range(12, 18):
        factor = factor.extended(X[i : i + 1])
    factor = factor.extended(X[18:])
    np.testing.assert_array_equal(factor.X, X)
    np.testing.assert_allclose(factor.W, gp.Factor.of(prior, theta, X).W, rtol=1e-6, atol=1e-9)


def test_an_input_that_is_there_already_can_be_taken_in_without_noise():
    prior = Matern52(1)
    theta = gp.default_theta(prior)
    theta[-1] = np.log(1e-9)
    factor = gp.Factor.of(prior, theta, X)
    for _ in range(20):
        factor = factor.extended(X[:1])
    mean, _ = gp.Posterior.given(factor, np.append(Y, np.ones(20))).mean_and_variance(X[:1])
    assert mean[0, 0] == pytest.approx(1, abs=1e-3)


@given(st.permutations(range(12)), st.integers(0, 2**32 - 1))
def test_the_order_of_the_data_does_not_matter(order, seed):
    rng = np.random.default_rng(seed)
    (X, y), (X_test, _) = some_data(rng, 12), some_data(rng, 4)
    prior = ExpDecaySum(3)
    theta = gp.default_theta(prior)
    mean, variance = gp.Posterior.of(prior, theta, X, y).mean_and_variance(X_test)
    other_mean, other_variance = gp.Posterior.of(prior, theta, X[order], y[order]).mean_and_variance(X_test)
    np.testing.assert_allclose(other_mean, mean, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(other_variance, variance, rtol=1e-6, atol=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_more_data_never_raise_the_variance(seed):
    rng = np.random.default_rng(seed)
    (X, y), (X_test, _) = some_data(rng, 15), some_data(rng, 10)
    prior = Matern52(4)
    few = gp.Posterior.of(prior, gp.default_theta(prior), X[:10], y[:10]).mean_and_variance(X_test)[1]
    many = gp.Posterior.of(prior, gp.default_theta(prior), X, y).mean_and_variance(X_test)[1]
    assert (many <= few + 1e-9).all()


@PRIORS
def test_fantasies_are_data_from_then_on(prior, rng):
    (X, y), (pending, _), (X_test, _) = some_data(rng, 20), some_data(rng, 3), some_data(rng, 6)
    theta = gp.default_theta(prior)
    posterior = gp.Posterior.of(prior, theta, X, y)
    normals = rng.standard_normal((3, 4))
    samples = posterior.sample_targets(pending, normals)
    columns = np.vstack([np.tile(y[:, None], 4), samples])
    slow = gp.Posterior.of(prior, theta, np.vstack([X, pending]), columns)
    fast = posterior.fantasize(pending, normals)
    np.testing.assert_allclose(
        fast.mean_and_variance(X_test)[0], slow.mean_and_variance(X_test)[0], rtol=1e-6, atol=1e-8
    )
    np.testing.assert_allclose(
        fast.mean_and_variance(X_test)[1], slow.mean_and_variance(X_test)[1], rtol=1e-6, atol=1e-10
    )


def test_sampled_targets_have_the_moments_of_the_posterior(rng):
    X, y = some_data(rng, 20)
    pending, _ = some_data(rng, 2)
    prior = ExpDecaySum(3)
    theta = gp.default_theta(prior)
    theta[-1] = np.log(0.1)
    mean, covariance = slow_posterior(prior, theta, X, y, pending)
    samples = gp.Posterior.of(prior, theta, X, y).sample_targets(pending, rng.standard_normal((2, 200_000)))
    np.testing.assert_allclose(samples.mean(axis=1), mean, atol=5e-3)
    np.testing.assert_allclose(np.cov(samples), covariance + 0.1 * np.eye(2), atol=5e-3)


def test_repeated_inputs_without_noise_are_no_obstacle():
    prior = Matern52(1)
    theta = gp.default_theta(prior)
    theta[-1] = np.log(1e-9)
    X = np.full((40, 1), 0.5)
    mean, variance = gp.Posterior.of(prior, theta, X, np.ones(40)).mean_and_variance(np.array([[0.5]]))
    assert mean[0, 0] == pytest.approx(1, abs=1e-3)
    assert variance[0] >= 1e-12


def test_a_matrix_with_a_slightly_negative_eigenvalue_gets_jitter():
    L = gp.cholesky(np.array([[1.0, 1.0 + 1e-12], [1.0 + 1e-12, 1.0]]))
    np.testing.assert_allclose(L @ L.T, np.ones((2, 2)), atol=1e-7)


def test_a_matrix_that_is_not_finite_has_no_factor():
    with pytest.raises(FitError, match="no Cholesky factor"):
        gp.cholesky(np.array([[1.0, np.nan], [np.nan, 1.0]]))


def test_a_warm_start_brings_inputs_back_that_few_data_did_not_show_to_matter():
    last = np.array([np.log(3.0), np.log(1e-4), 0.0, 0.0, np.log(1e-3)])
    expected = [np.log(3.0), np.log(0.1), 0.0, 0.0, np.log(1e-3)]
    np.testing.assert_array_equal(gp.warm_start(Matern52(2), last), expected)


@PRIORS
def test_a_factor_that_was_remembered_has_the_bits_of_one_that_is_computed_anew(prior, rng):
    X, _ = some_data(rng, 30)
    theta = gp.default_theta(prior)
    growing = gp.GrowingFactor(prior)
    steps = [(theta, X[:n], 8) for n in (8, 9, 9, 14, 20)]
    steps += [(theta, X[:16], 8), (theta, X[:16], 12), (theta + 0.1, X[:16], 12), (theta + 0.1, X[5:25], 12)]
    for theta, X, n_at_once in steps:
        found = growing.of(theta, X, n_at_once=n_at_once)
        anew = gp.GrowingFactor(prior).of(theta, X, n_at_once=n_at_once)
        np.testing.assert_array_equal(found.W, anew.W)
        np.testing.assert_array_equal(found.X, X)
