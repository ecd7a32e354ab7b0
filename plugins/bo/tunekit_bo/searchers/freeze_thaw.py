"""Freeze-thaw search: the next step goes to the trial that may improve most by its end for what it still costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from tunekit_bo.searchers.choosing import Chooser, ChoosingOptions
from tunekit_bo.searchers.loss_based import LossModelSearcher
from tunekit_bo.searchers.model_based import last_resource
from tunekit_bo.searchers.probes import PROBE, Probes
from tunekit_bo.surrogates.foresight import Foresight
from tunekit_bo.surrogates.formulations import LearningCurves
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import AllReports
from tunekit_core import Note, PausedTrial, Problem, Promotion, Proposal, Report, Status, Streams, Trial


@attrs.frozen
class CompleteRun:
    """Trials are compared at their last resource, and cost the resource that is left of them.

    Attributes:
        max_resource: The last resource.
    """

    max_resource: int

    def level(self, target: int) -> int:
        return self.max_resource

    def cost(self, resource: int) -> float:
        return self.max_resource - resource


class FreezeThawSearcher(LossModelSearcher):
    """Chooses between paused trials and new ones by what they may improve at ``max_resource``.

    The expected improvement of a complete run is divided by the resource that is left of it. Losses at lower resources
    teach the model, and never decide: where the first epochs mislead, the model finds that they say little, and the
    search becomes one among complete trials. What runs is pending at ``max_resource``, with its mean for an outcome. Of
    the new trials, one in eight is random.

    One of the first trials, and later a tenth of all resources, are probes: random configurations that run to their
    end whatever the model expects; four tenths, several at once, while it predicts the ends of complete trials hardly
    better than their average does.

    Unlike the papers, it is a Gaussian process over configurations and the logarithm of the resource, and the whole
    rest of a run is paid for, not the next step alone.

    Raises:
        ConfigurationError: If the problem has no ``max_resource``.

    References:
        Swersky, Snoek, Adams, Freeze-Thaw Bayesian Optimization, 2014.
    """

    name: ClassVar[str] = "freeze_thaw"
    revision: ClassVar[int] = 4
    Options: ClassVar[type[Any]] = ChoosingOptions

    def __init__(self, problem: Problem, streams: Streams, options: ChoosingOptions) -> None:
        super().__init__(problem, streams, options, AllReports(problem.space))
        self._max_resource = last_resource(problem, self.name)
        self._losses = LossModel(
            LearningCurves(problem.space, self._max_resource, options.resource_kernel),
            self.observations,
            self.streams,
            max_size=options.max_size_data_for_model,
            n_fantasies=options.num_fantasy_samples,
        )
        self._probes = Probes(self._max_resource)
        self._foresight = Foresight(self._losses, self.observations, self._max_resource)
        self._chooser = Chooser(self, self._losses, CompleteRun(self._max_resource))

    def loss_model(self) -> LossModel:
        return self._losses

    def restore(self, note: Note) -> None:
        self._losses.restore(note)

    def on_start(self, trial: Trial) -> None:
        self._probes.on_start(trial, is_initial=self.in_initial_design())
        super().on_start(trial)

    def on_target(self, trial: Trial, resource: int | None) -> None:
        """The trial is pending at ``max_resource``, wherever it pauses next."""
        self._probes.on_target(trial, resource)
        super().on_target(trial, self._max_resource)

    def on_report(self, trial: Trial, report: Report) -> None:
        self._probes.on_report(report)
        super().on_report(trial, report)
        self._foresight.on_observed()

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self._probes.on_end(trial)
        super().on_end(trial, outcome)

    def propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        """For schedulers that leave no choice: the configuration that may improve most at ``max_resource``."""
        return self.most_improving(self._losses, self._max_resource, trial_id)

    def choose(self, trial_id: int, paused: Sequence[PausedTrial], *, resource: int) -> Proposal | Promotion | None:
        probe = None if self.in_initial_design() else self._probe(trial_id, paused)
        return probe or self._chooser.choose(trial_id, paused, resource=resource)

    def _probe(self, trial_id: int, paused: Sequence[PausedTrial]) -> Proposal | Promotion | None:
        """A probe that was started, or one that is due: of the initial design, or random; ``None`` where none is."""
        started = self._probes.furthest_later(paused)
        if started is not None:
            return Promotion(started.trial_id)
        if not self._probes.is_due(self._foresight.nats()):
            return None
        initial = self._probes.furthest_initial(paused)
        if initial is not None:
            return Promotion(initial.trial_id)
        if self._probes.has_initial(self.observations.pending):  # it goes on sooner than a new one
            return None
        configuration = self.untried.random(trial_id)
        if configuration is None or not self.failures.may_run(configuration):
            return None
        return Proposal(configuration, PROBE)
