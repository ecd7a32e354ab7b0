"""What is learnt from scripts that fail: configurations that are likely to run come first."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from tunekit_bo.acquisition.feasibility import LogFeasibility
from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.acquisition.sums import Sum
from tunekit_bo.models.classifier import LabelPosterior, fit
from tunekit_bo.models.data import next_fit
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.parameters import FLAT, STEEP, Parameter, initial_theta, steep_or_flat
from tunekit_bo.surrogates.outcomes import MOST_OF_A_KIND, RAN, Outcomes
from tunekit_core import NO_NOTE, Configuration, Note, SearchSpace

NOTE = "fit_failures"
ITERATIONS = 30
SCALE = Parameter("covariance_scale", STEEP, 1e-3, 1e3, steep_or_flat)
"""Scripts fail at a border more often than by chance: unless the data say otherwise, the latent function is steep."""

LIKELY, NEARLY = 0.85, 0.88
"""With less caution more than half as many scripts fail as at random; with more, the search stays away from the border,
where the best often is, and from much else where scripts fail at random."""

LAST = 1e6
"""Slope of what is too unlikely to run: steeper than any improvement falls."""


@attrs.frozen(eq=False)
class LikelyToRun:
    """Feasibility where failures cost trials: a configuration that is less likely to run than it must be comes last.

    To weigh improvement by the probability alone is not enough: beyond the border where scripts begin to fail no loss
    is ever seen, so that a model goes on expecting any improvement there.

    Attributes:
        feasibility: Logarithm of the probability that a script runs.
        least: The logarithm that it must have. Below, nothing but the probability counts.
    """

    feasibility: LogFeasibility
    least: float

    @classmethod
    def beside(cls, feasibility: LogFeasibility, ran: np.ndarray) -> LikelyToRun:
        """What must be as likely to run as :data:`LIKELY`, or nearly as what has run, if that was less likely.

        Args:
            feasibility: Logarithm of the probability that a script runs.
            ran: n x d array of encoded configurations that have run; n may be 0.
        """
        least = np.log(LIKELY)
        if len(ran):
            least = min(least, np.median(feasibility(ran)) + np.log(NEARLY))
        return cls(feasibility, float(least))

    def admits(self, X: np.ndarray) -> np.ndarray:
        """Which rows of ``X`` are as likely to run as they must be."""
        return self.feasibility(X) >= self.least

    def __call__(self, X: np.ndarray) -> np.ndarray:
        values = self.feasibility(X)
        return np.where(values < self.least, LAST * (values - self.least), values)

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = self.feasibility.with_gradient(X)
        below = values < self.least
        return np.where(below, LAST * (values - self.least), values), np.where(below, LAST, 1.0)[:, None] * slopes


@attrs.frozen(eq=False)
class Fit:
    """Hyperparameters, and how many outcomes they were fitted to."""

    count: int
    theta: np.ndarray


class FailureModel:
    """A Gaussian process classifier of whether scripts fail, which counts once one has.

    Its hyperparameters are fitted at counts of outcomes that depend on nothing else, from where the last fit ended, and
    travel in the note of the proposal that they served.

    Args:
        space: The search space.

    Attributes:
        outcomes: What is known.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.outcomes = Outcomes(space)
        self._space = space
        self._prior = Matern52(space.width, codes=space.code_columns, scale=SCALE)
        self._last_fit: Fit | None = None
        self._known: tuple[int, Fit | None, LikelyToRun, Note] | None = None

    def restore(self, note: Note) -> None:
        """Take back the fit that a proposal needed, if its note holds one."""
        record = note.get(NOTE)
        if record is not None:
            self._last_fit = Fit(record["count"], np.array(record["theta"]))

    def avoiding(self, acquisition: Acquisition) -> tuple[Acquisition, Note]:
        """An acquisition, the logarithm of an improvement, where configurations are likely to run.

        Returns:
            The acquisition, as it was where nothing has failed, and what to note of the fit.
        """
        if not self.outcomes.n_failed:
            return acquisition, NO_NOTE
        likely, note = self.likely()
        return Sum((acquisition, likely)), note

    def may_run(self, configuration: Configuration) -> bool:
        """Whether a configuration is as likely to run as it must be."""
        if not self.outcomes.n_failed:
            return True
        likely, _ = self.likely()
        return bool(likely.admits(self._space.encode([configuration]))[0])

    def likely(self) -> tuple[LikelyToRun, Note]:
        """How likely configurations are to run, after at least one failure, and what to note of the fit.

        It is computed once while the outcomes and the last fit stay.
        """
        version, last = self.outcomes.version, self._last_fit
        if self._known is None or self._known[0] != version or self._known[1] is not last:
            X, labels = self.outcomes.latest()
            theta, note = self._hyperparameters(X, labels)
            posterior = LabelPosterior.of(self._prior, theta, X, labels)
            self._known = version, last, LikelyToRun.beside(LogFeasibility(posterior), X[labels == RAN]), note
        return self._known[2:]

    def _hyperparameters(self, X: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, Note]:
        last, count = self._last_fit, len(self.outcomes)
        if last is not None and count < next_fit(last.count, 2 * MOST_OF_A_KIND):
            return last.theta, NO_NOTE
        steep = initial_theta(self._prior.parameters)
        flat = steep.copy()
        flat[[parameter.name for parameter in self._prior.parameters].index(SCALE.name)] = np.log(FLAT)
        starts = [steep, flat] if last is None else [last.theta, steep, flat]
        record: dict[str, Any] = {"count": count}
        try:
            theta = fit(self._prior, X, labels, starts, max_iterations=ITERATIONS)
        except FitError as error:
            theta = starts[0]
            record["failed"] = f"{error} The hyperparameters are the {'default' if last is None else 'previous'} ones."
        return theta, {NOTE: {**record, "theta": theta.tolist()}}
