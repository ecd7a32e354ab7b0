"""A model for each rung, and how well each predicts the highest one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from tunekit_bo.models.ensemble import Ensemble
from tunekit_bo.models.gp import Posterior
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.ranking import ensemble_weights, folds, ranking_loss, shares_of_least_loss
from tunekit_bo.surrogates.formulations import LearningCurves
from tunekit_bo.surrogates.loss_model import Fit, LossModel, outcomes_of_pending
from tunekit_bo.surrogates.observations import Observations
from tunekit_core import Note, SearchSpace, Streams

ENOUGH_FOR_SUPPORT = 6
N_SAMPLES = 50


@attrs.frozen(eq=False)
class SupportedRungs:
    """The rungs with enough observations, lowest first, and how well each predicts the highest of them.

    Attributes:
        fit: The hyperparameters, which all rungs share.
        levels: The resource of each rung.
        models: The posterior of each over configurations, without what is pending.
        shares: How often each ranks best what was observed at the highest.
    """

    fit: Fit
    levels: list[int]
    models: list[Posterior]
    shares: np.ndarray


class RungModels:
    """Gaussian processes of the losses at each rung, independent of each other but for their hyperparameters.

    Args:
        space: The search space.
        max_resource: The last resource of a trial.
        observations: What was observed, and what is pending.
        streams: Random numbers.
        max_size: Most observations in all models.
        n_fantasies: Sampled outcomes of what is pending; with 0 its mean stands for them.

    Attributes:
        of_all: The model of all rungs together.
    """

    def __init__(
        self,
        space: SearchSpace,
        max_resource: int,
        observations: Observations,
        streams: Streams,
        *,
        max_size: int,
        n_fantasies: int,
    ) -> None:
        curves = LearningCurves(space, max_resource, "independent")
        self.of_all = LossModel(curves, observations, streams, max_size=max_size, n_fantasies=n_fantasies)
        self._of_configurations = Matern52(space.width, codes=space.code_columns)
        self._width = space.width
        self._max_resource = max_resource
        self._observations = observations
        self._streams = streams
        self._n_fantasies = n_fantasies
        self._known: tuple[int, Fit | None, SupportedRungs] | None = None

    def restore(self, note: Note) -> None:
        """Take back the fit that a proposal needed, if its note holds one."""
        self.of_all.restore(note)

    def context(self, resource: int) -> np.ndarray:
        """What ends the inputs at a resource: one number."""
        return self.of_all.context(resource)

    def supported(self) -> SupportedRungs:
        """The rungs with at least 6 observations, or the lowest one if none has as many.

        They are computed once while the observations and the last fit stay: a scheduler asks for the bracket of a
        trial, then for its configuration.
        """
        count, last = len(self._observations), self.of_all.last_fit
        if self._known is None or self._known[0] != count or self._known[1] is not last:
            self._known = count, last, self._support()
        return self._known[2]

    def posterior(self, rungs: SupportedRungs, trial_id: int) -> Ensemble:
        """The weighted sum of the models of all supported rungs, with sampled outcomes of what is pending at each.

        Args:
            rungs: The supported rungs.
            trial_id: The trial that is to be proposed: draws belong to it.
        """
        pending = self._observations.pending
        normals = outcomes_of_pending(self._streams, trial_id, len(pending), self._n_fantasies)
        ids = np.array([*pending], dtype=int)
        until = np.array([self._max_resource if r is None else r for r in pending.values()], dtype=int)
        models = []
        for level, model in zip(rungs.levels, rungs.models, strict=True):
            here = until == level
            if here.any():
                model = model.fantasize(np.array([self._observations.encoded[i] for i in ids[here]]), normals[here])
            models.append(model)
        top = models[-1].X
        weights = ensemble_weights(rungs.shares)
        return Ensemble(
            np.column_stack([top, np.tile(self.context(rungs.levels[-1]), (len(top), 1))]),
            [model for model, weight in zip(models, weights, strict=True) if weight > 0],
            [float(weight) for weight in weights if weight > 0],
        )

    def _support(self) -> SupportedRungs:
        fit = self.of_all.current_fit()
        positions = self.of_all.positions(fit)
        X, y = self.of_all.data(positions)
        X = X[:, : self._width]
        resources = np.array([self._observations.resources[i] for i in positions])
        seen, counts = np.unique(resources, return_counts=True)
        levels = seen[counts >= ENOUGH_FOR_SUPPORT] if counts.max() >= ENOUGH_FOR_SUPPORT else seen[:1]
        data = [(X[resources == level], y[resources == level]) for level in levels]
        models = [Posterior.of(self._of_configurations, fit.theta, *of_level) for of_level in data]
        shares = np.ones(1) if len(models) == 1 else shares_of_least_loss(self._ranking_losses(models, *data[-1]))
        return SupportedRungs(fit, levels.tolist(), models, shares)

    def _ranking_losses(self, models: Sequence[Posterior], X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Ranking losses of all rungs, in samples, for what was observed at the highest: an R x F array.

        Those of the highest rung itself are cross-validated.
        """
        generator = self._streams.generator("ranking", len(self._observations))

        def loss(model: Posterior, at: np.ndarray) -> np.ndarray:
            return ranking_loss(model.sample(X[at], generator.standard_normal((len(at), N_SAMPLES))), y[at])

        own = []
        for fold in folds(len(y)):
            rest = np.setdiff1d(np.arange(len(y)), fold)
            own.append(loss(Posterior.of(self._of_configurations, models[-1].factor.theta, X[rest], y[rest]), fold))
        return np.array([*(loss(model, np.arange(len(y))) for model in models[:-1]), np.mean(own, axis=0)])
