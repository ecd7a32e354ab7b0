"""Bayesian optimisation of what trials end with."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from tunekit_bo.acquisition.cost import per_cost
from tunekit_bo.acquisition.feasibility import constrained_improvement
from tunekit_bo.acquisition.incumbents import improvement_at
from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.models.kernels import Matern52, Prior
from tunekit_bo.models.warping import Warped, warped_columns
from tunekit_bo.searchers.loss_based import LossModelSearcher
from tunekit_bo.searchers.options import GaussianProcessOptions
from tunekit_bo.surrogates.formulations import FinalLosses
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import LastReports
from tunekit_bo.surrogates.side_model import SideModel
from tunekit_core import Note, Problem, Proposal, Streams, option


@attrs.frozen(kw_only=True)
class BayesianOptimisationOptions(GaussianProcessOptions):
    """Options of Bayesian optimisation."""

    input_warping: bool = option(
        False,
        help="Whether the model learns to stretch parts of each hyperparameter's range, unordered categories aside. It "
        "helps where losses change in a small part of a range alone, and takes time.",
    )
    cost_attr: str | None = option(
        None,
        help="Reported metric that says what a trial has cost, such as seconds; above 0. Improvement per cost is then "
        "sought.",
    )
    exponent_cost: float = option(
        1.0,
        help="Power of that cost: the smaller, the less cost matters. To ignore it, leave ``cost_attr`` out.",
        above=0,
        at_most=1,
    )


class BayesianOptimisation(LossModelSearcher):
    """Gaussian process with a Matern-5/2 kernel, expected improvement averaged over fantasies of what is pending.

    A trial is observed once, by its last report, when it ends or pauses; one that fails is left out. With more
    observations than the model takes, it keeps the best quarter (feasible ones first) and a random choice of the rest.

    Where the problem has a constraint, the expected improvement over the best feasible loss is multiplied by the
    probability that it holds; a trial whose constraint is not a finite number, or missing, is infeasible. With a cost,
    the product is divided by a power of the predicted cost.

    Raises:
        ConfigurationError: If no report carries the constraint or the cost: known from the problem, or seen when the
            model proposes for the first time.

    References:
        Snoek, Larochelle, Adams, Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 2012.
    """

    name: ClassVar[str] = "bo"
    revision: ClassVar[int] = 2
    Options: ClassVar[type[Any]] = BayesianOptimisationOptions

    def __init__(self, problem: Problem, streams: Streams, options: BayesianOptimisationOptions) -> None:
        reports = LastReports(problem.space)
        super().__init__(problem, streams, options, reports)
        matern = Matern52(problem.space.width, codes=problem.space.code_columns)
        prior: Prior = Warped(matern, warped_columns(problem.space)) if options.input_warping else matern

        def side_model(option: str, metric: str | None, note: str) -> SideModel | None:
            if metric is None:
                return None
            problem.check_metric(metric, option=option)
            return SideModel(option, metric, prior, reports, note=note)

        self._constraint = side_model("constraint", problem.constraint, "fit_constraint")
        self._cost = side_model("searcher.cost_attr", options.cost_attr, "fit_cost_attr")
        self._exponent_cost = options.exponent_cost
        self._losses = LossModel(
            FinalLosses(prior, self._constraint),
            reports,
            self.streams,
            max_size=options.max_size_data_for_model,
            n_fantasies=options.num_fantasy_samples,
        )

    def loss_model(self) -> LossModel:
        return self._losses

    def restore(self, note: Note) -> None:
        for model in (self._losses, self._constraint, self._cost):
            if model is not None:
                model.restore(note)

    def propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        """The configuration with the largest expected improvement, times feasibility, per cost."""
        fit = self._losses.current_fit()
        posterior = self._losses.posterior(fit, trial_id)
        observed = self._losses.positions(fit)
        acquisition: Acquisition
        acquisition, anchors = improvement_at(posterior, self._losses.context(resource))
        note = dict(fit.note)
        if self._constraint is not None:
            acquisition, more = constrained_improvement(self._constraint, posterior, observed, refit=fit.is_new)
            note |= more
        if self._cost is not None:
            X = posterior.X[: len(observed)]
            acquisition, more = per_cost(
                acquisition, self._cost, X, observed, exponent=self._exponent_cost, refit=fit.is_new
            )
            note |= more
        return self.best_untried(acquisition, anchors, trial_id, note)
