"""What is learnt from scripts that fail: where a configuration is likely to run."""

from __future__ import annotations

import attrs
import numpy as np

from tunekit_bo.acquisition.feasibility import LikelyToRun, LogFeasibility
from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.acquisition.sums import Sum
from tunekit_bo.models.classifier import LabelPosterior, fit
from tunekit_bo.models.data import next_fit
from tunekit_bo.models.gp import FitError
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.parameters import Parameter, around_a_hundred, initial_theta
from tunekit_core import NO_NOTE, Cause, Note, SearchSpace, Status, Trial

FAILED, RAN = 1.0, -1.0
MOST_OF_A_KIND = 100
"""The model takes the latest failures and the latest trials that ran, so many of each."""

NOTE = "fit_failures"
ITERATIONS = 30
STEEP = Parameter("covariance_scale", 100.0, 1e-3, 1e3, around_a_hundred)
"""Scripts fail at a border more often than by chance: the latent function is expected to be steep."""


class Outcomes:
    """Of every trial that has paused or ended, whether its script has failed.

    A trial that was lost with what it ran on, or met a limit, says nothing of its configuration.

    Attributes:
        n_failed: How many scripts have failed.
        version: A number that grows with what is known.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.n_failed = 0
        self.version = 0
        self._space = space
        self._encoded: dict[int, np.ndarray] = {}
        self._labels: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._labels)

    def on_start(self, trial: Trial) -> None:
        self._encoded[trial.id] = self._space.encode([trial.configuration])[0]

    def on_pause(self, trial: Trial) -> None:
        self._observe(trial.id, RAN)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        if outcome is not Status.FAILED:
            self._observe(trial.id, RAN)
        elif trial.failure_cause is Cause.SCRIPT:
            self.n_failed += 1
            self._observe(trial.id, FAILED)

    def latest(self) -> tuple[np.ndarray, np.ndarray]:
        """The data of a model: n x d encoded configurations and their n labels, in the order of the first outcome."""
        of_kind = {
            label: [i for i, known in self._labels.items() if known == label][-MOST_OF_A_KIND:]
            for label in (FAILED, RAN)
        }
        kept = [i for i in self._labels if i in {*of_kind[FAILED], *of_kind[RAN]}]
        return np.array([self._encoded[i] for i in kept]), np.array([self._labels[i] for i in kept])

    def _observe(self, trial_id: int, label: float) -> None:
        if self._labels.get(trial_id) != label:
            self._labels[trial_id] = label
            self.version += 1


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
        self._prior = Matern52(space.width, codes=space.code_columns, scale=STEEP)
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
        initial = initial_theta(self._prior.parameters)
        record = {"count": count}
        try:
            theta = fit(
                self._prior, X, labels, [initial] if last is None else [last.theta, initial], max_iterations=ITERATIONS
            )
        except FitError as error:
            theta = initial if last is None else last.theta
            record["failed"] = f"{error} The hyperparameters are the {'default' if last is None else 'previous'} ones."
        return theta, {NOTE: {**record, "theta": theta.tolist()}}
