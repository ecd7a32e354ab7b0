import numpy as np
import pytest
from scipy.optimize import approx_fprime

from tunekit_bo.acquisition.improvement import LogExpectedImprovement
from tunekit_bo.models.ensemble import Ensemble
from tunekit_bo.models.gp import Posterior, default_theta
from tunekit_bo.models.kernels import Matern52

D = 2


@pytest.fixture
def models(rng):
    """One with four fantasies of what is pending, and one for which nothing is."""
    prior, theta = Matern52(D), default_theta(Matern52(D))
    theta[-1] = np.log(0.01)
    first, second = (Posterior.of(prior, theta, rng.random((n, D)), rng.standard_normal(n)) for n in (5, 8))
    return [first.fantasize(rng.random((2, D)), rng.standard_normal((2, 4))), second]


@pytest.fixture
def ensemble(models):
    return Ensemble(np.empty((0, D + 1)), models, [0.25, 0.75])


def test_means_add_up_with_weights_and_variances_with_squared_weights(ensemble, models, rng):
    X = rng.random((3, D))
    (mean1, variance1), (mean2, variance2) = (model.mean_and_variance(X) for model in models)
    mean, variance = ensemble.mean_and_variance(X)
    np.testing.assert_allclose(mean, 0.25 * mean1 + 0.75 * mean2, rtol=1e-12)
    np.testing.assert_allclose(variance, variance1 / 16 + variance2 * 9 / 16, rtol=1e-12)
    np.testing.assert_allclose(ensemble.mean(X), mean, rtol=1e-12)


def test_what_follows_the_configuration_is_ignored(ensemble, rng):
    X = rng.random((3, D))
    for with_resource, without in zip(
        ensemble.mean_and_variance(np.column_stack([X, np.full(3, 0.7)])), ensemble.mean_and_variance(X), strict=True
    ):
        np.testing.assert_array_equal(with_resource, without)


def test_gradients_of_the_acquisition_are_what_finite_differences_give(ensemble, rng):
    acquisition = LogExpectedImprovement(ensemble, np.array([-0.3, -0.2, 0.0, 0.1]), np.array([0.7]))
    X = rng.random((3, D))
    values, gradients = acquisition.with_gradient(X)
    np.testing.assert_allclose(values, acquisition(X), rtol=1e-10)
    for x, gradient in zip(X, gradients, strict=True):
        np.testing.assert_allclose(gradient, approx_fprime(x, lambda x: acquisition(x[None])[0], 1e-7), atol=1e-4)
