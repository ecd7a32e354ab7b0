"""Coordinate search."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, ClassVar

import attrs
import numpy as np

from tunekit_core import (
    Configuration,
    Problem,
    Proposal,
    Report,
    Searcher,
    Streams,
    Trial,
    option,
)

ATTEMPTS = 50  # neighbours drawn before the searcher takes a random configuration instead


@attrs.frozen(kw_only=True)
class CoordinateSearchOptions:
    """How the search begins."""

    num_initial: int = option(10, help="Random configurations to begin with.", at_least=1)


class CoordinateSearch(Searcher):
    """The incumbent with one hyperparameter changed, after a number of random configurations.

    Which hyperparameter changes is random, and so is its new value, uniform in the scale of its domain.
    """

    name: ClassVar[str] = "coordinate"
    Options: ClassVar[type[Any]] = CoordinateSearchOptions

    def __init__(self, problem: Problem, streams: Streams, options: CoordinateSearchOptions) -> None:
        super().__init__(problem, streams, options)
        self._num_initial = options.num_initial
        self._random = problem.random_configurations(self.streams)
        self._taken: set[Hashable] = set()
        self._incumbent: Configuration | None = None
        self._lowest_loss = math.inf

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        configuration = self._neighbour(trial_id) if trial_id >= self._num_initial else None
        if configuration is None:
            configuration = self._random.propose(trial_id, self._taken)
        return None if configuration is None else Proposal(configuration)

    def on_start(self, trial: Trial) -> None:
        self._taken.add(self.problem.space.key(trial.configuration))

    def on_report(self, trial: Trial, report: Report) -> None:
        loss = report.losses[0]
        if loss < self._lowest_loss:  # what was not finite has the loss infinity, which is never below another
            self._lowest_loss = loss
            self._incumbent = trial.configuration

    def _neighbour(self, trial_id: int) -> Configuration | None:
        space = self.problem.space
        if self._incumbent is None or not space.searched:
            return None
        numbers = self.streams.generator("neighbours", trial_id).random((ATTEMPTS, 2))
        for which, where in numbers:
            name = space.searched[int(which * len(space.searched))]
            (value,) = space.domains[name].from_unit(np.array([where]))
            neighbour = space.replace(self._incumbent, name, value)
            if self._is_allowed(neighbour):
                return neighbour
        return None

    def _is_allowed(self, configuration: Configuration) -> bool:
        rows = self.problem.rows
        new = self.problem.space.key(configuration) not in self._taken
        return new and (rows is None or rows.index_of(configuration) is not None)
