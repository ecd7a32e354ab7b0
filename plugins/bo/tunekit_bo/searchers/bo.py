"""Bayesian optimisation of what trials end with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tunekit_bo.acquisition.cost import per_cost
from tunekit_bo.acquisition.feasibility import constrained_improvement, feasible_first
from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.acquisition.side_models import SideModel
from tunekit_bo.models.data import select_best_and_random
from tunekit_bo.models.gp import Surrogate
from tunekit_bo.models.kernels import Matern52
from tunekit_bo.models.warping import Warped, warped_columns
from tunekit_bo.searchers.gaussian_process import GaussianProcessSearcher
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Note, Trial
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams


class BayesianOptimisation(GaussianProcessSearcher):
    """Gaussian process with a Matern-5/2 kernel, expected improvement averaged over fantasies of what is pending.

    A trial is observed once, by its last report, when it ends or pauses; one that fails is left out. With more
    observations than the model takes, it keeps the best quarter (feasible ones first) and a random choice of the rest.

    Where the problem has a constraint, the expected improvement over the best feasible loss is multiplied by the
    probability that it holds; a trial whose constraint is not a finite number, or missing, is infeasible. With a cost,
    the product is divided by a power of the predicted cost.

    Args:
        problem: What is solved.
        streams: Random numbers.
        num_init_random: Number of first trials that are random (or points to evaluate).
        num_init_candidates: Random configurations that are scored for each proposal. More cost time.
        max_size_data_for_model: Most observations in the model. Time grows with the cube, memory with the square.
        num_fantasy_samples: Sampled outcomes of what is pending. More make the proposal depend less on chance.
        input_warping: Whether the model learns to stretch parts of each hyperparameter's range, unordered
            categories aside. It helps where losses change in a small part of a range alone, and costs time.
        cost_attr: Metric that says what a trial has cost, such as seconds; above 0.
        exponent_cost: Power of the cost, above 0 and at most 1: the smaller, the less cost matters.

    Raises:
        ConfigurationError: If an option is out of range, or no report carries a metric that it names: known from
            the problem, or seen when the model proposes for the first time.

    References:
        Snoek, Larochelle, Adams, Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 2012.
    """

    name: ClassVar[str] = "bo"

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        num_init_random: int = 3,
        num_init_candidates: int = 250,
        max_size_data_for_model: int = 500,
        num_fantasy_samples: int = 20,
        input_warping: bool = False,
        cost_attr: str | None = None,
        exponent_cost: float = 1.0,
    ) -> None:
        matern = Matern52(problem.space.width)
        prior = Warped(matern, warped_columns(problem.space)) if input_warping else matern
        super().__init__(
            problem,
            streams,
            prior=prior,
            num_init_random=num_init_random,
            num_init_candidates=num_init_candidates,
            max_size_data_for_model=max_size_data_for_model,
            num_fantasy_samples=num_fantasy_samples,
        )
        if not 0 < exponent_cost <= 1:
            raise ConfigurationError(
                f"exponent_cost={exponent_cost} must be above 0 and at most 1. To ignore cost, leave cost_attr out.",
                option="exponent_cost",
                value=exponent_cost,
            )
        self._exponent_cost = exponent_cost
        self._constraint = SideModel.of("constraint", problem.constraint, prior, problem)
        self._cost = SideModel.of("cost_attr", cost_attr, prior, problem)
        self._side_models = [model for model in (self._constraint, self._cost) if model is not None]

    def on_start(self, trial: Trial) -> None:
        """Remember the trial, and the fits that its proposal needed."""
        super().on_start(trial)
        for model in self._side_models:
            model.restore(trial.note)

    def _settle(self, trial: Trial) -> None:
        super()._settle(trial)
        if trial.last_report is not None:
            for model in self._side_models:
                model.observe(trial.id, trial.last_report.metrics)

    def _columns(self, resources: Sequence[int | None]) -> np.ndarray:
        return np.empty((len(resources), 0))

    def _acquisition_resource(self, resource: int | None) -> int | None:
        return resource

    def _acquisition(
        self, posterior: Surrogate, incumbents: np.ndarray, context: np.ndarray, trial_id: int
    ) -> tuple[Acquisition, Note]:
        acquisition, note = super()._acquisition(posterior, incumbents, context, trial_id)
        trial_ids, refit = self._modelled_trials()
        if self._constraint is not None:
            acquisition, more = constrained_improvement(self._constraint, posterior, trial_ids, refit=refit)
            note = {**note, **more}
        if self._cost is not None:
            X = posterior.X[: len(trial_ids)]
            acquisition, more = per_cost(
                acquisition, self._cost, X, trial_ids, exponent=self._exponent_cost, refit=refit
            )
            note = {**note, **more}
        return acquisition, note

    def _modelled_trials(self) -> tuple[list[int], bool]:
        """The trials whose losses are in the model, and whether it is fitted anew for the proposal to come."""
        refit = self._fit_is_due()
        positions = self._kept(len(self._observations)) if self._fit is None or refit else self._modelled(self._fit)
        return [self._observations.trial_ids[i] for i in positions], refit

    def _select(self, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        losses = np.array(self._observations.losses[:count])
        if self._constraint is not None:
            losses = feasible_first(losses, self._constraint.values(self._observations.trial_ids[:count]))
        return select_best_and_random(losses, size, generator)
