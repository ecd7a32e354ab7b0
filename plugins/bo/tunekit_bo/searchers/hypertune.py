"""Hyper-Tune: a model for each rung, and weights that say how well each predicts the highest one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tunekit_bo.acquisition.incumbents import improvement_at
from tunekit_bo.searchers.loss_based import LossModelSearcher
from tunekit_bo.searchers.model_based import last_resource
from tunekit_bo.searchers.options import LearningCurveOptions
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import AllReports
from tunekit_bo.surrogates.rung_models import RungModels
from tunekit_core import Note, Problem, Proposal, Streams


class HyperTune(LossModelSearcher):
    """Gaussian processes of all rungs, weighted by how well they rank what was observed at the highest one.

    A rung with at least 6 observations is supported; the rungs are modelled independently of each other, as by
    ``mobster`` with independent rungs. A model ranks as well as samples of its posterior do; that of the highest
    supported rung is left out where it was observed, in up to 5 folds. How often a rung ranks best is its weight:
    expected improvement at the highest supported rung is that of the weighted sum of all models, and brackets that
    begin at supported rungs share their probability in proportion to the weight divided by the resource.

    Unlike the paper, and as the reference software, the models are Gaussian processes, and promotions are left to
    the scheduler, which does not delay them.

    Raises:
        ConfigurationError: If the problem has no ``max_resource``.

    References:
        Li et al., Hyper-Tune: Towards Efficient Hyper-parameter Tuning at Scale, VLDB 2022.
    """

    name: ClassVar[str] = "hypertune"
    revision: ClassVar[int] = 2
    Options: ClassVar[type[Any]] = LearningCurveOptions

    def __init__(self, problem: Problem, streams: Streams, options: LearningCurveOptions) -> None:
        super().__init__(problem, streams, options, AllReports(problem.space))
        self._rungs = RungModels(
            problem.space,
            last_resource(problem, self.name),
            self.observations,
            self.streams,
            max_size=options.max_size_data_for_model,
            n_fantasies=options.num_fantasy_samples,
        )

    def loss_model(self) -> LossModel:
        return self._rungs.of_all

    def restore(self, note: Note) -> None:
        self._rungs.restore(note)

    def bracket_weights(self, levels: Sequence[int]) -> Mapping[int, float]:
        """For each supported rung, how often it ranks best, divided by the resource of a trial there."""
        if not len(self.observations):
            return {}
        rungs = self._rungs.supported()
        return {level: float(share) / level for level, share in zip(rungs.levels, rungs.shares, strict=True)}

    def propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        """The configuration with the largest expected improvement at the highest supported rung."""
        rungs = self._rungs.supported()
        posterior = self._rungs.posterior(rungs, trial_id)
        improvement, anchors = improvement_at(posterior, self._rungs.context(rungs.levels[-1]))
        return self.best_untried(improvement, anchors, trial_id, rungs.fit.note)
