"""Grid search."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, ClassVar, Literal

import attrs
import numpy as np

from tunekit_core.contracts.options import option
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Proposal, Trial
from tunekit_core.errors import InvalidOption
from tunekit_core.randomness import Streams
from tunekit_core.space import Configuration, Domain, Listed

LARGEST_GRID = 2**20


@attrs.frozen(kw_only=True)
class GridSearchOptions:
    """How fine the grid is, and in which order it is tried."""

    num_samples: int = option(5, help="Values taken from each continuous or integer domain.", at_least=2)
    shuffle: bool = option(True, help="Whether the order is random. Without it the last hyperparameter varies fastest.")


class GridSearch(Searcher):
    """Every configuration of a grid, once, in an order that the seed shuffles.

    Lists of values contribute all of them; integers and continuous domains ``num_samples`` values, equally spaced in
    the scale of the domain, both ends included.

    Raises:
        InvalidOption: If the grid has more than 2^20 points.
    """

    name: ClassVar[str] = "grid"
    objectives: ClassVar[Literal["one", "many"]] = "many"
    Options: ClassVar[type[Any]] = GridSearchOptions

    def __init__(self, problem: Problem, streams: Streams, options: GridSearchOptions) -> None:
        super().__init__(problem, streams, options)
        self._axes = self._build_axes(options.num_samples)
        self._size = math.prod(len(values) for values in self._axes.values())
        if problem.rows is not None:
            self._size = len(problem.rows)
        if self._size > LARGEST_GRID:
            raise InvalidOption(
                "num_samples",
                options.num_samples,
                f"makes a grid of {self._size:,} points, more than {LARGEST_GRID:,}. Lower it, or use searcher=random",
            )
        self._order = np.arange(self._size)
        if options.shuffle:
            self.streams.generator("order").shuffle(self._order)
        self._taken: set[Hashable] = set()
        self._next = 0  # every point of the grid before this one is taken

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        points = self.problem.points_to_evaluate
        if trial_id < len(points) and self.problem.space.key(points[trial_id]) not in self._taken:
            return Proposal(points[trial_id])
        for index in self._order[self._next :]:
            configuration = self._configuration(int(index))
            if self.problem.space.key(configuration) not in self._taken:
                return Proposal(configuration)
        return None

    def on_start(self, trial: Trial) -> None:
        self._taken.add(self.problem.space.key(trial.configuration))
        while self._next < self._size and self._key(self._next) in self._taken:
            self._next += 1

    def _key(self, position: int) -> Hashable:
        return self.problem.space.key(self._configuration(int(self._order[position])))

    def _configuration(self, index: int) -> Configuration:
        if self.problem.rows is not None:
            return self.problem.rows[index]
        chosen: dict[str, Any] = {}
        for name in reversed(self._axes):
            index, position = divmod(index, len(self._axes[name]))
            chosen[name] = self._axes[name][position]
        return self.problem.space.complete(chosen)

    def _build_axes(self, num_samples: int) -> dict[str, list[Any]]:
        space = self.problem.space
        return {name: _grid_values(space.domains[name], num_samples) for name in space.searched}


def _grid_values(domain: Domain, num_samples: int) -> list[Any]:
    if isinstance(domain, Listed) or (domain.size is not None and domain.size <= num_samples):
        return list(domain.values())
    spaced = domain.decode(np.linspace(0.0, 1.0, num_samples).reshape(-1, 1))
    return list(dict.fromkeys(spaced))  # rounding can make two of them one
