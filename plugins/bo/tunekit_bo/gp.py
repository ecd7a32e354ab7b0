"""Gaussian process regression: marginal likelihood, fit of the hyperparameters, posterior, fantasies.

=========  ======================================================================
``theta``  parameters of the prior, then the noise variance; positive ones as
           logarithms
K          covariance of the targets, noise included; L is its Cholesky factor
``y``      targets, standardised
z          whitened targets: L z = y - m(X), or what was drawn for them
F          number of fantasies: alternative outcomes of what is pending
=========  ======================================================================

References:
    Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
from scipy.linalg import blas, lapack
from scipy.optimize import minimize

from tunekit_bo.kernels import Prior
from tunekit_bo.parameters import Parameter, bounds, initial_theta, penalty, vague_gamma

NOISE = Parameter("noise_variance", 1e-3, 1e-9, 1e6, vague_gamma)
MIN_VARIANCE = 1e-12
"""Posterior variances are kept above this."""


class FitError(ArithmeticError):
    """No hyperparameters were found at which the model can be computed."""


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
        L, info = lapack.dpotrf(K + jitter * np.eye(len(K)) if jitter else K, lower=1, clean=1)
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
    np.fill_diagonal(K, np.diagonal(K) + noise)
    L = cholesky(K)
    z = _solve_lower(L, y - mean)
    a = _solve_lower(L, z, transposed=True)
    inverse, _ = lapack.dpotri(L, lower=1)
    W = 0.5 * (inverse + np.tril(inverse, -1).T - np.outer(a, a))
    np.fill_diagonal(K, np.diagonal(K) - noise)
    cost, gradient = penalty(parameters_of(prior), theta)
    gradient = gradient + np.append(contract(W, -a), noise * np.trace(W))
    return float(0.5 * z @ z + np.log(np.diagonal(L)).sum() + cost), gradient


def standard_starts(prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Where to begin a fit that knows nothing better: exact data, and noisy data of a smooth function.

    The marginal likelihood of few data often has a maximum for each of these explanations.
    """
    exact, noisy = default_theta(prior), default_theta(prior)
    exact[-1] = np.log(NOISE.lower)
    noisy[-1] = np.log(0.1)
    for i, parameter in enumerate(prior.parameters):
        if parameter.name.startswith("inverse_bandwidth"):
            noisy[i] = np.log(0.3)
    return exact, noisy


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

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        return objective(prior, theta, X, y)

    box = bounds(parameters_of(prior))
    lower, upper = np.transpose(box)
    best, best_value = None, np.inf
    for start in starts:
        try:
            result = minimize(
                loss,
                np.clip(start, lower, upper),
                jac=True,
                bounds=box,
                method="L-BFGS-B",
                tol=1e-6,
                options={"maxiter": max_iterations},
            )
        except FitError:
            continue
        if np.isfinite(result.x).all() and result.fun < best_value:
            best, best_value = result.x, result.fun
    if best is None:
        raise FitError(f"The marginal likelihood of {len(y)} data is not finite from any start.")
    return best


@attrs.frozen(eq=False)
class Posterior:
    """A Gaussian process given data, and one or more alternatives for the outcomes of pending inputs.

    Attributes:
        prior: Mean and covariance.
        theta: Hyperparameters.
        X: n x d array of inputs, those of the data before the pending ones.
        L: Cholesky factor of the covariance of the targets at ``X``.
        Z: n x F array of whitened targets, a column for each fantasy.
        weights: n x F array: the posterior mean is the prior mean plus covariances times these.
    """

    prior: Prior
    theta: np.ndarray
    X: np.ndarray
    L: np.ndarray
    Z: np.ndarray
    weights: np.ndarray = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "weights", _solve_lower(self.L, self.Z, transposed=True))

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
        K = prior.covariance(theta[:-1], X, X)
        np.fill_diagonal(K, np.diagonal(K) + np.exp(theta[-1]))
        L = cholesky(K)
        residuals = y.reshape(len(X), -1) - prior.mean(theta[:-1], X)[:, None]
        return cls(prior, theta, X, L, _solve_lower(L, residuals))

    def mean(self, X: np.ndarray) -> np.ndarray:
        """Posterior means, an m x F array for the m rows of ``X``."""
        return self.prior.mean(self.theta[:-1], X)[:, None] + self._covariance(X) @ self.weights

    def mean_and_variance(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the noiseless function at the m rows of ``X``: an m x F array, and m variances."""
        k = self._covariance(X)
        V = _solve_lower(self.L, k.T)
        mean = self.prior.mean(self.theta[:-1], X)[:, None] + k @ self.weights
        variance = self.prior.variance(self.theta[:-1], X) - np.einsum("ij,ij->j", V, V)
        return mean, np.maximum(variance, MIN_VARIANCE)

    def gradients(self, x: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
        """Mean and variance at one input, and their derivatives with respect to it.

        Returns:
            F means, the variance, an F x d array, and d derivatives of the variance.
        """
        k = self._covariance(x[None])[0]
        slopes = self.prior.input_gradient(self.theta[:-1], x, self.X)
        v = _solve_lower(self.L, k)
        mean = self.prior.mean(self.theta[:-1], x[None])[0] + k @ self.weights
        variance = self.prior.variance(self.theta[:-1], x[None])[0] - v @ v
        variance_slope = -2 * _solve_lower(self.L, v, transposed=True) @ slopes
        if variance < MIN_VARIANCE:
            variance, variance_slope = MIN_VARIANCE, np.zeros_like(variance_slope)
        return mean, variance, self.weights.T @ slopes, variance_slope

    def fantasize(self, X: np.ndarray, normals: np.ndarray) -> Posterior:
        """The posterior given jointly sampled targets at pending inputs as well.

        Args:
            X: p x d array of pending inputs.
            normals: p x F array of standard normal draws: they are the whitened targets of the samples.
        """
        S = _solve_lower(self.L, self._covariance(X).T)
        K = self.prior.covariance(self.theta[:-1], X, X) - S.T @ S
        np.fill_diagonal(K, np.diagonal(K) + np.exp(self.theta[-1]))
        n, p = S.shape
        L = np.zeros((n + p, n + p), order="F")
        L[:n, :n], L[n:, :n], L[n:, n:] = self.L, S.T, cholesky(K)
        known = np.broadcast_to(self.Z, (n, normals.shape[1]))
        return Posterior(self.prior, self.theta, np.vstack([self.X, X]), L, np.vstack([known, normals]))

    def sample_targets(self, X: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Joint samples of noisy targets at the p rows of ``X``, a p x F array, from p x F normal draws."""
        n = len(self.X)
        L = self.fantasize(X, normals).L
        return self.mean(X) + L[n:, n:] @ normals

    def _covariance(self, X: np.ndarray) -> np.ndarray:
        return self.prior.covariance(self.theta[:-1], X, self.X)


def _solve_lower(L: np.ndarray, B: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    if B.ndim == 1:
        return blas.dtrsv(L, B, lower=1, trans=int(transposed))
    return blas.dtrsm(1.0, L, B, lower=1, trans_a=int(transposed))
