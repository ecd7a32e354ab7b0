"""What all model-based searchers share: how the search begins, and where events go."""

from __future__ import annotations

import abc
from typing import ClassVar

import numpy as np

from tunekit_bo.acquisition.failures import FailureModel
from tunekit_bo.acquisition.incumbents import improvement_at
from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.acquisition.untried import UntriedConfigurations
from tunekit_bo.searchers.options import ModelOptions
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import Observations
from tunekit_bo.surrogates.recommendation import Eligibility
from tunekit_core import (
    NO_NOTE,
    ConfigurationError,
    Note,
    Problem,
    Proposal,
    Report,
    Searcher,
    Status,
    Streams,
    Trial,
)


class ModelBasedSearcher(Searcher):
    """Random configurations first, then those that a model proposes.

    The first are paired with those of all methods. What a model needs each searcher draws from streams of its own.

    Attributes:
        observations: What was observed, and what is pending.
        untried: The configurations that no trial has had.
        failures: What is learnt from scripts that fail.
        eligibility: Which observations count as results.
    """

    is_expensive: ClassVar[bool] = True

    def __init__(self, problem: Problem, streams: Streams, options: ModelOptions, observations: Observations) -> None:
        super().__init__(problem, streams, options)
        if len(problem.objective.metric) != 1:
            raise ConfigurationError(
                f"metric={list(problem.objective.metric)}: the searcher '{self.name}' optimises one metric. Name one.",
                option="metric",
                value=problem.objective.metric,
            )
        self.observations = observations
        self.untried = UntriedConfigurations(problem, self.streams, options.num_init_candidates)
        self.failures = FailureModel(problem.space)
        self.eligibility = Eligibility(problem)
        self._n_first = max(options.num_init_random, len(problem.points_to_evaluate))

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        """A random configuration in the initial design, then what the model proposes.

        Once scripts have failed, the model proposes what is likely to run. As long as nothing has run, random
        configurations find a small region where scripts run sooner than a model that knows failures alone.

        Where every configuration that the model scored has had a trial, a random one is proposed.
        """
        note: Note = NO_NOTE
        if not self.in_initial_design():
            proposal = None if self.untried.is_exhausted else self.propose(trial_id, resource)  # a fit takes its time
            if proposal is not None:
                return proposal
            note = {"random": "every configuration that was scored is taken"}
        configuration = self.untried.random(trial_id)
        return None if configuration is None else Proposal(configuration, note)

    def in_initial_design(self) -> bool:
        """Whether random configurations are proposed.

        These are the points to evaluate, others up to ``num_init_random``, and others until there is an observation.
        """
        return self.untried.n_tried < self._n_first or not len(self.observations)

    @abc.abstractmethod
    def propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        """What the model proposes; ``None`` if every configuration that was scored has had a trial.

        Args:
            trial_id: As for :meth:`suggest`.
            resource: As for :meth:`suggest`.
        """

    def most_improving(self, model: LossModel, resource: int | None, trial_id: int) -> Proposal | None:
        """The untried configuration with the largest expected improvement at a resource.

        Args:
            model: Model of the losses.
            resource: Where improvement is expected; ``None`` at the last resource.
            trial_id: The trial that it is for.
        """
        fit = model.current_fit()
        improvement, anchors = improvement_at(model.posterior(fit, trial_id), model.context(resource))
        return self.best_untried(improvement, anchors, trial_id, fit.note)

    def best_untried(self, acquisition: Acquisition, anchors: np.ndarray, trial_id: int, note: Note) -> Proposal | None:
        """The untried configuration where an acquisition is largest.

        Args:
            acquisition: What is maximised.
            anchors: k x d array of promising configurations, encoded.
            trial_id: The trial that it is for.
            note: The note of the proposal.
        """
        generator = self.streams.generator("candidates", trial_id)
        acquisition, of_failures = self.failures.avoiding(acquisition)
        configuration = self.untried.best(acquisition, anchors, generator)
        return None if configuration is None else Proposal(configuration, {**note, **of_failures})

    def restore(self, note: Note) -> None:
        """Take back what was fitted for a start or resume, from its note."""

    def on_start(self, trial: Trial) -> None:
        self.untried.exclude(trial.configuration)
        self.observations.on_start(trial)
        self.failures.outcomes.on_start(trial)
        self._restore(trial.note)

    def on_resume(self, trial: Trial, note: Note) -> None:
        self._restore(note)

    def on_target(self, trial: Trial, resource: int | None) -> None:
        self.observations.on_target(trial, resource)

    def on_report(self, trial: Trial, report: Report) -> None:
        self.observations.on_report(trial, report)
        self.eligibility.on_report(report)

    def on_pause(self, trial: Trial) -> None:
        self.observations.on_pause(trial)
        self.eligibility.on_report(trial.last_report)
        self.failures.outcomes.on_pause(trial)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.observations.on_end(trial, outcome)
        self.eligibility.on_report(trial.last_report)
        self.eligibility.on_end(trial.id, outcome)
        self.failures.outcomes.on_end(trial, outcome)

    def _restore(self, note: Note) -> None:
        self.restore(note)
        self.failures.restore(note)


def last_resource(problem: Problem, searcher: str) -> int:
    """The last resource of a trial, for a searcher that models losses up to it.

    Raises:
        ConfigurationError: If the problem does not say it.
    """
    if problem.max_resource is None:
        raise ConfigurationError(
            f"The searcher '{searcher}' models losses up to max_resource, which this problem does not say. "
            "Set max_resource in the benchmark, or use the searcher 'bo'.",
            option="max_resource",
        )
    return problem.max_resource
