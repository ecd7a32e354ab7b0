"""What searchers with a Gaussian process of the losses share: which trial is best, and how much is still to gain."""

from __future__ import annotations

import abc

from tunekit_bo.acquisition.regret import Regret
from tunekit_bo.searchers.model_based import ModelBasedSearcher
from tunekit_bo.searchers.options import ModelOptions
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import Observations
from tunekit_bo.surrogates.recommendation import recommended_trial
from tunekit_core import Problem, RegretBound, Report, Status, Streams, Trial


class LossModelSearcher(ModelBasedSearcher):
    """A model-based searcher whose model predicts losses at the last resource."""

    def __init__(self, problem: Problem, streams: Streams, options: ModelOptions, observations: Observations) -> None:
        super().__init__(problem, streams, options, observations)
        self._regret = Regret(
            problem, observations, self.eligibility, self.failures, self.streams, options.num_init_candidates
        )

    @abc.abstractmethod
    def loss_model(self) -> LossModel:
        """The model of the losses."""

    def recommended_trial(self) -> int | None:
        """The trial that `recommendation` finds: the lowest mean at the highest resource that was observed.

        Compared are good ones that were observed there, and the one with the best report. Where the model is of what
        trials end with, all that were observed are compared. It takes one prediction with the hyperparameters of the
        last fit; before the first one, a fit.
        """
        return recommended_trial(self.loss_model(), self.observations, self.eligibility)

    def regret_bound(self) -> RegretBound | None:
        """What `Regret` finds, with the hyperparameters of the last fit; ``None`` before the first one."""
        return self._regret.bound(self.loss_model())

    def on_report(self, trial: Trial, report: Report) -> None:
        super().on_report(trial, report)
        self._regret.on_observed(self.loss_model())

    def on_pause(self, trial: Trial) -> None:
        super().on_pause(trial)
        self._regret.on_outcome(self.loss_model(), Status.PAUSED)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        super().on_end(trial, outcome)
        self._regret.on_outcome(self.loss_model(), outcome)
