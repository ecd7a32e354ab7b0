"""DyHPO: the next step goes to the trial that may improve most by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from tunekit_bo.searchers.choosing import Chooser, ChoosingOptions
from tunekit_bo.searchers.loss_based import LossModelSearcher
from tunekit_bo.searchers.model_based import last_resource
from tunekit_bo.surrogates.formulations import LearningCurves
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import AllReports
from tunekit_core import Note, PausedTrial, Problem, Promotion, Proposal, Streams


@attrs.frozen
class NextStep:
    """Trials are compared at the level that they run to next, whatever they cost."""

    def level(self, target: int) -> int:
        return target

    def cost(self, resource: int) -> float:
        return 1.0


class DyHpo(LossModelSearcher):
    """Chooses between paused trials and new ones by what they may improve at the level that they run to next.

    Each is compared with the best at its own level. Of the new trials, one in eight is random. Unlike the paper, and as
    the reference software, the model is a Gaussian process over configurations and resources, not over features that a
    network learns from curves.

    Raises:
        ConfigurationError: If the problem has no ``max_resource``.

    References:
        Wistuba, Kadra, Grabocka, Supervising the Multi-Fidelity Race of Hyperparameter Configurations, NeurIPS 2022.
    """

    name: ClassVar[str] = "dyhpo"
    revision: ClassVar[int] = 3
    Options: ClassVar[type[Any]] = ChoosingOptions

    def __init__(self, problem: Problem, streams: Streams, options: ChoosingOptions) -> None:
        super().__init__(problem, streams, options, AllReports(problem.space))
        self._losses = LossModel(
            LearningCurves(problem.space, last_resource(problem, self.name), options.resource_kernel),
            self.observations,
            self.streams,
            max_size=options.max_size_data_for_model,
            n_fantasies=options.num_fantasy_samples,
        )
        self._chooser = Chooser(self, self._losses, NextStep())

    def loss_model(self) -> LossModel:
        return self._losses

    def restore(self, note: Note) -> None:
        self._losses.restore(note)

    def propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        """For schedulers that leave no choice: the configuration that may improve most where it is compared first."""
        return self.most_improving(self._losses, resource, trial_id)

    def choose(self, trial_id: int, paused: Sequence[PausedTrial], *, resource: int) -> Proposal | Promotion | None:
        return self._chooser.choose(trial_id, paused, resource=resource)
