"""Coordinate search."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import ClassVar

import numpy as np

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.random_configurations import RandomConfigurations
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Proposal, Report, Trial
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams
from tunekit_core.space import Configuration

ATTEMPTS = 50  # neighbours drawn before the searcher takes a random configuration instead


class CoordinateSearch(Searcher):
    """The incumbent with one hyperparameter changed, after a number of random configurations.

    Which hyperparameter changes is random, and so is its new value, uniform in the scale of its domain.

    Args:
        problem: What is to be solved.
        streams: Random numbers.
        num_initial: Random configurations to begin with, at least 1.

    Raises:
        ConfigurationError: If ``num_initial`` is below 1.
    """

    name: ClassVar[str] = "coordinate"

    def __init__(self, problem: Problem, streams: Streams, *, num_initial: int = 10) -> None:
        super().__init__(problem, streams)
        if num_initial < 1:
            raise ConfigurationError(
                f"searcher.num_initial={num_initial} must be at least 1.",
                option="searcher.num_initial",
                value=num_initial,
            )
        self._num_initial = num_initial
        self._random = RandomConfigurations(problem, streams)
        self._taken: set[Hashable] = set()
        self._incumbent: Configuration | None = None
        self._lowest_loss = math.inf

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        """A neighbour of the incumbent, or a random configuration while there is none."""
        configuration = self._neighbour(trial_id) if trial_id >= self._num_initial else None
        if configuration is None:
            configuration = self._random.propose(trial_id, self._taken)
        return None if configuration is None else Proposal(configuration)

    def on_start(self, trial: Trial) -> None:
        """Remember what is taken."""
        self._taken.add(self.problem.space.key(trial.configuration))

    def on_report(self, trial: Trial, report: Report) -> None:
        """Keep the best. What was not finite has the loss infinity, which is never below another."""
        loss = report.losses[0]
        if loss < self._lowest_loss:
            self._lowest_loss = loss
            self._incumbent = trial.configuration

    def _neighbour(self, trial_id: int) -> Configuration | None:
        space = self.problem.space
        if self._incumbent is None or not space.searched:
            return None
        numbers = self.streams.generator(self.name, trial_id).random((ATTEMPTS, 2))
        for which, where in numbers:
            name = space.searched[int(which * len(space.searched))]
            (value,) = space.domains[name].from_unit(np.array([where]))
            neighbour = {**self._incumbent, name: value}
            if self._is_allowed(neighbour):
                return neighbour
        return None

    def _is_allowed(self, configuration: Configuration) -> bool:
        rows = self.problem.rows
        new = self.problem.space.key(configuration) not in self._taken
        return new and (rows is None or rows.index_of(configuration) is not None)
