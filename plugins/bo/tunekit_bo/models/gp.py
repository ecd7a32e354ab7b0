"""Gaussian process regression: marginal likelihood, fit of the hyperparameters, posterior, fantasies.

=========  ======================================================================
``theta``  parameters of the prior, then the noise variance; positive ones as
           logarithms
K          covariance of the targets, noise included; L is its Cholesky factor
W          inverse of L: products with it take half the time of solving with L,
           and a posterior takes many
``y``      targets, standardised
z          whitened targets: W (y - m(X)), or what was drawn for them
F          number of fantasies: alternative outcomes of what is pending
=========  ======================================================================

References:
    Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import attrs
import numpy as np
import scipy

from tunekit_bo.models.fitting import FitError, best_fit
from tunekit_bo.models.kernels import Prior
from tunekit_bo.models.parameters import Parameter, initial_theta, penalty, vague_gamma

NOISE = Parameter("noise_variance", 1e-3, 1e-9, 1e6, vague_gamma)
RELEVANT = 0.1
"""Inputs with an inverse bandwidth below this hardly matter in the unit cube."""

MIN_VARIANCE = 1e-12
"""Posterior variances are kept above this."""

MomentsPullback = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From the derivatives of m numbers by the means (m x F) and variances (m) at m inputs to those by the inputs."""


class Surrogate(Protocol):
    """A posterior as acquisitions see it: F means, one for each fantasy, and a variance at every input."""

    @property
    def X(self) -> np.ndarray:
        """The inputs that it is conditioned on, pending ones included."""

    def mean(self, X: np.ndarray) -> np.ndarray:
        """Posterior means, an m x F array for the m rows of ``X``."""

    def mean_and_variance(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An m x F array, and m variances."""

    def with_pullback(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, MomentsPullback]:
        """The same, and what their derivatives by ``X`` are computed with."""


def parameters_of(prior: Prior) -> tuple[Parameter, ...]:
    """What the entries of ``theta`` mean."""
    return (*prior.parameters, NOISE)


def default_theta(prior: Prior) -> np.ndarray:
    """The hyperparameters of a model that has not been fitted."""
    return initial_theta(parameters_of(prior))


def cholesky(K: np.ndarray) -> np.ndarray:
    """The lower Cholesky factor of ``K``, with as little added to the diagonal as makes it exist.

    Raises:
        FitError: If nothing helps, as when an entry is not finite.
    """
    scale = max(1.0, float(np.diagonal(K).mean()))
    for jitter in [0.0, *(1e-9 * scale * 10.0**k for k in range(13))]:
        L, info = scipy.linalg.lapack.dpotrf(K + jitter * np.eye(len(K)) if jitter else K, lower=1, clean=1)
        if info == 0 and np.isfinite(L[-1, -1]):
            return L
    raise FitError(f"The covariance matrix of {len(K)} data has no Cholesky factor, even with jitter.")


def objective(prior: Prior, theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Negative log posterior density of the hyperparameters, up to a constant, and its gradient.

    Args:
        prior: Mean and covariance.
        theta: Where it is evaluated.
        X: n x d array of inputs.
        y: Their n targets.

    Raises:
        FitError: If the covariance has no Cholesky factor.
    """
    noise = np.exp(theta[-1])
    mean, K, contract = prior.with_contraction(theta[:-1], X)
    noisy = K.T.copy(order="F")
    _add_to_diagonal(noisy, noise)
    L = cholesky(noisy)
    z = scipy.linalg.blas.dtrsv(L, y - mean, lower=1)
    a = scipy.linalg.blas.dtrsv(L, z, lower=1, trans=1)
    cost, gradient = penalty(parameters_of(prior), theta)
    value = float(0.5 * z @ z + np.log(np.diagonal(L)).sum() + cost)
    W, _ = scipy.linalg.lapack.dpotri(L, lower=1, overwrite_c=1)
    # for contractions, half the inverse equals its lower triangle with half the diagonal
    np.einsum("ii->i", W)[:] *= 0.5
    W = scipy.linalg.blas.dger(-0.5, a, a, a=W, overwrite_a=1)
    return value, gradient + np.append(contract(W.T, -a), noise * np.trace(W))


def standard_starts(prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Where a first fit begins: exact data, and noisy data of a smooth function.

    The marginal likelihood of few data often has a maximum for each of these explanations.
    """
    exact, noisy = default_theta(prior), default_theta(prior)
    exact[-1] = np.log(NOISE.lower)
    noisy[-1] = np.log(0.1)
    for i, parameter in enumerate(prior.parameters):
        if parameter.name.startswith("inverse_bandwidth"):
            noisy[i] = np.log(0.3)
    return exact, noisy


def warm_start(prior: Prior, theta: np.ndarray) -> np.ndarray:
    """Where to begin a fit to more data than those that ``theta`` was fitted to.

    An input that few data did not show to matter has a bandwidth so large that the likelihood is flat around it:
    it is brought back to where more data can show it. Without that a fit can stay hundreds of nats too low.
    """
    start = theta.copy()
    for i, parameter in enumerate(prior.parameters):
        if parameter.name.startswith("inverse_bandwidth"):
            start[i] = max(start[i], np.log(RELEVANT))
    return start


def fit(
    prior: Prior, X: np.ndarray, y: np.ndarray, starts: Iterable[np.ndarray], *, max_iterations: int = 50
) -> np.ndarray:
    """Hyperparameters that maximise the posterior density, the best that L-BFGS-B finds from several starts.

    Args:
        prior: Mean and covariance.
        X: n x d array of inputs.
        y: Their n targets.
        starts: One ``theta`` for each run of L-BFGS-B.
        max_iterations: For each start.

    Raises:
        FitError: If no start leads to a finite density.
    """
    return best_fit(
        lambda theta: objective(prior, theta, X, y),
        parameters_of(prior),
        starts,
        max_iterations=max_iterations,
        n_data=len(y),
    )


@attrs.frozen(eq=False)
class Factor:
    """Inverse Cholesky factor of the covariance of noisy targets, which takes in further inputs one after the other.

    Attributes:
        prior: Mean and covariance.
        theta: Hyperparameters.
        X: n x d array of inputs.
        W: The lower triangle with ``W K W^T = 1``, n x n.
    """

    prior: Prior
    theta: np.ndarray
    X: np.ndarray
    W: np.ndarray

    @classmethod
    def of(cls, prior: Prior, theta: np.ndarray, X: np.ndarray) -> Factor:
        """The factor for the rows of ``X``, computed at once.

        Raises:
            FitError: If there is none.
        """
        K = prior.covariance(theta[:-1], X, X)
        _add_to_diagonal(K, np.exp(theta[-1]))
        return cls(prior, theta, X, _inverse(cholesky(K)))

    def extended(self, X: np.ndarray) -> Factor:
        """The factor with the p rows of ``X`` as further inputs, in n^2 p operations.

        Raises:
            FitError: If there is none.
        """
        S, C = self._conditional(X, np.exp(self.theta[-1]))
        inverse = _inverse(C)
        n, p = S.shape
        W = np.zeros((n + p, n + p), order="F")
        W[:n, :n] = self.W
        W[n:, :n] = -inverse @ self.whiten(S, transposed=True).T
        W[n:, n:] = inverse
        return Factor(self.prior, self.theta, np.vstack([self.X, X]), W)

    def conditional_cholesky(self, X: np.ndarray, noise: float) -> np.ndarray:
        """Of the covariance of the p rows of ``X`` given the targets, with this variance of noise: a p x p array.

        Raises:
            FitError: If there is none.
        """
        return self._conditional(X, noise)[1]

    def _conditional(self, X: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
        S = self.whiten(self.prior.covariance(self.theta[:-1], X, self.X).T)
        K = self.prior.covariance(self.theta[:-1], X, X) - S.T @ S
        _add_to_diagonal(K, noise)
        return S, cholesky(K)

    def whiten(self, B: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """``W B``, or ``W^T B``, for an n x m array."""
        return scipy.linalg.blas.dtrmm(1.0, self.W, B, lower=1, trans_a=int(transposed))


class GrowingFactor:
    """The factor of data to which more are appended, remembered from one call to the next.

    It is computed at once for the first data and extended by each further one, whether any of that is remembered or
    not: the bits are the same.

    Args:
        prior: Mean and covariance.
    """

    def __init__(self, prior: Prior) -> None:
        self._prior = prior
        self._last: tuple[int, Factor] | None = None

    def of(self, theta: np.ndarray, X: np.ndarray, *, n_at_once: int) -> Factor:
        """The factor for the rows of ``X``.

        Args:
            theta: Hyperparameters.
            X: n x d array of inputs.
            n_at_once: The number of rows, from the first, that it begins with.

        Raises:
            FitError: If there is none.
        """
        if self._last is not None and self._last[0] == n_at_once and _is_prefix(self._last[1], theta, X):
            factor = self._last[1]
        else:
            factor = Factor.of(self._prior, theta, X[:n_at_once])
        for i in range(len(factor.X), len(X)):
            factor = factor.extended(X[i : i + 1])
        self._last = n_at_once, factor
        return factor


def _is_prefix(factor: Factor, theta: np.ndarray, X: np.ndarray) -> bool:
    """Whether a factor is that of the first rows of ``X``."""
    return np.array_equal(factor.theta, theta) and np.array_equal(factor.X, X[: len(factor.X)])


@attrs.frozen(eq=False)
class Posterior:
    """A Gaussian process given data, and one or more alternatives for the outcomes of pending inputs.

    Attributes:
        factor: The hyperparameters and inputs, those of the data before the pending ones.
        Z: n x F array of whitened targets, a column for each fantasy.
        weights: n x F array: the posterior mean is the prior mean plus covariances times these.
    """

    factor: Factor
    Z: np.ndarray
    weights: np.ndarray = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "weights", self.factor.whiten(self.Z, transposed=True))

    @classmethod
    def of(cls, prior: Prior, theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> Posterior:
        """The posterior given targets.

        Args:
            prior: Mean and covariance.
            theta: Hyperparameters.
            X: n x d array of inputs.
            y: Their n targets, or an n x F array.

        Raises:
            FitError: If the covariance has no Cholesky factor.
        """
        return cls.given(Factor.of(prior, theta, X), y)

    @classmethod
    def given(cls, factor: Factor, y: np.ndarray) -> Posterior:
        """The posterior given the targets, n or n x F, at the inputs of a factor."""
        mean = factor.prior.mean(factor.theta[:-1], factor.X)
        return cls(factor, factor.whiten(y.reshape(len(mean), -1) - mean[:, None]))

    @property
    def X(self) -> np.ndarray:
        """The inputs, n x d: those of the data before the pending ones."""
        return self.factor.X

    def mean(self, X: np.ndarray) -> np.ndarray:
        return self._prior_mean(X) + self._covariance(X) @ self.weights

    def mean_and_variance(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the noiseless function at the m rows of ``X``: an m x F array, and m variances."""
        k = self._covariance(X)
        V = self.factor.whiten(k.T)
        variance = self._prior_variance(X) - np.einsum("ij,ij->j", V, V)
        return self._prior_mean(X) + k @ self.weights, np.maximum(variance, MIN_VARIANCE)

    def with_pullback(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, MomentsPullback]:
        k, pull_back = self.factor.prior.with_pullback(self.factor.theta[:-1], X, self.X)
        V = self.factor.whiten(k.T)
        variance = self._prior_variance(X) - np.einsum("ij,ij->j", V, V)

        def pull_moments_back(by_mean: np.ndarray, by_variance: np.ndarray) -> np.ndarray:
            by_variance = np.where(variance < MIN_VARIANCE, 0.0, by_variance)
            by_covariance = self.factor.whiten(-2 * by_variance * V, transposed=True).T
            return pull_back(by_mean @ self.weights.T + by_covariance)

        return self._prior_mean(X) + k @ self.weights, np.maximum(variance, MIN_VARIANCE), pull_moments_back

    def fantasize(self, X: np.ndarray, normals: np.ndarray) -> Posterior:
        """The posterior given jointly sampled targets at pending inputs as well.

        Args:
            X: p x d array of pending inputs.
            normals: p x F array of standard normal draws: they are the whitened targets of the samples.
        """
        known = np.broadcast_to(self.Z, (len(self.Z), normals.shape[1]))
        return Posterior(self.factor.extended(X), np.vstack([known, normals]))

    def sample_targets(self, X: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Joint samples of noisy targets at the p rows of ``X``, a p x F array, from p x F normal draws."""
        return self.mean(X) + self.factor.conditional_cholesky(X, np.exp(self.factor.theta[-1])) @ normals

    def sample(self, X: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Joint samples of the noiseless function at the p rows of ``X``, a p x F array, from p x F normal draws."""
        return self.mean(X) + self.factor.conditional_cholesky(X, 0.0) @ normals

    def _prior_mean(self, X: np.ndarray) -> np.ndarray:
        return self.factor.prior.mean(self.factor.theta[:-1], X)[:, None]

    def _prior_variance(self, X: np.ndarray) -> np.ndarray:
        return self.factor.prior.variance(self.factor.theta[:-1], X)

    def _covariance(self, X: np.ndarray) -> np.ndarray:
        return self.factor.prior.covariance(self.factor.theta[:-1], X, self.X)


def _add_to_diagonal(K: np.ndarray, value: float) -> None:
    np.einsum("ii->i", K)[:] += value


def _inverse(L: np.ndarray) -> np.ndarray:
    W, _ = scipy.linalg.lapack.dtrtri(L, lower=1, overwrite_c=1)
    return W
