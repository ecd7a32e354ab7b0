"""Where the acquisition is largest among the configurations that no trial has had.

Real configurations are scored, never points between them: what a gradient finds is rounded first.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

import numpy as np
import scipy

from tunekit_core import Configuration, ConfigurationTable, Domain, Problem, SearchSpace

LISTED_SPACE = 2000
"""Spaces and tables of up to this many configurations are scored as a whole."""

LISTED_DOMAIN = 20
"""A hyperparameter with up to this many values is searched by trying all of them, not by its gradient."""

N_STARTS = 3
MAX_ROUNDS = 10
N_NEAREST_ROWS = 30
LOCAL_STD = 0.1
ITERATIONS, POLISH = 15, 5


class Acquisition(Protocol):
    """What is maximised over encoded configurations."""

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """The value at each row of ``X``."""

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The k values at the k rows of ``X``, and their derivatives, a k x d array."""


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
    distances = scipy.spatial.distance.cdist(x[None], X, "sqeuclidean")[0]
    return np.argsort(distances, kind="stable")[:N_NEAREST_ROWS]


class SpaceSearch:
    """Search over a whole space: gradients for continuous hyperparameters, all values of the others in turn."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._taken: set[Hashable] = set()
        self._taken_rows: set[bytes] = set()
        self._finite: list[tuple[Domain, slice]] = []
        smooth: list[int] = []
        listed: list[tuple[slice, np.ndarray]] = []
        stop = 0
        for name in space.searched:
            domain = space.domains[name]
            start, stop = stop, stop + domain.encoded_width
            if domain.size is not None:
                self._finite.append((domain, slice(start, stop)))
            if domain.size is not None and domain.size <= LISTED_DOMAIN:
                listed.append((slice(start, stop), domain.encode(domain.values())))
            else:
                smooth += range(start, stop)
        self._smooth = np.array(smooth, dtype=int)
        n_values = sum(len(values) for _, values in listed)
        self._is_changed = np.zeros((n_values, space.width), dtype=bool)
        self._changed = np.zeros((n_values, space.width))
        row = 0
        for columns, values in listed:
            self._is_changed[row : row + len(values), columns] = True
            self._changed[row : row + len(values), columns] = values
            row += len(values)

    def exclude(self, configuration: Configuration) -> None:
        self._taken.add(self._space.key(configuration))
        self._taken_rows.update(_keys(self._space.encode([configuration])))

    def propose(
        self, acquisition: Acquisition, n_candidates: int, anchors: np.ndarray, generator: np.random.Generator
    ) -> Configuration | None:
        """The best of random configurations and of some around the anchors, the first few improved."""
        shape = (len(anchors), n_candidates // 10, self._space.width)
        around = anchors[:, None] + LOCAL_STD * generator.standard_normal(shape)
        candidates = [
            generator.random((n_candidates, self._space.width)),
            anchors,
            np.clip(around, 0, 1).reshape(-1, self._space.width),
        ]
        pool = np.concatenate([self._rounded(np.concatenate(candidates)), *self._neighbours(self._rounded(anchors))])
        pool = pool[self._are_left(pool)]
        if not len(pool):
            return None
        values = acquisition(pool)
        order = np.argsort(-values, kind="stable")
        best = self._climb(acquisition, pool[order[:N_STARTS]], values[order[:N_STARTS]])
        for x in (*best, *pool[order]):
            configuration = self._space.decode(x[None])[0]
            if self._space.key(configuration) not in self._taken:
                return configuration
        return None

    def _climb(self, acquisition: Acquisition, X: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The rows of ``X`` improved: the continuous columns, then the others one by one. The best comes first."""
        moved = np.ones(len(X), dtype=bool)
        for iterations in [ITERATIONS] + [POLISH] * MAX_ROUNDS:
            ends = self._along_gradient(acquisition, X[moved], iterations)
            X[moved], values[moved] = self._better(acquisition, X[moved], values[moved], ends[:, None])
            before = values.copy()
            X, values = self._better(acquisition, X, values, self._neighbours(X))
            moved = values > before
            if not moved.any():
                break
        return X[np.argsort(-values, kind="stable")]

    def _better(
        self, acquisition: Acquisition, X: np.ndarray, values: np.ndarray, candidates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each row, or the best of its candidates (k x m x width) if it is better and left, and their values."""
        k, m, width = candidates.shape
        flat = candidates.reshape(k * m, width)
        left = self._are_left(flat)
        if not left.any():
            return X, values
        found = np.full(k * m, -np.inf)
        found[left] = acquisition(flat[left])
        found = found.reshape(k, m)
        top = found.argmax(axis=1)
        best, best_values = candidates[np.arange(k), top], found[np.arange(k), top]
        better = best_values > values
        return np.where(better[:, None], best, X), np.where(better, best_values, values)

    def _along_gradient(self, acquisition: Acquisition, X: np.ndarray, iterations: int) -> np.ndarray:
        """The rounded ends of one run of L-BFGS-B over the continuous columns of all rows together."""
        if not len(self._smooth):
            return X
        X = X.copy()

        def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
            X[:, self._smooth] = free.reshape(len(X), -1)
            values, gradients = acquisition.with_gradient(X)
            return -values.sum(), -gradients[:, self._smooth].ravel()

        start = X[:, self._smooth].ravel()
        result = scipy.optimize.minimize(
            loss,
            start,
            jac=True,
            bounds=[(0, 1)] * len(start),
            method="L-BFGS-B",
            options={"maxiter": iterations, "ftol": 1e-4},
        )
        X[:, self._smooth] = result.x.reshape(len(X), -1)
        return self._rounded(X)

    def _neighbours(self, X: np.ndarray) -> np.ndarray:
        """For each of k rows those that differ in at most one of the listed hyperparameters, k x m x width."""
        return np.where(self._is_changed, self._changed, X[:, None])

    def _rounded(self, X: np.ndarray) -> np.ndarray:
        """The rows of ``X`` with what belongs to finite hyperparameters moved to their closest values."""
        X = X.copy()
        for domain, columns in self._finite:
            X[:, columns] = domain.encode(domain.decode(X[:, columns]))
        return X

    def _are_left(self, X: np.ndarray) -> np.ndarray:
        """Which rows may be proposed, each once."""
        seen: set[bytes] = set()
        left = np.empty(len(X), dtype=bool)
        for i, key in enumerate(_keys(X)):
            left[i] = key not in self._taken_rows and key not in seen
            seen.add(key)
        return left


def _keys(X: np.ndarray) -> list[bytes]:
    """Equal for rows that differ by rounding errors."""
    return [row.tobytes() for row in np.rint(X * 1e9).astype(np.int64)]
