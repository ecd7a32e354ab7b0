"""Configurations that no trial has had."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from tunekit_bo.acquisition.search import Acquisition, search_for
from tunekit_core import Configuration, Problem, Streams


class UntriedConfigurations:
    """The configurations that no trial has had, of which one is found at random or by an acquisition.

    Args:
        problem: What is solved.
        streams: Random numbers.
        n_candidates: Random configurations that are scored before a few are improved.
    """

    def __init__(self, problem: Problem, streams: Streams, n_candidates: int) -> None:
        self._space = problem.space
        self._random = problem.random_configurations(streams)
        self._search = search_for(problem)
        self._n_candidates = n_candidates
        self._tried: set[Hashable] = set()

    @property
    def n_tried(self) -> int:
        """Number of configurations that were excluded."""
        return len(self._tried)

    @property
    def is_exhausted(self) -> bool:
        """Whether it is known that no configuration is left, so that none can be the best."""
        return self._search.is_exhausted

    def exclude(self, configuration: Configuration) -> None:
        """A trial has this configuration."""
        self._tried.add(self._space.key(configuration))
        self._search.exclude(configuration)

    def random(self, trial_id: int) -> Configuration | None:
        """The random configuration of a trial, the same for every method; ``None`` if none is left."""
        return self._random.propose(trial_id, self._tried)

    def best(
        self, acquisition: Acquisition, anchors: np.ndarray, generator: np.random.Generator
    ) -> Configuration | None:
        """The configuration where an acquisition is largest, of those that were scored.

        Args:
            acquisition: What is maximised.
            anchors: k x d array of promising configurations, encoded: their surroundings are searched too.
            generator: Draws the candidates.

        Returns:
            A configuration, or ``None`` if every configuration that was scored has been tried.
        """
        return self._search.propose(acquisition, self._n_candidates, anchors, generator)
