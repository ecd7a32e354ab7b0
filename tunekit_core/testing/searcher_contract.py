"""What every searcher must keep to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Resume, Start
from tunekit_core.engine.events import Recorded, Started
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.space import Configuration, ConfigurationTable
from tunekit_core.testing.experiments import live_experiment, prefixes, run_toy
from tunekit_core.testing.toy import ToyBenchmark, toy_problem

Make = Callable[[Problem, Streams], Searcher]


class SearcherContract:
    """Subclass it in a plugin's tests and override :meth:`make`.

    Attributes:
        n_shared: How many of its first configurations are those of random search with the same seed.
        max_evaluations: Reports in the experiments of these tests, 9 for a whole trial.
    """

    n_shared = 3
    max_evaluations = 120

    @pytest.fixture
    def make(self) -> Make:
        """Builds the searcher under test from problem and streams."""
        raise NotImplementedError("override the fixture 'make'")

    def make_scheduler(self, problem: Problem, streams: Streams, searcher: Searcher) -> Scheduler:
        """The scheduler that the searcher is tested under; override it where FIFO is not what it is for."""
        return Fifo(problem, streams, searcher)

    @pytest.fixture
    def scheduler(self, make: Make) -> Callable[[Problem, Streams], Scheduler]:
        """Builds the scheduler with the searcher under test."""
        return lambda problem, streams: self.make_scheduler(problem, streams, make(problem, streams))

    def test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix(
        self, scheduler: Any, tmp_path: Path
    ) -> None:
        """The state is the fold of the events; caches change speed, never values."""
        _, events = run_toy(scheduler, tmp_path, fail_at={2: 0, 5: 3}, max_evaluations=self.max_evaluations)
        problem = toy_problem(ToyBenchmark())
        live = live_experiment(scheduler, problem, 0, events)
        for prefix, suggestion in zip(prefixes(events), live.suggestions, strict=True):
            state = ExperimentState(problem, scheduler(problem, Streams(0)))
            fold(prefix, state)
            assert _plain(state.scheduler.suggest(state.n_started)) == _plain(suggestion)

    def test_suggest_changes_nothing(self, scheduler: Any, tmp_path: Path) -> None:
        """Asked twice, it answers twice the same."""
        _, events = run_toy(scheduler, tmp_path, max_evaluations=self.max_evaluations)
        problem = toy_problem(ToyBenchmark())
        state = ExperimentState(problem, scheduler(problem, Streams(0)))
        fold(events, state)
        assert _plain(state.scheduler.suggest(state.n_started)) == _plain(state.scheduler.suggest(state.n_started))

    def test_the_same_seed_gives_the_same_experiment(self, scheduler: Any, tmp_path: Path) -> None:
        """Down to every configuration."""
        runs = [
            run_toy(scheduler, tmp_path / str(i), seed=1, max_evaluations=self.max_evaluations)[1] for i in range(2)
        ]
        assert runs[0] == runs[1]

    def test_the_first_configurations_are_those_of_random_search(self, scheduler: Any, tmp_path: Path) -> None:
        """So that comparisons with equal seeds are paired."""
        _, events = run_toy(scheduler, tmp_path / "this", max_evaluations=self.max_evaluations)
        problem = toy_problem(ToyBenchmark())
        random = RandomSearch(problem, Streams(0))
        expected = [random.suggest(t, resource=9) for t in range(self.n_shared)]
        assert _configurations(events)[: self.n_shared] == [p.configuration for p in expected if p is not None]

    def test_no_configuration_is_proposed_twice(self, scheduler: Any, tmp_path: Path) -> None:
        """Pending ones included."""
        _, events = run_toy(scheduler, tmp_path, n_workers=6, max_evaluations=self.max_evaluations)
        space = ToyBenchmark().space
        keys = [space.key(configuration) for configuration in _configurations(events)]
        assert len(set(keys)) == len(keys)

    def test_an_exhausted_space_gives_every_configuration_once(self, scheduler: Any, tmp_path: Path) -> None:
        """And then ``None``."""
        benchmark = ToyBenchmark(finite=True)
        result, events = run_toy(scheduler, tmp_path, benchmark=benchmark, max_evaluations=10_000)
        assert result.reason == "nothing is left to suggest"
        assert len({benchmark.space.key(c) for c in _configurations(events)}) == 24

    def test_only_allowed_rows_are_proposed(self, make: Make) -> None:
        """The search can be restricted to the rows of a table."""
        benchmark = ToyBenchmark(finite=True)
        allowed = [benchmark.space.configuration_at(i) for i in (1, 5, 7, 20, 21)]
        problem = toy_problem(benchmark, ConfigurationTable.of(benchmark.space, allowed))
        streams = Streams(0)
        state = ExperimentState(problem, self.make_scheduler(problem, streams, make(problem, streams)))
        proposed = []
        while isinstance(start := state.scheduler.suggest(state.n_started), Start):
            proposed.append(dict(start.configuration))
            state.apply(Started.of(state.n_started, start, 0.0))
        assert sorted(map(str, proposed)) == sorted(map(str, allowed))

    @pytest.mark.parametrize("curves", ["constant", "broken"])
    def test_ties_and_metrics_that_are_not_finite_are_survived(
        self, scheduler: Any, curves: Any, tmp_path: Path
    ) -> None:
        """Every proposal is a configuration of the space."""
        benchmark = ToyBenchmark(curves=curves)
        result, events = run_toy(
            scheduler, tmp_path, benchmark=benchmark, fail_at={1: 0, 4: 2}, max_evaluations=self.max_evaluations
        )
        assert result.n_reports == self.max_evaluations
        assert all(benchmark.space.contains(configuration) for configuration in _configurations(events))

    def test_a_score_to_maximise_is_the_mirror_of_a_loss(self, scheduler: Any, tmp_path: Path) -> None:
        """Same configurations."""
        _, minimised = run_toy(scheduler, tmp_path / "min", max_evaluations=self.max_evaluations)
        _, maximised = run_toy(
            scheduler, tmp_path / "max", benchmark=ToyBenchmark(mode="max"), max_evaluations=self.max_evaluations
        )
        assert _configurations(minimised) == _configurations(maximised)


def _plain(suggestion: Start | Resume | None) -> object:
    return None if suggestion is None else (type(suggestion).__name__, attrs.asdict(suggestion))


def _configurations(events: list[Recorded]) -> list[Configuration]:
    return [event.configuration for event in events if isinstance(event, Started)]
