"""Bayesian optimisation with a Gaussian process of our own: when it is fitted, and what is proposed from it."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import attrs
import numpy as np

from tunekit_bo.acquisition.improvement import LogExpectedImprovement
from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.models.data import next_fit, room, standardise
from tunekit_bo.models.gp import Factor, Posterior, Surrogate
from tunekit_bo.models.hyperparameters import refitted
from tunekit_bo.models.kernels import Prior
from tunekit_bo.searchers.model_based import ModelBasedSearcher, check_at_least
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import NO_NOTE, Note, Proposal, Trial
from tunekit_core.randomness import Streams

N_ANCHORS = 3
N_INCUMBENTS = 50


@attrs.frozen(eq=False)
class Fit:
    """Hyperparameters, and the data that they were fitted to.

    Attributes:
        count: Number of observations when the model was fitted.
        theta: The hyperparameters.
        kept: Positions of the observations that were kept; later ones all are.
    """

    count: int
    theta: np.ndarray
    kept: np.ndarray


class GaussianProcessSearcher(ModelBasedSearcher):
    """Proposes where the expected improvement of a Gaussian process is largest.

    The hyperparameters are fitted at counts of data that depend on nothing else, from where the last fit ended.
    A fit travels in the note of the suggestion that it served; ``on_start`` and ``on_resume`` take it from there, so a
    replayed record needs no fitting. Everything else is computed anew for each proposal, from the data in their order.
    """

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        prior: Prior,
        num_init_random: int,
        num_init_candidates: int,
        max_size_data_for_model: int,
        num_fantasy_samples: int,
    ) -> None:
        super().__init__(problem, streams, num_init_random=num_init_random)
        check_at_least(10, "num_init_candidates", num_init_candidates)
        check_at_least(10, "max_size_data_for_model", max_size_data_for_model)
        check_at_least(1, "num_fantasy_samples", num_fantasy_samples)
        self._prior = prior
        self._num_init_candidates = num_init_candidates
        self._max_size = max_size_data_for_model
        self._num_fantasy_samples = num_fantasy_samples
        self._fit: Fit | None = None
        self._last_factor: tuple[int, Factor] | None = None

    def on_start(self, trial: Trial) -> None:
        """Remember the trial, and the fit that its proposal needed."""
        super().on_start(trial)
        self._restore(trial.note)

    def on_resume(self, trial: Trial, note: Note) -> None:
        """Remember the fit that was needed to choose this trial."""
        self._restore(note)

    def _restore(self, note: Note) -> None:
        """Take back the fit that a suggestion needed, if its note holds one."""
        record = note.get("fit")
        if record is not None:
            self._fit = Fit(record["count"], np.array(record["theta"]), self._kept(record["count"]))

    @abc.abstractmethod
    def _columns(self, resources: Sequence[int | None]) -> np.ndarray:
        """What the inputs of the model hold of resources: an n x 0 or n x 1 array."""

    @abc.abstractmethod
    def _acquisition_resource(self, resource: int | None) -> int | None:
        """Where the acquisition is maximised, for a trial that is first compared at ``resource``."""

    @abc.abstractmethod
    def _select(self, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        """Positions of ``size`` of the first ``count`` observations."""

    def _acquisition(
        self, posterior: Surrogate, incumbents: np.ndarray, context: np.ndarray, trial_id: int
    ) -> tuple[Acquisition, Note]:
        """What is maximised over encoded configurations, and what to note of it beside the fit.

        Args:
            posterior: The model of the losses, with fantasies of what is pending.
            incumbents: m x d inputs of the model: the best of what was observed or is pending at the resource in
                question, the one with the lowest mean first.
            context: What ends the inputs of the model there: 0 or 1 numbers, an encoded resource.
            trial_id: The trial that the proposal is for; draws belong to it.
        """
        return LogExpectedImprovement(posterior, posterior.mean(incumbents).min(axis=0), context), NO_NOTE

    def _propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        current, note = self._current_fit()
        posterior = self._posterior(current, trial_id)
        context = self._columns([self._acquisition_resource(resource)])[0]
        known = _at_context(posterior.X, context)
        incumbents = known[np.argsort(posterior.mean(known).mean(axis=1), kind="stable")[:N_INCUMBENTS]]
        acquisition, more = self._acquisition(posterior, incumbents, context, trial_id)
        anchors = incumbents[:N_ANCHORS, : self.problem.space.width]
        generator = self.streams.generator(f"{self.name}/candidates", trial_id)
        configuration = self._search.propose(acquisition, self._num_init_candidates, anchors, generator)
        return None if configuration is None else Proposal(configuration, {**note, **more})

    def _current_fit(self) -> tuple[Fit, Note]:
        """The fit that holds for the data there are, and the note that makes it last if it is new."""
        if self._fit is not None and not self._fit_is_due():
            return self._fit, NO_NOTE
        count = len(self._observations)
        kept = self._kept(count)
        theta, record = refitted(self._prior, *self._data(kept), None if self._fit is None else self._fit.theta)
        return Fit(count, theta, kept), {"fit": {"count": count, **record}}

    def _fit_is_due(self) -> bool:
        """Whether the hyperparameters are fitted anew for what is suggested next."""
        return self._fit is None or len(self._observations) >= next_fit(self._fit.count, self._max_size)

    def _kept(self, count: int) -> np.ndarray:
        """Positions of the observations that a fit to the first ``count`` keeps."""
        size = room(count, self._max_size)
        if count <= size:
            return np.arange(count)
        return self._select(count, size, self.streams.generator(f"{self.name}/data", count))

    def _modelled(self, current: Fit) -> np.ndarray:
        """Positions of the observations in the model: those that the fit kept, then all that came later."""
        return np.append(current.kept, np.arange(current.count, len(self._observations)))

    def _posterior(self, current: Fit, trial_id: int) -> Surrogate:
        """The model given the data that the fit kept, all that came later, and fantasies of what is pending."""
        X, y = self._data(self._modelled(current))
        posterior = Posterior.given(self._factor(current, X), y)
        if not self._pending:
            return posterior
        inputs = self._inputs(list(self._pending), list(self._pending.values()))
        generator = self.streams.generator(f"{self.name}/fantasies", trial_id)
        return posterior.fantasize(inputs, generator.standard_normal((len(inputs), self._num_fantasy_samples)))

    def _factor(self, current: Fit, X: np.ndarray) -> Factor:
        """That of the data that the fit kept at once, then of each that came later: the same bits, cached or not."""
        count, factor = self._last_factor or (-1, None)
        if (
            factor is None
            or count != current.count
            or not np.array_equal(factor.theta, current.theta)
            or not np.array_equal(factor.X, X[: len(factor.X)])
        ):
            factor = Factor.of(self._prior, current.theta, X[: len(current.kept)])
        for i in range(len(factor.X), len(X)):
            factor = factor.extended(X[i : i + 1])
        self._last_factor = current.count, factor
        return factor

    def _data(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets of some observations."""
        observed = self._observations
        resources = [observed.resources[i] for i in positions]
        X = self._inputs([observed.trial_ids[i] for i in positions], resources)
        return X, self._targets(np.array([observed.losses[i] for i in positions]), np.array(resources))

    def _targets(self, losses: np.ndarray, resources: np.ndarray) -> np.ndarray:
        """What the model is told of losses at these resources."""
        return standardise(losses)

    def _inputs(self, trial_ids: Sequence[int], resources: Sequence[int | None]) -> np.ndarray:
        return np.column_stack([[self._encoded[i] for i in trial_ids], self._columns(resources)])


def _at_context(X: np.ndarray, context: np.ndarray) -> np.ndarray:
    """The rows of ``X`` that end with ``context``, or if there are none, all rows with their end replaced."""
    width = X.shape[1] - len(context)
    rows = X[(X[:, width:] == context).all(axis=1)]
    if not len(rows):
        rows = X.copy()
        rows[:, width:] = context
    return rows
