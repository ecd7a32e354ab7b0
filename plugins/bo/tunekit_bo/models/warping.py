"""Inputs passed through Kumaraswamy's distribution function: a Gaussian process of a warped space.

=========  =====================================================================
x          one input, squeezed into the open interval from 0 to 1
a, b       shape of the warping of its column
w(x)       ``1 - (1 - x^a)^b``: the identity where a and b are 1
=========  =====================================================================

References:
    Snoek, Swersky, Zemel, Adams, Input Warping for Bayesian Optimization of Non-stationary Functions, ICML 2014.
    Unlike there, w is Kumaraswamy's distribution function: close to that of the beta distribution, and elementary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunekit_bo.models.kernels import Contraction, Matern52, Pullback
from tunekit_bo.models.parameters import Parameter
from tunekit_core import SearchSpace

_SQUEEZE = 1e-9
_LOG_STD = 0.75


def warped_columns(space: SearchSpace) -> tuple[int, ...]:
    """The columns of an encoded configuration that have an order: all but those of unordered categories."""
    columns: list[int] = []
    stop = 0
    for name in space.searched:
        domain = space.domains[name]
        start, stop = stop, stop + domain.encoded_width
        if domain.name != "choice":
            columns += range(start, stop)
    return tuple(columns)


def _log_normal(value: float) -> tuple[float, float]:
    """Log-normal prior of a or b: the logarithm has mean 0 and standard deviation 0.75."""
    scaled = np.log(value) / _LOG_STD**2
    return 0.5 * scaled * np.log(value) + np.log(value), (scaled + 1) / value


class Warped:
    """A prior over inputs of which some columns are warped, each in its own way, which is learned.

    A function that changes fast at one end of a column and slowly at the other is not stationary; after the right
    warping it is.

    Args:
        prior: Mean and covariance of the function of warped inputs.
        columns: The columns that are warped, such as `warped_columns` of a search space.
    """

    def __init__(self, prior: Matern52, columns: Sequence[int]) -> None:
        self._prior = prior
        self._columns = np.array(columns, dtype=int)
        self.parameters = (
            *prior.parameters,
            *(Parameter(f"warping_a_{i}", 1.0, 0.25, 4.0, _log_normal) for i in columns),
            *(Parameter(f"warping_b_{i}", 1.0, 0.25, 4.0, _log_normal) for i in columns),
        )

    def mean(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        return self._prior.mean(self._split(theta)[0], self.warp(theta, X))

    def variance(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        return self._prior.variance(self._split(theta)[0], self.warp(theta, X))

    def covariance(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> np.ndarray:
        """Covariance of the warped rows of ``X1`` and those of ``X2``."""
        return self._prior.covariance(self._split(theta)[0], self.warp(theta, X1), self.warp(theta, X2))

    def with_contraction(self, theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, Contraction]:
        inner, a, b = self._split(theta)
        mean, K, contract_rows = self._prior.with_row_gradients(inner, self.warp(theta, X))

        def contract(W: np.ndarray, w: np.ndarray) -> np.ndarray:
            gradient, rows = contract_rows(W, w)
            by_input = rows[:, self._columns]
            by_a, by_b = _shape_slopes(_squeezed(X[:, self._columns]), a, b)
            return np.concatenate([gradient, (by_input * by_a).sum(axis=0), (by_input * by_b).sum(axis=0)])

        return mean, K, contract

    def with_pullback(self, theta: np.ndarray, X1: np.ndarray, X2: np.ndarray) -> tuple[np.ndarray, Pullback]:
        inner, a, b = self._split(theta)
        K, pull_back_warped = self._prior.with_pullback(inner, self.warp(theta, X1), self.warp(theta, X2))

        def pull_back(A: np.ndarray) -> np.ndarray:
            slopes = pull_back_warped(A)
            slopes[:, self._columns] *= _input_slope(_squeezed(X1[:, self._columns]), a, b)
            return slopes

        return K, pull_back

    def warp(self, theta: np.ndarray, X: np.ndarray) -> np.ndarray:
        """The rows of ``X`` as the inner prior sees them."""
        _, a, b = self._split(theta)
        warped = X.copy()
        log_x = np.log(_squeezed(X[:, self._columns]))
        warped[:, self._columns] = -np.expm1(b * np.log(-np.expm1(a * log_x)))
        return warped

    def _split(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The hyperparameters of the inner prior, and a and b of every warped column."""
        n = len(self._columns)
        end = len(theta) - 2 * n
        return theta[:end], np.exp(theta[end : end + n]), np.exp(theta[end + n :])


def _squeezed(X: np.ndarray) -> np.ndarray:
    # x = 0 and x = 1 have no logarithms
    return _SQUEEZE + (1 - 2 * _SQUEEZE) * X


def _input_slope(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Derivative of w with respect to the input before it was squeezed."""
    log_x = np.log(x)
    return (1 - 2 * _SQUEEZE) * a * b * np.exp((a - 1) * log_x + (b - 1) * np.log(-np.expm1(a * log_x)))


def _shape_slopes(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of w with respect to log a and log b."""
    log_power = a * np.log(x)
    log_rest = np.log(-np.expm1(log_power))
    return b * log_power * np.exp(log_power + (b - 1) * log_rest), -b * log_rest * np.exp(b * log_rest)
