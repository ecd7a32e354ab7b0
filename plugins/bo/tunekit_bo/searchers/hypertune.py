"""Hyper-Tune: a model for each rung, and weights that say which rungs foretell the highest one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import attrs
import numpy as np

from tunekit_bo.models.ensemble import Ensemble
from tunekit_bo.models.gp import Posterior, Surrogate
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.ranking import ensemble_weights, folds, ranking_loss, shares_of_least_loss
from tunekit_bo.searchers.gaussian_process import Fit
from tunekit_bo.searchers.mobster import Mobster
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Note
from tunekit_core.randomness import Streams

ENOUGH_FOR_SUPPORT = 6
N_SAMPLES = 50


@attrs.frozen(eq=False)
class SupportedRungs:
    """The rungs with enough data, lowest first, and how well each foretells the highest of them.

    Attributes:
        fit: The hyperparameters, which all rungs share.
        note: What makes them last if they are new.
        levels: The resource of each rung.
        models: The posterior of each over configurations, without what is pending.
        shares: How often each ranks best what was observed at the highest.
    """

    fit: Fit
    note: Note
    levels: list[int]
    models: list[Posterior]
    shares: np.ndarray


class HyperTune(Mobster):
    """Gaussian processes of all rungs, weighted by how well they rank what was observed at the highest one.

    A rung with at least 6 observations is supported; the rungs are modelled independently of each other, as by
    ``mobster`` with independent rungs. A model ranks as well as samples of its posterior do; that of the highest
    supported rung is left out where it was observed, in up to 5 folds. How often a rung ranks best is its weight:
    expected improvement at the highest supported rung is that of the weighted sum of all models, and brackets that
    begin at supported rungs share their probability in proportion to the weight divided by the resource.

    Unlike the paper, and as the reference software, the models are Gaussian processes, and promotions are left to
    the scheduler, which does not delay them.

    Args:
        problem: What is solved; its ``max_resource`` must be known.
        streams: Random numbers.
        num_init_random: Number of first trials that are random (or points to evaluate).
        num_init_candidates: Random configurations that are scored for each proposal. More cost time.
        max_size_data_for_model: Most observations in all models. Time grows with the cube, memory with the square.
        num_fantasy_samples: Sampled outcomes of what is pending. More make the proposal depend less on chance.

    Raises:
        ConfigurationError: If an option is out of range, or the problem has no ``max_resource``.

    References:
        Li et al., Hyper-Tune: Towards Efficient Hyper-parameter Tuning at Scale, VLDB 2022.
    """

    name: ClassVar[str] = "hypertune"

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        num_init_random: int = 6,
        num_init_candidates: int = 250,
        max_size_data_for_model: int = 500,
        num_fantasy_samples: int = 20,
    ) -> None:
        super().__init__(
            problem,
            streams,
            resource_kernel="independent",
            num_init_random=num_init_random,
            num_init_candidates=num_init_candidates,
            max_size_data_for_model=max_size_data_for_model,
            num_fantasy_samples=num_fantasy_samples,
        )
        self._of_configurations = Matern52(problem.space.width)
        self._known: tuple[int, Fit | None, SupportedRungs] | None = None

    def bracket_weights(self, levels: Sequence[int]) -> Mapping[int, float]:
        """For each supported rung, how often it ranks best, by what a trial costs there."""
        if not len(self._observations):
            return {}
        rungs = self._supported_rungs()
        return {level: float(share) / level for level, share in zip(rungs.levels, rungs.shares, strict=True)}

    def _current_fit(self) -> tuple[Fit, Note]:
        rungs = self._supported_rungs()
        return rungs.fit, rungs.note

    def _acquisition_resource(self, resource: int | None) -> int | None:
        return self._supported_rungs().levels[-1]

    def _posterior(self, current: Fit, trial_id: int) -> Surrogate:
        rungs = self._supported_rungs()
        generator = self.streams.generator(f"{self.name}/fantasies", trial_id)
        normals = generator.standard_normal((len(self._pending), self._num_fantasy_samples))
        ids = np.array([*self._pending], dtype=int)
        until = np.array([self._max_resource if r is None else r for r in self._pending.values()], dtype=int)
        models = []
        for level, model in zip(rungs.levels, rungs.models, strict=True):
            here = until == level
            if here.any():
                model = model.fantasize(np.array([self._encoded[i] for i in ids[here]]), normals[here])
            models.append(model)
        top = models[-1].X
        weights = ensemble_weights(rungs.shares)
        return Ensemble(
            np.column_stack([top, self._columns([rungs.levels[-1]] * len(top))]),
            [model for model, weight in zip(models, weights, strict=True) if weight > 0],
            [float(weight) for weight in weights if weight > 0],
        )

    def _supported_rungs(self) -> SupportedRungs:
        """Computed once while the data and the last fit stay: the bracket of a trial, then its configuration, ask."""
        count = len(self._observations)
        if self._known is None or self._known[:2] != (count, self._fit):
            self._known = count, self._fit, self._support()
        return self._known[2]

    def _support(self) -> SupportedRungs:
        current, note = super()._current_fit()
        positions = self._modelled(current)
        X, y = self._data(positions)
        X = X[:, : self.problem.space.width]
        resources = np.array([self._observations.resources[i] for i in positions])
        seen, counts = np.unique(resources, return_counts=True)
        levels = seen[counts >= ENOUGH_FOR_SUPPORT] if counts.max() >= ENOUGH_FOR_SUPPORT else seen[:1]
        data = [(X[resources == level], y[resources == level]) for level in levels]
        models = [Posterior.of(self._of_configurations, current.theta, *of_level) for of_level in data]
        shares = np.ones(1) if len(models) == 1 else shares_of_least_loss(self._losses(models, *data[-1]))
        return SupportedRungs(current, note, levels.tolist(), models, shares)

    def _losses(self, models: Sequence[Posterior], X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Ranking losses of all rungs, in samples, for what was observed at the highest."""
        generator = self.streams.generator(f"{self.name}/ranking", len(self._observations))

        def loss(model: Posterior, at: np.ndarray) -> np.ndarray:
            return ranking_loss(model.sample(X[at], generator.standard_normal((len(at), N_SAMPLES))), y[at])

        own = []
        for fold in folds(len(y)):
            rest = np.setdiff1d(np.arange(len(y)), fold)
            own.append(loss(Posterior.of(self._of_configurations, models[-1].factor.theta, X[rest], y[rest]), fold))
        return np.array([*(loss(model, np.arange(len(y))) for model in models[:-1]), np.mean(own, axis=0)])
