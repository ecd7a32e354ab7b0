"""Expected improvement over an incumbent, as a logarithm that never underflows.

With losses (lower is better), mean mu and standard deviation sigma of the model, and incumbent value b:
u = (b - mu) / sigma, expected improvement = sigma h(u), h(u) = phi(u) + u Phi(u). Where fantasies stand for what is
pending, the expected improvement is the average over them.

Nothing is subtracted from b to encourage exploration: it keeps the search from closing in on the optimum, and the
flat regions that it helps to leave are not flat in the logarithm.

References:
    Jones, Schonlau, Welch, Efficient Global Optimization of Expensive Black-Box Functions, 1998.
    Ament, Daulton, Eriksson, Balandat, Bakshy, Unexpected Improvements to Expected Improvement for
    Bayesian Optimization, NeurIPS 2023 (the logarithm of h).
"""

from __future__ import annotations

import attrs
import numpy as np
import scipy

from tunekit_bo.models.gp import Surrogate

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
_MIN_STD = 1e-10


def log_h(u: np.ndarray) -> np.ndarray:
    """``log(phi(u) + u Phi(u))``, accurate from far below -1e6 upwards."""
    u = np.asarray(u, dtype=float)
    result = np.empty_like(u)
    high, far = u > -1, u < -1e4
    middle = ~high & ~far
    x = u[high]
    result[high] = np.log(np.exp(-0.5 * x**2 - _LOG_SQRT_2PI) + x * scipy.special.ndtr(x))
    x = u[middle]
    # phi(u) (1 + u Phi(u) / phi(u)): the ratio is Mills', which erfcx gives without underflow
    ratio = -x * np.sqrt(np.pi / 2) * scipy.special.erfcx(-x / np.sqrt(2))
    result[middle] = -0.5 * x**2 - _LOG_SQRT_2PI + np.log1p(-ratio)
    x = u[far]
    # 1 - ratio = 1 / u^2 + O(1 / u^4), of which no digit would be left
    result[far] = -0.5 * x**2 - _LOG_SQRT_2PI - 2 * np.log(-x)
    return result


@attrs.frozen(eq=False)
class LogExpectedImprovement:
    """Logarithm of the expected improvement, averaged over the fantasies of a posterior.

    Attributes:
        posterior: Model of the losses, with F fantasies.
        best: F values to improve on, one for each fantasy.
        context: What is appended to every input, such as an encoded resource; it is not optimised.
    """

    posterior: Surrogate
    best: np.ndarray
    context: np.ndarray = attrs.field(factory=lambda: np.empty(0))

    def __call__(self, X: np.ndarray) -> np.ndarray:
        mean, variance = self.posterior.mean_and_variance(with_context(X, self.context))
        std = np.maximum(np.sqrt(variance), _MIN_STD)[:, None]
        return np.log(std[:, 0]) + _log_mean_exp(log_h((self.best - mean) / std))

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, variance, pull_back = self.posterior.with_pullback(with_context(X, self.context))
        std = np.maximum(np.sqrt(variance), _MIN_STD)[:, None]
        u = (self.best - mean) / std
        log_heights = log_h(u)
        log_height = _log_mean_exp(log_heights)
        # dEI/dmu = -Phi(u), dEI/dsigma = phi(u): divided by sigma h(u), and weighted with each fantasy's share
        log_shares = -log_height[:, None] - np.log(len(self.best)) - np.log(std)
        by_mean = -np.exp(scipy.special.log_ndtr(u) + log_shares)
        by_std = np.exp(-0.5 * u**2 - _LOG_SQRT_2PI + log_shares).sum(axis=1)
        slopes = pull_back(by_mean, by_std / (2 * std[:, 0]))
        return np.log(std[:, 0]) + log_height, slopes[:, : X.shape[1]]


def with_context(X: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Inputs that all end with the same context.

    Args:
        X: n x d array of encoded configurations.
        context: 0 or 1 numbers, an encoded resource.
    """
    n, width = X.shape
    inputs = np.empty((n, width + len(context)))
    inputs[:, :width], inputs[:, width:] = X, context
    return inputs


def _log_mean_exp(values: np.ndarray) -> np.ndarray:
    """``log(mean(exp(values)))`` over each row."""
    top = values.max(axis=1)
    return top + np.log(np.exp(values - top[:, None]).sum(axis=1) / values.shape[1])
