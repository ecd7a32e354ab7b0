"""Hyperparameters that minimise a cost, from several starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import scipy

from tunekit_bo.models.parameters import Parameter, bounds

RELATIVE_TOLERANCE = 1e-5
"""A fit ends when a step gains less than this share of the logarithm of the density: 0.005 nats of 500."""


class FitError(ArithmeticError):
    """No hyperparameters were found at which the model can be computed."""


def best_fit(
    cost: Callable[[np.ndarray], tuple[float, np.ndarray]],
    parameters: Sequence[Parameter],
    starts: Iterable[np.ndarray],
    *,
    max_iterations: int,
    n_data: int,
) -> np.ndarray:
    """The best that L-BFGS-B finds from several starts.

    Args:
        cost: A number and its gradient for each ``theta``; may raise :class:`FitError`.
        parameters: What the entries of ``theta`` mean.
        starts: One ``theta`` for each run of L-BFGS-B.
        max_iterations: For each start.
        n_data: How many data the cost is of, for the message.

    Raises:
        FitError: If no start leads to a finite cost.
    """
    box = bounds(parameters)
    lower, upper = np.transpose(box)
    best, best_value = None, np.inf
    for start in starts:
        try:
            result = scipy.optimize.minimize(
                cost,
                np.clip(start, lower, upper),
                jac=True,
                bounds=box,
                method="L-BFGS-B",
                options={"maxiter": max_iterations, "ftol": RELATIVE_TOLERANCE},
            )
        except FitError:
            continue
        if np.isfinite(result.x).all() and result.fun < best_value:
            best, best_value = result.x, result.fun
    if best is None:
        raise FitError(f"The marginal likelihood of {n_data} data is not finite from any start.")
    return best
