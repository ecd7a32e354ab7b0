"""How much is still to gain: a bound on the regret of the best trial.

=========  ======================================================================
mu, sigma  mean and standard deviation of the noiseless function at the last
           resource, by the model
u(x)       mu(x) + MULTIPLIER sigma(x), which the loss of x is likely to be below
l(x)       mu(x) - MULTIPLIER sigma(x), which it is likely to be above
=========  ======================================================================

The bound is the least u of the trials that were evaluated less the least l of all configurations. Both are mapped from
the targets of the model back to losses: a transformation that never falls leaves quantiles what they are.

Unlike the paper, the multiplier is a constant that was chosen by how often the bound holds on problems whose optimum is
known: one that grows with the number of trials, as theory asks for, would end nothing.

References:
    Makarova, Shen, Perrone, Klein, Faddoul, Krause, Seeger, Archambeau, Automatic Termination for Hyperparameter
    Optimization, AutoML 2022.
"""

from __future__ import annotations

import math

import attrs
import numpy as np

from tunekit_bo.acquisition.failures import FailureModel, LikelyToRun
from tunekit_bo.acquisition.improvement import with_context
from tunekit_bo.acquisition.incumbents import improvement_among_all
from tunekit_bo.acquisition.search import Acquisition, Search, search_for
from tunekit_bo.acquisition.sums import Sum
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.gp import Surrogate
from tunekit_bo.surrogates.loss_model import Fit, LossModel
from tunekit_bo.surrogates.observations import Observations
from tunekit_bo.surrogates.recommendation import MOST_COMPARED, Eligibility
from tunekit_core import Problem, RegretBound, Status, Streams

MULTIPLIER = 3.0
"""So many standard deviations from the mean a prediction is pessimistic, or optimistic. A model is too sure of itself:
with 2 the bound was too small in half of the runs on problems whose optimum is known, with 3 in a quarter, with 4 in a
tenth; but with 4 they ended a third later."""


@attrs.frozen(eq=False)
class OptimisticLoss:
    """What is maximised to find the least l: its negative.

    Attributes:
        posterior: Model of the losses.
        context: What is appended to every input, such as an encoded resource; it is not optimised.
    """

    posterior: Surrogate
    context: np.ndarray

    def __call__(self, X: np.ndarray) -> np.ndarray:
        mean, variance = self.posterior.mean_and_variance(with_context(X, self.context))
        return MULTIPLIER * np.sqrt(variance) - mean[:, 0]

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, variance, pull_back = self.posterior.with_pullback(with_context(X, self.context))
        std = np.sqrt(variance)
        slopes = pull_back(np.full((len(X), 1), -1.0), MULTIPLIER / (2 * std))
        return MULTIPLIER * std - mean[:, 0], slopes[:, : X.shape[1]]


@attrs.frozen(eq=False)
class Admitted:
    """0 where a configuration is as likely to run as it must be, and steeply below that elsewhere.

    Attributes:
        likely: How likely configurations are to run.
    """

    likely: LikelyToRun

    def __call__(self, X: np.ndarray) -> np.ndarray:
        values = self.likely(X)
        return np.where(values < self.likely.least, values, 0.0)

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = self.likely.with_gradient(X)
        below = values < self.likely.least
        return np.where(below, values, 0.0), np.where(below[:, None], slopes, 0.0)


class Regret:
    """What is still to gain, as of the last observation at the last resource.

    It is computed when it is asked for, from the observations up to that one and from the hyperparameters that the
    model had then, and at most once for each: so it is a function of the recorded events, whenever it is asked for.

    Where scripts fail, configurations that are too unlikely to run to be proposed are left out. Whether a constraint
    holds is asked of trials that were evaluated alone: what breaks it may seem to be a gain, so that the bound is the
    larger. Where the model is of what trials end with, the trials that were stopped early count as the others do.

    Args:
        problem: What is solved.
        observed: What was observed.
        eligibility: Which observations count.
        failures: How likely configurations are to run.
        streams: Random numbers.
        n_candidates: Random configurations that are compared before a few are improved.
    """

    def __init__(
        self,
        problem: Problem,
        observed: Observations,
        eligibility: Eligibility,
        failures: FailureModel,
        streams: Streams,
        n_candidates: int,
    ) -> None:
        self._problem = problem
        self._observed = observed
        self._eligibility = eligibility
        self._failures = failures
        self._streams = streams
        self._n_candidates = n_candidates
        self._search: Search | None = None  # of all configurations: none is ever excluded
        self._n_seen = 0
        self._moment: tuple[int, Fit] | None = None  # the count of observations, and the fit that there was
        self._known: tuple[int, RegretBound | None] | None = None

    def on_observed(self, model: LossModel) -> None:
        """Something may have been observed."""
        new = self._observed.resources[self._n_seen :]
        self._n_seen = len(self._observed)
        if model.is_of_resources and self._problem.max_resource in new:
            self._remember(model)

    def on_outcome(self, model: LossModel, outcome: Status) -> None:
        """A trial has paused or ended."""
        if outcome is Status.FAILED:
            self._known = None  # what was observed of it does not count any more
        elif not model.is_of_resources:
            self._remember(model)

    def bound(self, model: LossModel) -> RegretBound | None:
        """What is still to gain.

        Args:
            model: Model of the losses.

        Returns:
            The bound; ``None`` before the model was fitted, while no trial has come to the last resource, while losses
            are all equal, or where the model cannot be computed.
        """
        if self._moment is None:
            return None
        version = self._failures.outcomes.version if self._failures.outcomes.n_failed else 0
        if self._known is None or self._known[0] != version:
            try:
                self._known = version, self._bound(model, *self._moment)
            except FitError:
                self._known = version, None
        return self._known[1]

    def _remember(self, model: LossModel) -> None:
        fit = model.last_fit
        self._moment = None if fit is None else (len(self._observed), fit)
        self._known = None

    def _bound(self, model: LossModel, count: int, fit: Fit) -> RegretBound | None:
        evaluated = self._evaluated(count, at_last_resource=model.is_of_resources)
        if not len(evaluated):
            return None
        posterior, back = model.as_of(fit, count)
        if back is None:
            return None
        context = model.context(None)
        X = np.array([self._observed.encoded[self._observed.trial_ids[i]] for i in evaluated])
        mean, variance = posterior.mean_and_variance(with_context(X, context))
        pessimistic = mean[:, 0] + MULTIPLIER * np.sqrt(variance)
        best = int(pessimistic.argmin())
        optimistic = OptimisticLoss(posterior, context)
        least = -optimistic(X).max()
        found = self._most_promising(optimistic, improvement_among_all(posterior, context)[1], count)
        if len(found):
            least = min(least, -float(optimistic(found)[0]))
        bound = back.loss(float(pessimistic[best])) - back.loss(float(least))
        noise_std = math.exp(fit.theta[-1] / 2) * back.slope(float(mean[best, 0]))
        if not math.isfinite(noise_std):
            return None
        return RegretBound(math.inf if math.isnan(bound) else max(bound, 0.0), noise_std)

    def _evaluated(self, count: int, *, at_last_resource: bool) -> np.ndarray:
        """Positions of the best of the first ``count`` observations that count."""
        positions, _ = self._eligibility.candidates(self._observed, at_last_resource=False)
        positions = positions[positions < count]
        if at_last_resource:
            positions = positions[np.array(self._observed.resources)[positions] == self._problem.max_resource]
        return positions[:MOST_COMPARED]

    def _most_promising(self, optimistic: OptimisticLoss, anchors: np.ndarray, count: int) -> np.ndarray:
        """The configuration with the least l that is likely to run, encoded: a 1 x d array; 0 x d if none was found."""
        if self._search is None:
            self._search = search_for(self._problem)
        acquisition: Acquisition = optimistic
        likely = self._failures.likely()[0] if self._failures.outcomes.n_failed else None
        if likely is not None:
            acquisition = Sum((optimistic, Admitted(likely)))
        generator = self._streams.generator("regret", count)
        configuration = self._search.propose(acquisition, self._n_candidates, anchors, generator)
        if configuration is None:
            return anchors[:0]
        found = self._problem.space.encode([configuration])
        return found if likely is None else found[likely.admits(found)]
