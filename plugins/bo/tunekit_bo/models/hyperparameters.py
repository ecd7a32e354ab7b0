"""Hyperparameters of a Gaussian process, found again as data come, from where the last fit ended."""

from __future__ import annotations

import numpy as np

from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.gp import default_theta, fit, standard_starts, warm_start
from tunekit_bo.models.kernels import Prior
from tunekit_core import JSON

FEW_DATA, MANY_DATA = 30, 100
ITERATIONS, WARM_ITERATIONS = 50, 10
"""Of L-BFGS-B from each start. Ten from the last fit end within about 0.1 nats of what many more would find."""


def refitted(
    prior: Prior, X: np.ndarray, y: np.ndarray, previous: np.ndarray | None
) -> tuple[np.ndarray, dict[str, JSON]]:
    """Hyperparameters, and what a note must hold for them to be found again.

    A fit that fails leaves the previous hyperparameters, or the default ones, and the note says so.

    Args:
        prior: Mean and covariance.
        X: n x d inputs.
        y: Their n targets.
        previous: What was found last; ``None`` the first time.
    """
    record: dict[str, JSON] = {}
    try:
        iterations = ITERATIONS if len(y) <= MANY_DATA else WARM_ITERATIONS
        theta = fit(prior, X, y, _starts(prior, len(y), previous), max_iterations=iterations)
    except FitError as error:
        theta = default_theta(prior) if previous is None else previous
        kind = "default" if previous is None else "previous"
        record["failed"] = f"{error} The hyperparameters are the {kind} ones."
    return theta, {**record, "theta": theta.tolist()}


def _starts(prior: Prior, count: int, previous: np.ndarray | None) -> list[np.ndarray]:
    """Where a fit to ``count`` data begins: the more data, the more surely the last fit is near the best one."""
    exact, noisy = standard_starts(prior)
    if previous is None:
        return [exact, noisy]
    more = [exact, noisy] if count <= FEW_DATA else [noisy] if count <= MANY_DATA else []
    return [warm_start(prior, previous), *more]
