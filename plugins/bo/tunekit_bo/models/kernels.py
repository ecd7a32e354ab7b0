"""Priors of Gaussian processes: a mean and a covariance, with gradients in closed form.

=========  =====================================================================
``theta``  all hyperparameters, positive ones as logarithms (see `parameters`)
``X``      n x d array of inputs, encoded into [0, 1]; where a model has
           resources, the last column is the encoded resource
b          inverse bandwidths, one for each column of the configuration
codes      columns that say which of many categories it is: there two inputs are
           equal, or as far apart as with a column of zeros and a one for each
           category, all with bandwidth 1 / b
c          variance of the covariance over configurations
mu         constant part of the mean
D          5 times the squared distance in units of the bandwidths
B          sqrt(D + epsilon), so that it can be differentiated where D is 0
=========  =====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import scipy

from tunekit_bo.models.parameters import Parameter, Penalty, rarely_large, standard_log_normal, standard_normal

_EPSILON = 1e-9

Contraction = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From weights W (n x n) of the covariance and w (n) of the mean to the gradient
with respect to ``theta`` of ``sum_ij W_ij K_ij + sum_i w_i m_i``: much cheaper than all dK/dtheta."""

RowContraction = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From the weights of a `Contraction` to its gradient, and to that with respect to the inputs, an n x d array."""

Pullback = Callable[[np.ndarray], np.ndarray]
"""From weights A (m x n) to the m x d derivatives of ``sum_ij A_ij k(x_i, X_j)`` with respect to the inputs x."""


SCALE = Parameter("covariance_scale", 1.0, 1e-3, 1e3, standard_log_normal)


class Prior(Protocol):
    """Mean and covariance of a Gaussian process before it is conditioned on data."""

    parameters: tuple[Parameter, ...]

    def mean(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Prior mean at each row of ``X``."""

    def variance(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Prior variance at each row of ``X``."""

    def covariance(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
        """Covariance between the rows of ``X1`` and those of ``X2``."""

    def with_contraction(self, theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, Contraction]:
        """Mean and covariance at ``X``, and what their gradients are computed with."""

    def with_pullback(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> tuple[np.ndarray, Pullback]:
        """Covariance between the rows of ``X1`` and ``X2``, and what its derivatives by ``X1`` are computed with.

        There is a derivative for each column of the configuration; mean and variance do not depend on these.
        """


class Matern52:
    """Constant mean and Matern-5/2 covariance with a bandwidth for each input (ARD).

    With a resource in the last column, this is also the plainest model of learning curves.

    Args:
        n_inputs: Number of columns, with the resource where there is one.
        codes: Columns that can be equal or not, never near.
        bandwidth_penalty: Prior of the inverse bandwidths. Unless large ones are unlikely, few data are too often
            explained by a function so rough that the posterior differs from the prior only next to them.
        scale: The variance of the covariance.
    """

    def __init__(
        self,
        n_inputs: int,
        *,
        codes: Sequence[int] = (),
        bandwidth_penalty: Penalty = rarely_large,
        scale: Parameter = SCALE,
    ) -> None:
        self._n_inputs = n_inputs
        self._codes = np.array(codes, dtype=int)
        self.parameters = (
            *(Parameter(f"inverse_bandwidth_{i}", 1.0, 1e-4, 100.0, bandwidth_penalty) for i in range(n_inputs)),
            scale,
            Parameter("mean", 0.0, penalty=standard_normal, positive=False),
        )

    def mean(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """The same constant everywhere."""
        return np.full(len(X), theta[self._n_inputs + 1])

    def variance(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """The same constant everywhere."""
        return np.full(len(X), np.exp(theta[self._n_inputs]) * _MATERN_AT_ZERO)

    def covariance(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
        """``c (1 + B + D / 3) exp(-B)``."""
        K = _matern(self._distances(theta, X1, X2))
        K *= np.exp(theta[self._n_inputs])
        return K

    def with_contraction(self, theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, Contraction]:
        mean, K, contract = self.with_row_gradients(theta, X)
        return mean, K, lambda W, w: contract(W, w)[0]

    def with_row_gradients(self, theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, RowContraction]:
        """As `with_contraction`, with the gradient with respect to the rows of ``X`` beside that of ``theta``."""
        b, scale = self._inverse_bandwidths(theta), np.exp(theta[self._n_inputs])
        K, slope = _matern_with_derivative(self._distances(theta, X, X))
        K *= scale

        def contract(W: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            G = W * slope
            # sum_j G_ij (x_ik - x_jk) for every row i and column k; centred, so that little cancels
            Z = X[:, : self._n_inputs] - X[:, : self._n_inputs].mean(axis=0)
            sums = G.sum(axis=0) + G.sum(axis=1)
            rows = 10 * scale * b**2 * (sums[:, None] * Z - G @ Z - G.T @ Z)
            by_bandwidth = np.einsum("ik,ik->k", Z, rows)
            for k in self._codes:
                by_bandwidth[k] = 2 * scale * np.vdot(G, _code_distances(theta, X, X, k))
            return np.concatenate([by_bandwidth, [np.vdot(W, K), w.sum()]]), rows

        return self.mean(theta, X), K, contract

    def with_pullback(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> tuple[np.ndarray, Pullback]:
        b, scale = self._inverse_bandwidths(theta), np.exp(theta[self._n_inputs])
        K, slope = _matern_with_derivative(self._distances(theta, X1, X2))
        K *= scale

        def pull_back(A: np.ndarray) -> np.ndarray:
            G = A * slope
            x, others = X1[:, : self._n_inputs], X2[:, : self._n_inputs]
            return scale * 10 * b**2 * (G.sum(axis=1)[:, None] * x - G @ others)

        return K, pull_back

    def _distances(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
        # not through X1 @ X2.T: large bandwidths make close points cancel
        b, d = np.sqrt(5.0) * self._inverse_bandwidths(theta), self._n_inputs
        D = scipy.spatial.distance.cdist(X1[:, :d] * b, X2[:, :d] * b, "sqeuclidean")
        for k in self._codes:
            D += _code_distances(theta, X1, X2, k)
        return D

    def _inverse_bandwidths(self, theta: np.ndarray) -> np.ndarray:
        """Inverse bandwidths of the columns that can be near; 0 for those that cannot."""
        b = np.exp(theta[: self._n_inputs])
        b[self._codes] = 0.0
        return b


class ExpDecaySum:
    """Learning curves that decay with the resource, towards a Gaussian process over configurations.

    A curve is ``f(x) + g(r)``: ``f`` is Matern-5/2 with a constant mean, and ``g`` has the mean
    ``gamma kappa(r)`` and the covariance ``gamma^2 (kappa(r + r') - kappa(r) kappa(r'))`` of a mixture of
    exponential decays, whose rates are gamma distributed with shape ``alpha`` and mean ``rate``:
    ``kappa(r) = (beta / (r + beta))^alpha`` with ``beta = alpha / rate``. All curves share one ``g``.

    Args:
        n_inputs: Number of columns of the configuration, not counting the resource.
        codes: Columns that can be equal or not, never near.

    References:
        Swersky, Snoek, Adams, Freeze-Thaw Bayesian Optimization, 2014 (the exponential decay kernel).
        Klein, Tiao, Lienart, Archambeau, Seeger, Model-based Asynchronous Hyperparameter and Neural
        Architecture Search, 2020 (its use in MOBSTER).
    """

    def __init__(self, n_inputs: int, *, codes: Sequence[int] = ()) -> None:
        self._matern = Matern52(n_inputs, codes=codes)
        self.parameters = (
            *self._matern.parameters,
            Parameter("alpha", 1.0, 1e-6, 250.0),
            Parameter("rate", 0.5, 1e-4, 50.0),
            Parameter("gamma", 0.5, 1e-4, 1.0),
        )

    def mean(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """``mu + gamma kappa(r)``."""
        alpha, rate, gamma = np.exp(theta[-3:])
        return self._matern.mean(theta[:-3], X) + gamma * _kappa(X[:, -1], alpha, rate)

    def variance(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Of the configuration and of the decay at its resource."""
        alpha, rate, gamma = np.exp(theta[-3:])
        r = X[:, -1]
        decay = _kappa(2 * r, alpha, rate) - _kappa(r, alpha, rate) ** 2
        return self._matern.variance(theta[:-3], X) + gamma**2 * decay

    def covariance(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
        """Matern-5/2 over configurations plus the covariance of the decay over resources."""
        K = self._matern.covariance(theta[:-3], X1, X2)
        K += self._decay(theta, X1, X2)
        return K

    def with_contraction(self, theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, Contraction]:
        alpha, rate, gamma = np.exp(theta[-3:])
        # Everything about resources is computed once per level: there are few, and powers are slow.
        r, index = np.unique(X[:, -1], return_inverse=True)
        kappa, kappa_sum = _kappa(r, alpha, rate), _kappa(r[:, None] + r, alpha, rate)
        outer = np.outer(kappa, kappa)
        decay = gamma**2 * (kappa_sum - outer)
        mean_x, K_x, contract_x = self._matern.with_contraction(theta[:-3], X)
        K = K_x + decay.take(index, axis=1).take(index, axis=0)

        def contract(W: np.ndarray, w: np.ndarray) -> np.ndarray:
            one_hot = np.eye(len(r))[index]
            W_levels, w_levels = one_hot.T @ (W @ one_hot), one_hot.T @ w
            slopes = [
                slope(r[:, None] + r, alpha, rate) * kappa_sum
                - (slope(r, alpha, rate)[:, None] + slope(r, alpha, rate)) * outer
                for slope in (_alpha_slope, _rate_slope)
            ]
            mean_slopes = [slope(r, alpha, rate) * kappa for slope in (_alpha_slope, _rate_slope)]
            curve = [
                gamma**2 * np.vdot(W_levels, slope) + gamma * np.vdot(w_levels, mean_slope)
                for slope, mean_slope in zip(slopes, mean_slopes, strict=True)
            ]
            height = 2 * np.vdot(W_levels, decay) + gamma * np.vdot(w_levels, kappa)
            return np.concatenate([contract_x(W, w), curve, [height]])

        return mean_x + gamma * kappa[index], K, contract

    def with_pullback(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> tuple[np.ndarray, Pullback]:
        K, pull_back = self._matern.with_pullback(theta[:-3], X1, X2)
        K += self._decay(theta, X1, X2)
        return K, pull_back

    def _decay(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
        # once per level: there are few, and powers are slow
        alpha, rate, gamma = np.exp(theta[-3:])
        r1, (r2, index2) = X1[:, -1], np.unique(X2[:, -1], return_inverse=True)
        decay = _kappa(r1[:, None] + r2, alpha, rate) - np.outer(_kappa(r1, alpha, rate), _kappa(r2, alpha, rate))
        return (gamma**2 * decay).take(index2, axis=1)


def _code_distances(theta: np.ndarray, X1: np.ndarray, X2: np.ndarray, column: int) -> np.ndarray:
    """What a column that can be equal or not adds to D."""
    return 10.0 * np.exp(2.0 * theta[column]) * (X1[:, column, None] != X2[:, column])


def _matern(D: np.ndarray) -> np.ndarray:
    # in place: arrays of this size cost more to allocate than to compute
    B = np.sqrt(D + _EPSILON)
    K = D / 3
    K += B
    K += 1
    K *= np.exp(np.negative(B, out=B), out=B)
    return K


_MATERN_AT_ZERO = float(_matern(np.zeros(1))[0])


def _matern_with_derivative(D: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Also the derivative with respect to D, which is overwritten by it."""
    B = np.sqrt(D + _EPSILON)
    K = D / 3
    K += B
    K += 1
    slope = np.divide(D, B, out=D)
    slope += 1
    slope *= -1 / 6
    decay = np.exp(np.negative(B, out=B), out=B)
    K *= decay
    slope *= decay
    return K, slope


def _kappa(r: np.ndarray, alpha: float, rate: float) -> np.ndarray:
    # (beta / (r + beta))^alpha; log1p keeps its digits where r is much smaller than beta
    return np.exp(-alpha * np.log1p(r * rate / alpha))


def _alpha_slope(r: np.ndarray, alpha: float, rate: float) -> np.ndarray:
    """Derivative of log kappa with respect to log alpha at fixed rate."""
    scaled = r * rate / alpha
    return alpha * (scaled / (1 + scaled) - np.log1p(scaled))


def _rate_slope(r: np.ndarray, alpha: float, rate: float) -> np.ndarray:
    """Derivative of log kappa with respect to log rate at fixed alpha."""
    scaled = r * rate / alpha
    return -alpha * scaled / (1 + scaled)
