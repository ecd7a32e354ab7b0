"""What every scheduler must keep to."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Decision, Resume, Start, Status
from tunekit_core.engine.events import Decided, Recorded, Resumed
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.testing.experiments import live_experiment, prefixes, run_toy
from tunekit_core.testing.toy import ToyBenchmark, toy_problem

Make = Callable[[Problem, Streams, Searcher], Scheduler]


class SchedulerContract:
    """Subclass it in a plugin's tests and override :meth:`make`."""

    @pytest.fixture
    def make(self) -> Make:
        """Builds the scheduler under test from problem, streams and searcher."""
        raise NotImplementedError("override the fixture 'make'")

    @pytest.fixture
    def scheduler(self, make: Make) -> Callable[[Problem, Streams], Scheduler]:
        """Builds the scheduler over random search."""
        return lambda problem, streams: make(problem, streams, RandomSearch(problem, streams))

    def test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix(
        self, scheduler: Any, tmp_path: Path
    ) -> None:
        """The state is the fold of the events."""
        _, events = run_toy(scheduler, tmp_path, fail_at={2: 0, 4: 1, 7: 3})
        problem = toy_problem(ToyBenchmark())
        live = live_experiment(scheduler, problem, 0, events)
        for prefix, suggestion in zip(prefixes(events), live.suggestions, strict=True):
            state = ExperimentState(problem, scheduler(problem, Streams(0)))
            fold(prefix, state)
            assert _plain(state.scheduler.suggest(state.n_started)) == _plain(suggestion)

    def test_suggest_changes_nothing(self, scheduler: Any, tmp_path: Path) -> None:
        """Asked twice, it answers twice the same."""
        _, events = run_toy(scheduler, tmp_path)
        problem = toy_problem(ToyBenchmark())
        state = ExperimentState(problem, scheduler(problem, Streams(0)))
        fold(events, state)
        assert _plain(state.scheduler.suggest(state.n_started)) == _plain(state.scheduler.suggest(state.n_started))

    def test_the_same_seed_gives_the_same_experiment(self, scheduler: Any, tmp_path: Path) -> None:
        """And another seed another one."""
        runs = [run_toy(scheduler, tmp_path / str(i), seed=seed)[1] for i, seed in enumerate((1, 1, 2))]
        assert runs[0] == runs[1]
        assert runs[0] != runs[2]

    @pytest.mark.parametrize("curves", ["constant", "broken"])
    def test_ties_and_metrics_that_are_not_finite_are_survived(
        self, scheduler: Any, curves: Any, tmp_path: Path
    ) -> None:
        """The experiment goes on to its end."""
        result, _ = run_toy(scheduler, tmp_path, benchmark=ToyBenchmark(curves=curves))
        assert result.n_reports == 80

    def test_a_score_to_maximise_is_the_mirror_of_a_loss(self, scheduler: Any, tmp_path: Path) -> None:
        """Same trials, same decisions."""
        _, minimised = run_toy(scheduler, tmp_path / "min")
        _, maximised = run_toy(scheduler, tmp_path / "max", benchmark=ToyBenchmark(mode="max"))
        assert [_without_metrics(event) for event in minimised] == [_without_metrics(event) for event in maximised]

    def test_an_exhausted_space_ends_the_experiment(self, scheduler: Any, tmp_path: Path) -> None:
        """Every configuration has had one trial."""
        result, _ = run_toy(scheduler, tmp_path, benchmark=ToyBenchmark(finite=True), max_evaluations=10_000)
        assert result.reason == "nothing is left to suggest"
        assert result.n_trials == 24

    def test_failed_trials_are_not_resumed(self, scheduler: Any, tmp_path: Path) -> None:
        """Neither those that never started nor those that died."""
        _, events = run_toy(scheduler, tmp_path, fail_at={0: 0, 1: 1, 3: 3, 5: 1}, max_evaluations=150)
        failed: set[int] = set()
        for event in events:
            if isinstance(event, TrialEnded) and event.status is Status.FAILED:
                failed.add(event.trial_id)
            assert not (isinstance(event, Resumed) and event.trial_id in failed)
        assert 0 in failed  # the others may have been stopped before they could fail

    def test_a_trial_that_reaches_the_last_resource_completes(self, scheduler: Any, tmp_path: Path) -> None:
        """The decision there is to continue."""
        result, events = run_toy(scheduler, tmp_path, max_evaluations=400)
        decisions = [
            after.decision
            for event, after in itertools.pairwise(events)
            if isinstance(event, TrialReported) and event.metrics["epoch"] == 9 and isinstance(after, Decided)
        ]
        assert decisions
        assert set(decisions) == {Decision.CONTINUE}
        assert result.n_failed == 0

    def test_the_columns_keep_their_names(self, scheduler: Any, tmp_path: Path) -> None:
        """Composers may rely on them from the first report on."""
        problem = toy_problem(ToyBenchmark())
        _, events = run_toy(scheduler, tmp_path)
        state = ExperimentState(problem, scheduler(problem, Streams(0)))
        before = list(state.columns())
        fold(events, state)
        assert list(state.columns()) == before

    def test_the_cost_of_an_event_does_not_grow_with_the_number_of_trials(self, scheduler: Any, tmp_path: Path) -> None:
        """Counted in function calls, not in seconds: ten times the reports, ten times the calls, and a bit."""
        problem = toy_problem(ToyBenchmark())
        counts = []
        for reports in (200, 2000):
            _, events = run_toy(scheduler, tmp_path / str(reports), max_evaluations=reports)
            state = ExperimentState(problem, scheduler(problem, Streams(0)))
            counts.append(_count_calls(events, state) / len(events))
        assert counts[1] < 2 * counts[0] + 10


def _plain(suggestion: Start | Resume | None) -> object:
    return None if suggestion is None else (type(suggestion).__name__, attrs.asdict(suggestion))


def _without_metrics(event: Recorded) -> Recorded:
    return attrs.evolve(event, metrics={}) if isinstance(event, TrialReported) else event


def _count_calls(events: list[Recorded], state: ExperimentState) -> int:
    calls = 0

    def count(frame: object, kind: str, argument: object) -> None:
        nonlocal calls
        calls += kind in ("call", "c_call")

    sys.setprofile(count)
    try:
        fold(events, state)
    finally:
        sys.setprofile(None)
    return calls
