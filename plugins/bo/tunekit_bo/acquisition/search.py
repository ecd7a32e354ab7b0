"""Where the acquisition is largest among the configurations that no trial has had.

Real configurations are scored, never points between them: what a gradient finds is rounded first.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import islice
from typing import Protocol

import attrs
import numpy as np
import scipy

from tunekit_core import Configuration, ConfigurationTable, Domain, Problem, SearchSpace

LISTED_SPACE = 2000
"""Spaces and tables of up to this many configurations are scored as a whole."""

LISTED_DOMAIN = 20
"""A hyperparameter with up to this many values is searched by trying all of them, not by its gradient.

Of a choice that is encoded by position as many categories are tried: those of the best candidates."""

MOST_TRIED = 200
"""Around the anchors, so many categories that trials have had are scored, of all choices together."""

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

    @property
    def is_exhausted(self) -> bool:
        """Whether it is known that no configuration is left."""

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

    @property
    def is_exhausted(self) -> bool:
        return not self._left.any()

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
        X, codes = self._rows.encoded, list(self._rows.space.code_columns)
        if len(left) <= LISTED_SPACE:
            return self._rows[int(left[np.argmax(acquisition(X[left]))])]
        near = [left[_nearest(X[left], anchor, codes)] for anchor in anchors]
        drawn = generator.choice(left, min(n_candidates, len(left)), replace=False)
        pool = np.unique(np.concatenate([drawn, *near]))
        values = acquisition(X[pool])
        best_row, best_value = -1, -np.inf
        for start in np.argsort(-values, kind="stable")[:N_STARTS]:
            row, value = pool[start], values[start]
            for _ in range(MAX_ROUNDS):
                around = left[_nearest(X[left], X[row], codes)]
                around_values = acquisition(X[around])
                top = int(np.argmax(around_values))
                if around_values[top] <= value:
                    break
                row, value = around[top], around_values[top]
            if value > best_value:
                best_row, best_value = row, value
        return self._rows[int(best_row)]


def _nearest(X: np.ndarray, x: np.ndarray, codes: list[int]) -> np.ndarray:
    """Positions of the rows of ``X`` that are closest to ``x``; columns ``codes`` can be equal or not, never near."""
    differ = np.zeros(len(X))
    if len(codes):
        differ = 2.0 * np.count_nonzero(X[:, codes] != x[codes], axis=1)
        X, x = np.delete(X, codes, axis=1), np.delete(x, codes)
    distances = scipy.spatial.distance.cdist(x[None], X, "sqeuclidean")[0] + differ
    return np.argsort(distances, kind="stable")[:N_NEAREST_ROWS]


@attrs.frozen(eq=False)
class Changes:
    """Values that single hyperparameters may take in place of their own.

    Attributes:
        where: m x width: the columns of the hyperparameter that each change is of.
        values: m x width: its encoded value there.
    """

    where: np.ndarray
    values: np.ndarray

    @classmethod
    def to(cls, listed: Sequence[tuple[slice, np.ndarray]], width: int) -> Changes:
        """The changes to each of the encoded values that are listed for some columns."""
        n_values = sum(len(values) for _, values in listed)
        changes = cls(np.zeros((n_values, width), dtype=bool), np.zeros((n_values, width)))
        row = 0
        for columns, values in listed:
            changes.where[row : row + len(values), columns] = True
            changes.values[row : row + len(values), columns] = values
            row += len(values)
        return changes

    def of(self, X: np.ndarray) -> np.ndarray:
        """For each of k rows those with one change, k x m x width."""
        return np.where(self.where, self.values, X[:, None])


class SpaceSearch:
    """Search over a whole space: gradients for continuous hyperparameters, all values of the others in turn.

    To a model, the categories of a choice that is encoded by position are all alike where no trial has had them. So
    those that some trial has had are tried around the anchors, and one that none has had stands for the others.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._taken: set[Hashable] = set()
        self._taken_rows: set[bytes] = set()
        self._finite: list[tuple[Domain, slice]] = []
        self._codes = list(space.code_columns)
        self._tried_codes: dict[int, dict[float, None]] = {column: {} for column in self._codes}
        self._listed: list[tuple[slice, np.ndarray]] = []
        smooth: list[int] = []
        stop = 0
        for name in space.searched:
            domain = space.domains[name]
            start, stop = stop, stop + domain.encoded_width
            if domain.size is not None:
                self._finite.append((domain, slice(start, stop)))
            if domain.size is not None and domain.size <= LISTED_DOMAIN:
                self._listed.append((slice(start, stop), domain.encode(domain.values())))
            elif not domain.encodes_position:
                smooth += range(start, stop)
        self._smooth = np.array(smooth, dtype=int)
        self._listed_changes = Changes.to(self._listed, space.width)

    @property
    def is_exhausted(self) -> bool:
        return False  # it is too large for that, or has no size

    def exclude(self, configuration: Configuration) -> None:
        self._taken.add(self._space.key(configuration))
        encoded = self._space.encode([configuration])
        self._taken_rows.update(_keys(encoded))
        for column, tried in self._tried_codes.items():
            tried[float(encoded[0, column])] = None

    def propose(
        self, acquisition: Acquisition, n_candidates: int, anchors: np.ndarray, generator: np.random.Generator
    ) -> Configuration | None:
        """The best of random configurations and of some around the anchors, the first few improved."""
        shape = (len(anchors), n_candidates // 10, self._space.width)
        around = anchors[:, None] + LOCAL_STD * generator.standard_normal(shape)
        around[:, :, self._codes] = anchors[:, None, self._codes]
        candidates = [
            generator.random((n_candidates, self._space.width)),
            anchors,
            np.clip(around, 0, 1).reshape(-1, self._space.width),
        ]
        rounded = self._rounded(np.concatenate(candidates))
        changes = self._changes_to({column: self._tried_and_one_more(column, rounded) for column in self._codes})
        pool = np.concatenate([rounded, *changes.of(self._rounded(anchors))])
        pool = pool[self._are_left(pool)]
        if not len(pool):
            return None
        values = acquisition(pool)
        order = np.argsort(-values, kind="stable")
        changes = self._changes_to({column: _first(pool[order, column], LISTED_DOMAIN) for column in self._codes})
        best = self._climb(acquisition, pool[order[:N_STARTS]], values[order[:N_STARTS]], changes)
        for x in (*best, *pool[order]):
            configuration = self._space.decode(x[None])[0]
            if self._space.key(configuration) not in self._taken:
                return configuration
        return None

    def _tried_and_one_more(self, column: int, drawn: np.ndarray) -> list[float]:
        """Categories of the latest trials, and the first that was drawn of those that no trial has had."""
        tried = self._tried_codes[column]
        untried = (code for code in drawn[:, column].tolist() if code not in tried)
        return [*list(tried)[-MOST_TRIED // len(self._codes) :], *islice(untried, 1)]

    def _changes_to(self, codes: Mapping[int, Sequence[float]]) -> Changes:
        """All listed values, and these categories."""
        if not codes:
            return self._listed_changes
        more = [(slice(column, column + 1), np.array(values)[:, None]) for column, values in codes.items()]
        return Changes.to(self._listed + more, self._space.width)

    def _climb(self, acquisition: Acquisition, X: np.ndarray, values: np.ndarray, changes: Changes) -> np.ndarray:
        """The rows of ``X`` improved: the continuous columns, then the others one by one. The best comes first."""
        moved = np.ones(len(X), dtype=bool)
        for iterations in [ITERATIONS] + [POLISH] * MAX_ROUNDS:
            ends = self._along_gradient(acquisition, X[moved], iterations)
            X[moved], values[moved] = self._better(acquisition, X[moved], values[moved], ends[:, None])
            before = values.copy()
            X, values = self._better(acquisition, X, values, changes.of(X))
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


def _first(codes: np.ndarray, n: int) -> list[float]:
    """The first ``n`` different ones."""
    return list(islice(dict.fromkeys(codes.tolist()), n))


def _keys(X: np.ndarray) -> list[bytes]:
    """Equal for rows that differ by rounding errors."""
    return [row.tobytes() for row in np.rint(X * 1e9).astype(np.int64)]
