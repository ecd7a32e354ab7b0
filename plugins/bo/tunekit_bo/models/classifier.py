"""Gaussian process classification with a probit likelihood, by Laplace's approximation.

=========  =====================================================================
``theta``  hyperparameters of the prior
``t``      labels, 1 or -1
f          the latent function at the inputs, a priori with mean m and
           covariance K; P(t | f) = Phi(t f)
g          slope of the log likelihood at the mode of f: K^-1 (f - m)
w          its negative curvature there, above 0
S          square root of w, as a diagonal matrix
R          (K + diag(1 / w))^-1 = S (1 + S K S)^-1 S
=========  =====================================================================

References:
    Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 3.4 and 5.5.1.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
import scipy

from tunekit_bo.models.fitting import FitError, best_fit
from tunekit_bo.models.gp import MIN_VARIANCE, MomentsPullback, cholesky
from tunekit_bo.models.kernels import Prior
from tunekit_bo.models.parameters import penalty

MAX_NEWTON = 50
CONVERGED = 1e-9
"""Newton's method ends when no value of f moves by more than this."""


@attrs.frozen(eq=False)
class Mode:
    """Where the latent function is most likely, and the curvature there.

    Attributes:
        f: Its n values.
        g: n slopes of the log likelihood.
        w: n negative curvatures of it.
        dw: n derivatives of these by f.
        L: Lower Cholesky factor of ``1 + S K S``, n x n.
        log_likelihood: That of the labels.
    """

    f: np.ndarray
    g: np.ndarray
    w: np.ndarray
    dw: np.ndarray
    L: np.ndarray
    log_likelihood: float

    @classmethod
    def of(cls, mean: np.ndarray, K: np.ndarray, t: np.ndarray) -> Mode:
        """The mode for a prior mean, a prior covariance, and n labels.

        Raises:
            FitError: If it is not found.
        """
        f = mean.copy()
        for _ in range(MAX_NEWTON):
            g, w, _ = _slopes(f, t)
            s = np.sqrt(w)
            L = cholesky(np.eye(len(t)) + s[:, None] * K * s)
            b = w * (f - mean) + g
            a = b - s * scipy.linalg.cho_solve((L, True), s * (K @ b))
            new = mean + K @ a
            moved = float(np.abs(new - f).max())
            f = new
            if moved < CONVERGED * max(1.0, float(np.abs(f).max())):
                break
            if not np.isfinite(moved):
                raise FitError(f"The mode of {len(t)} labels is not finite.")
        g, w, dw = _slopes(f, t)
        s = np.sqrt(w)
        L = cholesky(np.eye(len(t)) + s[:, None] * K * s)
        return cls(f, g, w, dw, L, float(scipy.special.log_ndtr(t * f).sum()))

    def half(self) -> np.ndarray:
        """The n x n array H with ``H^T H = R``."""
        return scipy.linalg.solve_triangular(self.L, np.diag(np.sqrt(self.w)), lower=True)


def _slopes(f: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope of the log likelihood at f, its negative curvature, and the derivative of that."""
    z = t * f
    hazard = np.sqrt(2 / np.pi) / scipy.special.erfcx(-z / np.sqrt(2))
    w = np.maximum(hazard * (z + hazard), 1e-12)
    return t * hazard, w, t * hazard * (1 - w - (z + hazard) ** 2)


def objective(prior: Prior, theta: np.ndarray, X: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
    """Negative log posterior density of the hyperparameters, up to a constant, and its gradient.

    Args:
        prior: Mean and covariance of the latent function.
        theta: Where it is evaluated.
        X: n x d array of inputs.
        t: Their n labels.

    Raises:
        FitError: If it cannot be computed.
    """
    mean, K, contract = prior.with_contraction(theta, X)
    mode = Mode.of(mean, K, t)
    half = mode.half()
    R = half.T @ half
    cost, gradient = penalty(prior.parameters, theta)
    value = 0.5 * mode.g @ (mode.f - mean) - mode.log_likelihood + np.log(np.diagonal(mode.L)).sum() + cost
    # the mode moves with the hyperparameters, and the curvature with the mode
    halfK = half @ K
    posterior_variance = np.diagonal(K) - np.einsum("ij,ij->j", halfK, halfK)
    pull = -0.5 * posterior_variance * mode.dw
    u = pull - R @ (K @ pull)
    by_covariance = 0.5 * (np.outer(mode.g, mode.g) - R) + np.outer(u, mode.g)
    return float(value), gradient - contract((by_covariance + by_covariance.T) / 2, mode.g + u)


def fit(prior: Prior, X: np.ndarray, t: np.ndarray, starts: Iterable[np.ndarray], *, max_iterations: int) -> np.ndarray:
    """Hyperparameters that maximise the posterior density, the best that L-BFGS-B finds from several starts.

    Args:
        prior: Mean and covariance of the latent function.
        X: n x d array of inputs.
        t: Their n labels.
        starts: One ``theta`` for each run of L-BFGS-B.
        max_iterations: For each start.

    Raises:
        FitError: If no start leads to a finite density.
    """
    return best_fit(
        lambda theta: objective(prior, theta, X, t),
        prior.parameters,
        starts,
        max_iterations=max_iterations,
        n_data=len(t),
    )


@attrs.frozen(eq=False)
class LabelPosterior:
    """The latent function given labels, with the variance of the likelihood: P(t = 1) = Phi(mean / std).

    Attributes:
        prior: Mean and covariance.
        theta: Hyperparameters.
        X: n x d inputs.
        g: n slopes of the log likelihood.
        half: n x n, as :meth:`Mode.half` gives it.
    """

    prior: Prior
    theta: np.ndarray
    X: np.ndarray
    g: np.ndarray
    half: np.ndarray

    @classmethod
    def of(cls, prior: Prior, theta: np.ndarray, X: np.ndarray, t: np.ndarray) -> LabelPosterior:
        """The posterior given n labels.

        Raises:
            FitError: If it cannot be computed.
        """
        mode = Mode.of(prior.mean(theta, X), prior.covariance(theta, X, X), t)
        return cls(prior, theta, X, mode.g, mode.half())

    def mean_and_variance(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At the m rows of ``X``: an m x 1 array, and m variances."""
        k = self.prior.covariance(self.theta, X, self.X)
        mean = self.prior.mean(self.theta, X) + k @ self.g
        V = self.half @ k.T
        return mean[:, None], 1 + np.maximum(self.prior.variance(self.theta, X) - (V**2).sum(axis=0), MIN_VARIANCE)

    def with_pullback(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, MomentsPullback]:
        """The same, and what their derivatives by ``X`` are computed with."""
        k, pull_back = self.prior.with_pullback(self.theta, X, self.X)
        mean = self.prior.mean(self.theta, X) + k @ self.g
        V = self.half @ k.T
        variance = self.prior.variance(self.theta, X) - (V**2).sum(axis=0)

        def pull_moments_back(by_mean: np.ndarray, by_variance: np.ndarray) -> np.ndarray:
            by_variance = np.where(variance < MIN_VARIANCE, 0.0, by_variance)
            return pull_back(by_mean @ self.g[None] - 2 * (by_variance * (self.half.T @ V)).T)

        return mean[:, None], 1 + np.maximum(variance, MIN_VARIANCE), pull_moments_back
