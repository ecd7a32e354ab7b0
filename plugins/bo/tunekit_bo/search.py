"""Where the acquisition is largest among the configurations that no trial has had.

Real configurations are scored, never points between them: what a gradient finds is rounded first.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from tunekit_core.problem import Problem
from tunekit_core.space import Configuration, ConfigurationTable, SearchSpace

LISTED_SPACE = 2000
"""Spaces and tables of up to this many configurations are scored as a whole."""

LISTED_DOMAIN = 20
"""A hyperparameter with up to this many values is searched by trying all of them, not by its gradient."""

N_STARTS = 3
MAX_ROUNDS = 10
N_NEAREST_ROWS = 30
LOCAL_STD = 0.1


class Acquisition(Protocol):
    """What is maximised over encoded configurations."""

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """The value at each row of ``X``."""

    def with_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """The value at one point, and its derivatives."""


class Search(Protocol):
    """Maximises acquisitions over the configurations that are left."""

    def exclude(self, configuration: Configuration) -> None:
        """Never propose this configuration again."""

    def propose(
        self, acquisition: Acquisition, n_candidates: int, anchors: np.ndarray, generator: np.random.Generator
    ) -> Configuration | None:
        """The best configuration found.

        Args:
            acquisition: What is maximised.
            n_candidates: How many random configurations are scored before a few are improved.
            anchors: k x d array of promising configurations, encoded: their surroundings are searched too.
            generator: Draws the candidates.

        Returns:
            A configuration, or ``None`` if none was found that is left.
        """


def search_for(problem: Problem) -> Search:
    """The kind of search that suits the allowed configurations of a problem."""
    if problem.rows is not None:
        return RowSearch(problem.rows)
    size = problem.space.size
    if size is not None and size <= LISTED_SPACE:
        return RowSearch(ConfigurationTable(problem.space, np.arange(size)))
    return SpaceSearch(problem.space)


class RowSearch:
    """Search over the rows of a table."""

    def __init__(self, rows: ConfigurationTable) -> None:
        self._rows = rows
        self._left = np.ones(len(rows), dtype=bool)

    def exclude(self, configuration: Configuration) -> None:
        """Never propose this configuration again; one that is not in the table is ignored."""
        row = self._rows.index_of(configuration)
        if row is not None:
            self._left[row] = False

    def propose(
        self, acquisition: Acquisition, n_candidates: int, anchors: np.ndarray, generator: np.random.Generator
    ) -> Configuration | None:
        """The best row if there are few, or the best of random rows, of those near the anchors and nearby."""
        left = np.flatnonzero(self._left)
        if not len(left):
            return None
        X = self._rows.encoded
        if len(left) <= LISTED_SPACE:
            return self._rows[int(left[np.argmax(acquisition(X[left]))])]
        near = [left[_nearest(X[left], anchor)] for anchor in anchors]
        drawn = generator.choice(left, min(n_candidates, len(left)), replace=False)
        pool = np.unique(np.concatenate([drawn, *near]))
        values = acquisition(X[pool])
        best_row, best_value = -1, -np.inf
        for start in np.argsort(-values, kind="stable")[:N_STARTS]:
            row, value = pool[start], values[start]
            for _ in range(MAX_ROUNDS):
                around = left[_nearest(X[left], X[row])]
                around_values = acquisition(X[around])
                top = int(np.argmax(around_values))
                if around_values[top] <= value:
                    break
                row, value = around[top], around_values[top]
            if value > best_value:
                best_row, best_value = row, value
        return self._rows[int(best_row)]


def _nearest(X: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Positions of the rows of ``X`` that are closest to ``x``."""
    distances = cdist(x[None], X, "sqeuclidean")[0]
    return np.argsort(distances, kind="stable")[:N_NEAREST_ROWS]


class SpaceSearch:
    """Search over a whole space: gradients for continuous hyperparameters, all values of the others in turn."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._taken: set[Hashable] = set()
        self._listed = []
        smooth: list[int] = []
        stop = 0
        for name in space.searched:
            domain = space.domains[name]
            start, stop = stop, stop + domain.encoded_width
            if domain.size is not None and domain.size <= LISTED_DOMAIN:
                self._listed.append((name, domain.values()))
            else:
                smooth += range(start, stop)
        self._smooth = np.array(smooth, dtype=int)

    def exclude(self, configuration: Configuration) -> None:
        """Never propose this configuration again."""
        self._taken.add(self._space.key(configuration))

    def propose(
        self, acquisition: Acquisition, n_candidates: int, anchors: np.ndarray, generator: np.random.Generator
    ) -> Configuration | None:
        """The best of random configurations and of some around the anchors, the first few improved."""
        space = self._space
        candidates: list[Configuration] = [*space.from_unit(generator.random((n_candidates, space.n_draws)))]
        candidates += space.decode(anchors)
        for anchor in anchors:
            around = anchor + LOCAL_STD * generator.standard_normal((n_candidates // 10, space.width))
            candidates += space.decode(np.clip(around, 0, 1))
            candidates += self._neighbours(space.decode(anchor[None])[0])
        pool = self._left(candidates)
        if not pool:
            return None
        values = acquisition(space.encode(pool))
        best, best_value = None, -np.inf
        for start in np.argsort(-values, kind="stable")[:N_STARTS]:
            configuration, value = self._climb(acquisition, pool[start], values[start])
            if value > best_value:
                best, best_value = configuration, value
        return best

    def _climb(
        self, acquisition: Acquisition, configuration: Configuration, value: float
    ) -> tuple[Configuration, float]:
        """Improve the continuous hyperparameters, then one of the others, until neither helps."""
        for _ in range(MAX_ROUNDS):
            before = value
            for moves in (lambda start: self._along_gradient(acquisition, start), self._neighbours):
                candidates = self._left(moves(configuration))
                if candidates:
                    values = acquisition(self._space.encode(candidates))
                    top = int(np.argmax(values))
                    if values[top] > value:
                        configuration, value = candidates[top], values[top]
            if value <= before:
                break
        return configuration, value

    def _along_gradient(self, acquisition: Acquisition, configuration: Configuration) -> list[Configuration]:
        """The rounded end of a run of L-BFGS-B over the continuous columns."""
        if not len(self._smooth):
            return []
        x = self._space.encode([configuration])[0]

        def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
            x[self._smooth] = free
            value, gradient = acquisition.with_gradient(x)
            return -value, -gradient[self._smooth]

        result = minimize(
            loss,
            x[self._smooth],
            jac=True,
            bounds=[(0, 1)] * len(self._smooth),
            method="L-BFGS-B",
            options={"maxiter": 30},
        )
        x[self._smooth] = result.x
        return [*self._space.decode(x[None])]

    def _neighbours(self, configuration: Configuration) -> list[Configuration]:
        """The configurations that differ in one of the listed hyperparameters."""
        return [
            {**configuration, name: value}
            for name, values in self._listed
            for value in values
            if value != configuration[name]
        ]

    def _left(self, configurations: Sequence[Configuration]) -> list[Configuration]:
        """Those that may be proposed, each once."""
        distinct = {self._space.key(configuration): configuration for configuration in configurations}
        return [configuration for key, configuration in distinct.items() if key not in self._taken]
