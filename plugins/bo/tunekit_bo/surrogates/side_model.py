"""Models of reported metrics beside the objective."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tunekit_bo.models.hyperparameters import refitted
from tunekit_bo.models.kernels import Prior
from tunekit_bo.surrogates.observations import LastReports
from tunekit_core import NO_NOTE, ConfigurationError, Note, suggestion


class SideModel:
    """A Gaussian process for one metric: what trials ended with, and the hyperparameters fitted last.

    Args:
        option: The option that names the metric, as it is typed.
        metric: Name of the metric.
        prior: Mean and covariance.
        observed: What was observed.
        note: Key of its fits in notes.

    Attributes:
        prior: As given.
    """

    def __init__(self, option: str, metric: str, prior: Prior, observed: LastReports, *, note: str) -> None:
        self._option = option
        self._metric = metric
        self._observed = observed
        self._note = note
        self._theta: np.ndarray | None = None
        self.prior = prior

    def restore(self, note: Note) -> None:
        """Take back the hyperparameters that a proposal needed, if the note of its trial holds any."""
        record = note.get(self._note)
        if record is not None:
            self._theta = np.array(record["theta"])

    def values(self, positions: Iterable[int]) -> np.ndarray:
        """The metric of these observations; NaN where it is absent or not a finite number.

        Raises:
            ConfigurationError: If no trial has reported the metric at all.
        """
        reported = self._observed.reported
        if self._metric not in reported:
            raise ConfigurationError(
                f"{self._option}={self._metric}: no trial has reported the metric '{self._metric}' so far. "
                f"{suggestion(self._metric, reported)}"
                f"Reported are: {', '.join(sorted(reported))}.",
                option=self._option,
                value=self._metric,
            )
        return np.array([_finite_or_nan(self._observed.metrics[i].get(self._metric)) for i in positions])

    def hyperparameters(self, X: np.ndarray, y: np.ndarray, *, anew: bool) -> tuple[np.ndarray, Note]:
        """The hyperparameters, and the note with which they can be restored if they are new.

        Args:
            X: n x d array of encoded configurations.
            y: Their n targets.
            anew: Whether they are fitted even if there was a fit before.
        """
        if self._theta is not None and not anew:
            return self._theta, NO_NOTE
        theta, record = refitted(self.prior, X, y, self._theta)
        return theta, {self._note: record}


def _finite_or_nan(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
