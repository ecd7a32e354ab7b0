"""How much a model of learning curves knows of the ends of trials: what it foretells of them against their average.

The end of each complete trial is foretold from all else: from other trials, and from what it reported first. Closed
forms give that without a new fit. Where trials stay at chance level, or noise hides what there is to know, the model
does no better than the average of the other ends, and what it would choose by is nothing.

References:
    Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2: leaving data out.
"""

from __future__ import annotations

import numpy as np

from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.gp import Posterior
from tunekit_bo.surrogates.loss_model import Fit, LossModel
from tunekit_bo.surrogates.observations import Observations

ENOUGH = 3
"""Of fewer ends nothing can be said."""

MOST = 2.0
"""One end counts for at most so many nats: a single surprise says little of all others."""

EXPECTED, EXPECTED_OF = 0.8, 2
"""What is expected before ends are known: so many nats of each of so many trials."""

MIN_VARIANCE = 1e-2
"""Of the average of ends, in squared standard deviations of all targets: equal ends are no perfect forecast."""


class Foresight:
    """What the model foretold as of the last end: from the observations up to it, with the fit that there was.

    So it is a function of the recorded events, whenever it is asked for, and is computed at most once for each end.

    Args:
        model: Model of losses at all resources.
        observations: Its observations.
        max_resource: The last resource of a trial.
    """

    def __init__(self, model: LossModel, observations: Observations, max_resource: int) -> None:
        self._model = model
        self._observations = observations
        self._max_resource = max_resource
        self._n_ends = 0
        self._moment: tuple[int, Fit] | None = None  # the count of observations, and the fit that there was
        self._known: float | None = None

    def on_observed(self) -> None:
        """A report was observed."""
        if self._observations.resources[-1] != self._max_resource:
            return
        self._n_ends += 1
        self._known = None
        if self._model.last_fit is not None:
            self._moment = len(self._observations), self._model.last_fit

    def nats(self) -> float | None:
        """By how many nats for each end the model foretells ends better than their average, shrunk to what is expected.

        The natural logarithm of the ratio of the densities at what came; ``None`` of fewer than 3 ends, and where the
        model cannot be computed.
        """
        if self._n_ends < ENOUGH or self._moment is None:
            return None
        if self._known is None:
            try:
                self._known = self._nats(*self._moment)
            except FitError:
                return None
        return self._known

    def _nats(self, count: int, fit: Fit) -> float:
        positions = self._model.positions(fit, count)
        trial_ids = np.array([self._observations.trial_ids[i] for i in positions])
        resources = np.array([self._observations.resources[i] for i in positions])
        X, y = self._model.data(positions)
        gains = gains_over_average(self._model.given(fit, X, y), y, trial_ids, resources, self._max_resource)
        return float((gains.clip(-MOST, MOST).sum() + EXPECTED * EXPECTED_OF) / (len(gains) + EXPECTED_OF))


def gains_over_average(
    posterior: Posterior, y: np.ndarray, trial_ids: np.ndarray, resources: np.ndarray, max_resource: int
) -> np.ndarray:
    """Of each complete trial how many nats better its end is foretold than by the average of the others.

    Args:
        posterior: The model given n targets, without what is pending.
        y: The n targets.
        trial_ids: The trial of each.
        resources: Where each was observed.
        max_resource: The last resource. Of a single target there nothing can be said: the result is empty.

    Returns:
        One number for each target at the last resource. That of a trial is foretold from its first target, if it has
        an earlier one, and from all targets of other trials.
    """
    ends = np.flatnonzero(resources == max_resource)
    if len(ends) < 2:
        return np.empty(0)
    of_ends = y[ends]
    gains = np.empty(len(ends))
    for i, end in enumerate(ends):
        own = np.flatnonzero(trial_ids == trial_ids[end])
        hidden = own[(resources[own] > resources[own].min()) | (own == end)]
        mean, variance = _foretold(posterior, y, hidden, int(np.flatnonzero(hidden == end)[0]))
        others = np.delete(of_ends, i)
        spread = max(float(others.var()), MIN_VARIANCE) * (1 + 1 / len(others))
        gains[i] = _log_density(y[end], mean, variance) - _log_density(y[end], float(others.mean()), spread)
    return gains


def _foretold(posterior: Posterior, y: np.ndarray, hidden: np.ndarray, which: int) -> tuple[float, float]:
    """Mean and variance of one of some targets, given all targets but these."""
    of_hidden = posterior.factor.W[:, hidden]
    covariance = np.linalg.inv(of_hidden.T @ of_hidden)
    mean = y[hidden] - covariance @ posterior.weights[hidden, 0]
    return float(mean[which]), float(covariance[which, which])


def _log_density(value: float, mean: float, variance: float) -> float:
    return float(-0.5 * (np.log(2 * np.pi * variance) + (value - mean) ** 2 / variance))
