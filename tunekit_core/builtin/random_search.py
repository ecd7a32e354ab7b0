"""Random search."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, Literal

from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Proposal, Trial
from tunekit_core.randomness import Streams


class RandomSearch(Searcher):
    """Random configurations, uniform in the scale of each domain, none twice.

    References:
        Bergstra and Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012.
    """

    name: ClassVar[str] = "random"
    objectives: ClassVar[Literal["one", "many"]] = "many"

    def __init__(self, problem: Problem, streams: Streams, options: NoOptions = NO_OPTIONS) -> None:
        super().__init__(problem, streams, options)
        self._random = problem.random_configurations(self.streams)
        self._taken: set[Hashable] = set()

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        configuration = self._random.propose(trial_id, self._taken)
        return None if configuration is None else Proposal(configuration)

    def on_start(self, trial: Trial) -> None:
        self._taken.add(self.problem.space.key(trial.configuration))
