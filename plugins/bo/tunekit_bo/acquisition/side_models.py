"""Models of reported metrics beside the objective, which become further terms of the acquisition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.models.hyperparameters import refitted
from tunekit_bo.models.kernels import Prior
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import NO_NOTE, Note
from tunekit_core.errors import ConfigurationError, suggestion


class SideModel:
    """A Gaussian process for one metric: what trials ended with, and the hyperparameters fitted last.

    Args:
        option: The option that names the metric; its fits are noted as ``fit_<option>``.
        metric: Name of the metric.
        prior: Mean and covariance.
    """

    def __init__(self, option: str, metric: str, prior: Prior) -> None:
        self._option = option
        self._metric = metric
        self.prior = prior
        self._values: dict[int, float] = {}
        self._reported: Sequence[str] = ()
        self._is_reported = False
        self._theta: np.ndarray | None = None

    @classmethod
    def of(cls, option: str, metric: str | None, prior: Prior, problem: Problem) -> SideModel | None:
        """The model of a metric, or ``None`` if the option names none.

        Raises:
            ConfigurationError: If reports are known not to carry the metric.
        """
        if metric is None:
            return None
        problem.check_metric(metric, option=option)
        return cls(option, metric, prior)

    def observe(self, trial_id: int, metrics: Mapping[str, Any]) -> None:
        """Note the last report of a trial; a metric that is absent or not a finite number counts as NaN."""
        value = metrics.get(self._metric, math.nan)
        self._values[trial_id] = float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
        self._is_reported |= self._metric in metrics
        self._reported = tuple(metrics)

    def restore(self, note: Note) -> None:
        """Take back the hyperparameters that a proposal needed, if the note of its trial holds any."""
        record = note.get(f"fit_{self._option}")
        if record is not None:
            self._theta = np.array(record["theta"])

    def values(self, trial_ids: Sequence[int]) -> np.ndarray:
        """What these trials ended with, or NaN.

        Raises:
            ConfigurationError: If no trial has reported the metric at all.
        """
        if not self._is_reported:
            raise ConfigurationError(
                f"{self._option}={self._metric}: none of {len(self._values)} trials has reported the metric "
                f"'{self._metric}'. {suggestion(self._metric, self._reported)}"
                f"Reported are: {', '.join(sorted(self._reported))}.",
                option=self._option,
                value=self._metric,
            )
        return np.array([self._values[trial_id] for trial_id in trial_ids])

    def fitted(self, X: np.ndarray, y: np.ndarray, *, anew: bool) -> tuple[np.ndarray, Note]:
        """Hyperparameters, and the note that makes them last if they are new.

        Args:
            X: n x d array of encoded configurations.
            y: Their n targets.
            anew: Whether they are fitted even if there was a fit before.
        """
        if self._theta is not None and not anew:
            return self._theta, NO_NOTE
        theta, record = refitted(self.prior, X, y, self._theta)
        return theta, {f"fit_{self._option}": record}


@attrs.frozen
class Sum:
    """Acquisitions added up: the logarithm of the product of what they are the logarithms of."""

    terms: Sequence[Acquisition]

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """The value at each row of ``X``."""
        return np.sum([term(X) for term in self.terms], axis=0)

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The value at each row of ``X``, and its derivatives with respect to the row."""
        values, slopes = zip(*(term.with_gradient(X) for term in self.terms), strict=True)
        return np.sum(values, axis=0), np.sum(slopes, axis=0)
