"""The random configurations that every method shares.

Random search proposes them, and every model-based searcher begins with them: with equal seeds, trial t gets the
same configuration whatever the method, so that comparisons are paired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core.randomness import SHARED, Streams
from tunekit_core.space import Configuration, Remaining, Taken

if TYPE_CHECKING:
    from tunekit_core.contracts.problem import Problem

CHUNK = 64  # drawn at once: a draw costs far less than a call
RETRIES = 64
FIRST_RETRIES = 4  # made to configurations before the others: mostly one of them will do
LARGEST_LISTED_SPACE = 2**20  # of a finite space up to this size it is known what is left


class RandomConfigurations:
    """Draws configurations without replacement: first the given points, then uniformly from the space or rows.

    Made by :meth:`Problem.random_configurations`.
    """

    def __init__(self, problem: Problem, streams: Streams) -> None:
        self._problem = problem
        self._streams = Streams(streams.seed)  # of no family
        self._chunk_index = -1
        self._chunk: list[Configuration] = []
        rows = problem.rows
        self._size = problem.space.size if rows is None else len(rows)
        self._remaining: Remaining | None = None  # from when first is asked what is left

    def propose(self, trial_id: int, taken: Taken) -> Configuration | None:
        """The configuration of a trial.

        Args:
            trial_id: The trial; the draw depends on the seed and this alone, unless its result is taken.
            taken: Keys (``space.key``) of configurations that must not be proposed.

        Returns:
            A configuration whose key is not taken, or ``None`` if none is left.
        """
        configuration = self._untaken(trial_id, taken)
        if configuration is not None and self._remaining is not None:
            self._remaining.on_proposal(configuration)
        return configuration

    def _untaken(self, trial_id: int, taken: Taken) -> Configuration | None:
        space = self._problem.space
        points = self._problem.points_to_evaluate
        if trial_id < len(points) and space.key(points[trial_id]) not in taken:
            return points[trial_id]
        first = self._draw(trial_id)
        if space.key(first) not in taken:
            return first
        if self._size is not None and len(taken) >= self._size:
            return None
        return self._redraw(trial_id, taken)

    def _draw(self, trial_id: int) -> Configuration:
        index, offset = divmod(trial_id, CHUNK)
        if index != self._chunk_index:
            space, rows = self._problem.space, self._problem.rows
            u = self._streams.uniforms(SHARED, index * CHUNK, CHUNK, space.n_draws)
            if rows is None:
                self._chunk = space.from_unit(u)
            else:
                self._chunk = [rows[int(first * len(rows))] for first in u[:, 0]]
            self._chunk_index = index
        return self._chunk[offset]

    def _redraw(self, trial_id: int, taken: Taken) -> Configuration | None:
        space, rows = self._problem.space, self._problem.rows
        generator = self._streams.generator(f"{SHARED}/retry", trial_id)
        if rows is None:
            u = generator.random((RETRIES, space.n_draws))
            for some in (u[:FIRST_RETRIES], u[FIRST_RETRIES:]):
                for configuration in space.from_unit(some):
                    if space.key(configuration) not in taken:
                        return configuration
            if self._size is None or self._size > LARGEST_LISTED_SPACE:
                return None
        if self._remaining is None:
            self._remaining = Remaining(space, rows)
        left = self._remaining.positions(taken)
        if not len(left):
            return None
        return self._remaining.configuration_at(int(left[generator.integers(len(left))]))
