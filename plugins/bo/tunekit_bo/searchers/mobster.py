"""MOBSTER: Bayesian optimisation that learns from trials that have not come to their end."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import attrs

from tunekit_bo.searchers.loss_based import LossModelSearcher
from tunekit_bo.searchers.model_based import last_resource
from tunekit_bo.searchers.options import CURVES_HELP, LearningCurveOptions
from tunekit_bo.surrogates.formulations import LearningCurves
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import AllReports
from tunekit_core import Note, Problem, Proposal, Streams, option

ENOUGH_AT_A_RUNG = 3


@attrs.frozen(kw_only=True)
class MobsterOptions(LearningCurveOptions):
    """Options of MOBSTER."""

    resource_kernel: Literal["exp-decay-sum", "matern52", "independent"] = option(
        "matern52",
        help=f"{CURVES_HELP} 'independent': resources say nothing of each other; the losses at each are standardised "
        "by themselves.",
    )
    resource_acq: Literal["bohb", "first", "final"] = option(
        "bohb",
        help="The resource at which expected improvement is maximised. 'bohb': the highest with at least 3 "
        "observations, or else the lowest; 'first': where the new trial is compared first; 'final': ``max_resource``.",
    )


class Mobster(LossModelSearcher):
    """Gaussian process over configurations and resources, for schedulers that compare trials at rungs.

    Every report that the scheduler passes on is observed, and stays observed if the trial fails later: it is
    true of its resource. A trial that runs is pending at its next target.

    Unlike the paper, curves are not assumed to be parallel unless ``exp-decay-sum`` is chosen: where early losses
    mislead, that makes the model worse than one of complete trials alone.

    Raises:
        ConfigurationError: If the problem has no ``max_resource``.

    References:
        Klein, Tiao, Lienart, Archambeau, Seeger, Model-based Asynchronous Hyperparameter and Neural Architecture
        Search, 2020.
    """

    name: ClassVar[str] = "mobster"
    revision: ClassVar[int] = 2
    Options: ClassVar[type[Any]] = MobsterOptions

    def __init__(self, problem: Problem, streams: Streams, options: MobsterOptions) -> None:
        self._reports = AllReports(problem.space)
        super().__init__(problem, streams, options, self._reports)
        self._max_resource = last_resource(problem, self.name)
        self._resource_acq = options.resource_acq
        self._losses = LossModel(
            LearningCurves(problem.space, self._max_resource, options.resource_kernel),
            self._reports,
            self.streams,
            max_size=options.max_size_data_for_model,
            n_fantasies=options.num_fantasy_samples,
        )

    def loss_model(self) -> LossModel:
        return self._losses

    def restore(self, note: Note) -> None:
        self._losses.restore(note)

    def propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        """The configuration with the largest expected improvement at the resource of ``resource_acq``."""
        return self.most_improving(self._losses, self._acquisition_resource(resource), trial_id)

    def _acquisition_resource(self, resource: int | None) -> int | None:
        if self._resource_acq == "bohb":
            count_at = self._reports.count_at
            enough = [level for level, count in count_at.items() if count >= ENOUGH_AT_A_RUNG]
            return max(enough) if enough else min(count_at)
        return resource if self._resource_acq == "first" else self._max_resource
