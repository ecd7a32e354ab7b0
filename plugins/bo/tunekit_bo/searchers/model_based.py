"""What all model-based searchers share: which trials there were, what was observed, and how the search begins."""

from __future__ import annotations

import abc
from collections.abc import Hashable

import attrs
import numpy as np

from tunekit_bo.acquisition.search import search_for
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.random_configurations import RandomConfigurations
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import NO_NOTE, Note, Proposal, Status, Trial
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams


@attrs.define
class Observations:
    """What the model may see, in the order in which it came. Nothing is ever removed.

    Attributes:
        trial_ids: The trial of each observation.
        resources: Where it was made.
        losses: What was observed; lower is better.
    """

    trial_ids: list[int] = attrs.field(factory=list)
    resources: list[int] = attrs.field(factory=list)
    losses: list[float] = attrs.field(factory=list)

    def __len__(self) -> int:
        return len(self.losses)

    def add(self, trial_id: int, resource: int, loss: float) -> None:
        """Append an observation."""
        self.trial_ids.append(trial_id)
        self.resources.append(resource)
        self.losses.append(loss)


class ModelBasedSearcher(Searcher):
    """Random configurations first, then those that a model proposes.

    A trial is observed once, by its last loss, when it pauses or ends; a trial that fails is not observed.
    """

    def __init__(self, problem: Problem, streams: Streams, *, num_init_random: int) -> None:
        super().__init__(problem, streams)
        if len(problem.objective.metric) != 1:
            raise ConfigurationError(
                f"metric={list(problem.objective.metric)}: the searcher '{self.name}' optimises one metric. Name one.",
                option="metric",
                value=problem.objective.metric,
            )
        check_at_least(1, "num_init_random", num_init_random)
        self._num_init_random = num_init_random
        self._random = RandomConfigurations(problem, streams)
        self._search = search_for(problem)
        self._taken: set[Hashable] = set()
        self._encoded: dict[int, np.ndarray] = {}
        self._pending: dict[int, int | None] = {}
        self._observations = Observations()
        self._position: dict[int, int] = {}

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        """A random configuration of those that every method shares, or later one that the model proposes.

        Random configurations are proposed while there are points to evaluate, fewer trials than
        ``num_init_random``, or no observation.
        """
        note: Note = NO_NOTE
        if not self._begins():
            proposal = self._propose(trial_id, resource)
            if proposal is not None:
                return proposal
            note = {"random": "every configuration that was scored is taken"}
        configuration = self._random.propose(trial_id, self._taken)
        return None if configuration is None else Proposal(configuration, note)

    def _begins(self) -> bool:
        """Whether the first configurations are not all proposed yet, or there is nothing to make a model of."""
        first = max(self._num_init_random, len(self.problem.points_to_evaluate))
        return len(self._taken) < first or not len(self._observations)

    @abc.abstractmethod
    def _propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        """What the model proposes; ``None`` if every configuration that it looked at is taken."""

    def on_start(self, trial: Trial) -> None:
        """The configuration is taken from now on."""
        self._taken.add(self.problem.space.key(trial.configuration))
        self._search.exclude(trial.configuration)
        self._encoded[trial.id] = self.problem.space.encode([trial.configuration])[0]

    def on_target(self, trial: Trial, resource: int | None) -> None:
        """The trial is pending, unless it was observed before it was resumed."""
        if trial.id not in self._position:
            self._pending[trial.id] = resource

    def on_pause(self, trial: Trial) -> None:
        """The trial is observed and not pending."""
        self._settle(trial)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        """The trial is not pending, and observed unless it failed."""
        if outcome is Status.FAILED:
            self._pending.pop(trial.id, None)
        else:
            self._settle(trial)

    def _settle(self, trial: Trial) -> None:
        self._pending.pop(trial.id, None)
        report = trial.last_report
        if report is None:
            return
        position = self._position.setdefault(trial.id, len(self._observations))
        if position == len(self._observations):
            self._observations.add(trial.id, report.resource, report.losses[0])
        else:
            self._observations.resources[position] = report.resource
            self._observations.losses[position] = report.losses[0]


def check_at_least(least: int, option: str, value: int) -> None:
    """Refuse an option that is too small.

    Raises:
        ConfigurationError: If ``value`` is below ``least``.
    """
    if value < least:
        raise ConfigurationError(f"{option}={value} must be at least {least}.", option=option, value=value)
