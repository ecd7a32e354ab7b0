"""What every searcher must keep to."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Proposal, Start
from tunekit_core.engine.events import Recorded, Started, Workers
from tunekit_core.engine.gate.notes import read_only_note
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.space import Configuration, ConfigurationTable, SearchSpace
from tunekit_core.testing.bounding import check_regret_bounds
from tunekit_core.testing.columns import check_columns
from tunekit_core.testing.components import PausesAndStops
from tunekit_core.testing.experiments import MakeScheduler, Setup, live
from tunekit_core.testing.feeding import ENDS, NOTE, FedSearcher
from tunekit_core.testing.growth import check_growth, count_steps, peak_memory, shortest_time
from tunekit_core.testing.hash_order import check_hash_order
from tunekit_core.testing.limits import comes_to_an_end
from tunekit_core.testing.problems import check_many_metrics, check_no_known_end
from tunekit_core.testing.recommending import check_recommendations
from tunekit_core.testing.replay import check_fold_equals_live, first_difference
from tunekit_core.testing.toy import ToyBenchmark, toy_problem

Make = Callable[[Problem, Streams], Searcher]

FEW = (64, 128, 256, 512)
MANY = (256, 512, 1024, 2048)
N_ENDED = 60
TROUBLE: dict[str, Any] = {"fail_at": {2: 0, 5: 3}, "lose_at": {(1, 0): 2, (3, 0): 0}}


class SearcherContract:
    """Subclass it in a plugin's tests and override :meth:`make`.

    Attributes:
        n_shared: How many of its first configurations are those of random search with the same seed.
        max_evaluations: Reports in the experiments of these tests, 9 for a whole trial.
        measures_growth: Whether the time of a proposal may grow no faster than the number of trials does, or a little
            faster; not so where a model has a cost of its own, which a cap on its data bounds.
    """

    n_shared = 3
    max_evaluations = 120
    measures_growth = True

    @pytest.fixture
    def make(self) -> Make:
        """Builds the searcher under test from problem and streams."""
        raise NotImplementedError("override the fixture 'make'")

    def make_scheduler(self, problem: Problem, streams: Streams, searcher: Searcher) -> Scheduler:
        """The scheduler that the searcher is tested under; override it where FIFO is not what it is for."""
        return Fifo(problem, streams, searcher)

    @pytest.fixture
    def scheduler(self, make: Make) -> MakeScheduler:
        """Builds the scheduler with the searcher under test."""
        return lambda problem, streams: self.make_scheduler(problem, streams, make(problem, streams))

    def test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix(
        self, scheduler: MakeScheduler, tmp_path: Path
    ) -> None:
        """The state is the fold of the events; caches change speed, never values."""
        check_fold_equals_live(scheduler, self._setup(**TROUBLE, max_evaluations=self.max_evaluations // 2), tmp_path)

    def test_it_goes_on_where_it_was_when_its_process_has_died(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """What is suggested after that is the fold of the events too; here reports come late and jump."""
        setup = self._setup(
            benchmark=ToyBenchmark(reports_every=2),
            lag=2.0,
            dies_after=(self.max_evaluations // 3, self.max_evaluations // 2),
            n_workers=(3, 2, 4),
            max_evaluations=self.max_evaluations // 3,
        )
        check_fold_equals_live(scheduler, setup, tmp_path, at=range(0, 10_000, 5))

    def test_it_works_under_a_scheduler_that_pauses_and_stops_trials(self, make: Make, tmp_path: Path) -> None:
        """A searcher does not know which scheduler owns it, and folds under any."""

        def scheduler(problem: Problem, streams: Streams) -> Scheduler:
            return PausesAndStops(problem, streams, make(problem, streams))

        setup = self._setup(**TROUBLE, max_evaluations=self.max_evaluations // 2)
        check_fold_equals_live(scheduler, setup, tmp_path, at=range(0, 10_000, 10))

    def test_suggest_changes_nothing(self, make: Make) -> None:
        """Asked twice, it answers twice the same, also for another trial in between."""
        fed = FedSearcher(make)
        fed.grow(8)
        fed.start()  # one that is pending
        answers = [repr(fed.searcher.suggest(trial_id, resource=9)) for trial_id in (9, 10, 9)]
        assert answers[0] == answers[2], (
            "suggest() changes nothing: asked twice for trial 9, it answers twice the same."
        )

    def test_what_it_recommends_follows_from_the_events(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """It is a trial that has not failed, if any; to be asked changes nothing. So with what is still to gain."""
        setup = self._setup(**TROUBLE, max_evaluations=self.max_evaluations // 2)
        check_regret_bounds(scheduler, setup, tmp_path)
        check_recommendations(scheduler, setup, tmp_path)

    def test_the_same_seed_gives_the_same_experiment(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Down to every configuration."""
        one, other = (live(scheduler, self._setup(seed=1), tmp_path / str(i)) for i in range(2))
        difference = first_difference(one.events, other.events)
        assert not difference, f"The same seed gives the same experiment. {difference}"

    def test_nothing_depends_on_the_order_of_hashes(
        self, scheduler: MakeScheduler, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        """Another process has another; sets are sorted before they are gone through."""
        setup = self._setup(seed=1, max_evaluations=self.max_evaluations // 2)
        check_hash_order(lambda folder: live(scheduler, setup, folder).record, tmp_path, request)

    def test_the_first_configurations_are_those_of_random_search(
        self, scheduler: MakeScheduler, tmp_path: Path
    ) -> None:
        """So that comparisons with equal seeds are paired."""
        lived = live(scheduler, self._setup(), tmp_path)
        random = RandomSearch(toy_problem(ToyBenchmark()), Streams(0))
        expected = [random.suggest(trial_id, resource=9) for trial_id in range(self.n_shared)]
        assert _configurations(lived.events)[: self.n_shared] == [p.configuration for p in expected if p is not None], (
            f"The first {self.n_shared} configurations are those of random search with the same seed (n_shared)."
        )

    def test_the_points_to_evaluate_come_first(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Those of the problem, in their order."""
        benchmark = ToyBenchmark()
        points = [benchmark.space.complete(point) for point in ({"x": 0.25}, {"units": 8, "act": "gelu"}, {"lr": 1.0})]
        benchmark.points_to_evaluate = points
        configurations = _configurations(live(scheduler, self._setup(benchmark=benchmark), tmp_path).events)
        assert configurations[:3] == points, (
            "The first configurations are problem.points_to_evaluate, which are three here; without others they are "
            "the default configuration alone. problem.random_configurations() begins with them."
        )

    def test_constants_and_fixed_hyperparameters_keep_their_values(
        self, scheduler: MakeScheduler, tmp_path: Path
    ) -> None:
        """A space has names that are not searched, and a configuration all of its names."""
        benchmark = ToyBenchmark()
        benchmark.space = SearchSpace({"data": "toy", **benchmark.space}).fix({"act": "tanh"})
        try:
            live(scheduler, self._setup(benchmark=benchmark, max_evaluations=self.max_evaluations // 2), tmp_path)
        except AssertionError as error:
            raise AssertionError(
                "A configuration has all names of the space, constants too, and fixed hyperparameters keep their "
                f"values: space.searched are those to search. {error}"
            ) from error

    def test_it_takes_all_metrics_that_it_says_it_takes(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Two here, if it says ``objectives = "many"``."""
        check_many_metrics(scheduler, lambda scheduler: scheduler.searcher, self._setup(**TROUBLE), tmp_path)

    def test_trials_may_have_no_known_end(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Then ``max_resource``, and where a trial is pending, are ``None``; it may refuse such a problem."""
        check_no_known_end(scheduler, self._setup(**TROUBLE, max_evaluations=self.max_evaluations // 2), tmp_path)

    def test_no_configuration_is_proposed_twice(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Those of trials that are pending included."""
        lived = live(scheduler, self._setup(n_workers=(6,)), tmp_path)
        space = ToyBenchmark().space
        keys = [space.key(configuration) for configuration in _configurations(lived.events)]
        twice = next((trial_id for trial_id, key in enumerate(keys) if key in keys[:trial_id]), None)
        assert twice is None, (
            f"No configuration is proposed twice, nor that of a trial that is pending: trial {twice} has one of before."
        )

    def test_an_exhausted_space_gives_every_configuration_once(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """And then ``None``."""
        benchmark = ToyBenchmark(finite=True)
        setup = self._setup(benchmark=benchmark, max_evaluations=10_000, max_trials=30)
        lived = live(scheduler, setup, tmp_path)
        keys = [benchmark.space.key(configuration) for configuration in _configurations(lived.events)]
        assert len(keys) == len(set(keys)) == 24, (
            f"Each of the 24 configurations of a finite space has one trial: {len(keys)} trials had {len(set(keys))}."
        )
        assert lived.result.reason == "nothing is left to suggest", (
            "suggest() returns None once the space is exhausted, and not before."
        )

    def test_only_allowed_rows_are_proposed(self, make: Make) -> None:
        """The search can be restricted to the rows of a table."""
        benchmark = ToyBenchmark(finite=True)
        allowed = [benchmark.space.configuration_at(i) for i in (1, 5, 7, 20, 21)]
        problem, streams = toy_problem(benchmark, ConfigurationTable.of(benchmark.space, allowed)), Streams(0)
        state = ExperimentState(problem, self.make_scheduler(problem, streams, make(problem, streams)))
        state.apply(Workers(1, 0.0))
        proposed = set()
        for _ in range(len(allowed) + 1):
            with comes_to_an_end("suggest() comes to an end: where no row is left it returns None."):
                start = state.scheduler.suggest(state.n_started)
            if isinstance(start, Start):
                proposed.add(benchmark.space.key(start.configuration))
                state.apply(Started.of(state.n_started, start, 0.0))
        assert (proposed, state.n_started) == ({benchmark.space.key(row) for row in allowed}, len(allowed)), (
            "Where a problem has rows, each of them is proposed once, and nothing else."
        )

    @pytest.mark.parametrize("curves", ["constant", "broken"])
    def test_ties_and_metrics_that_are_not_finite_are_survived(
        self, scheduler: MakeScheduler, curves: Any, tmp_path: Path
    ) -> None:
        """Every proposal is a configuration of the space."""
        setup = self._setup(benchmark=ToyBenchmark(curves=curves), fail_at={1: 0, 4: 2})
        lived = live(scheduler, setup, tmp_path)
        assert lived.result.n_reports == self.max_evaluations, (
            "Ties and metrics that are not finite are survived: the experiment goes on to its end."
        )

    def test_a_score_to_maximise_is_the_mirror_of_a_loss(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Same configurations."""
        minimised = live(scheduler, self._setup(), tmp_path / "min")
        maximised = live(scheduler, self._setup(benchmark=ToyBenchmark(mode="max")), tmp_path / "max")
        assert _configurations(minimised.events) == _configurations(maximised.events), (
            "Losses are compared, not metrics: a score to maximise gives the same trials as the loss that it mirrors."
        )

    def test_notes_are_the_same_after_json(self, make: Make) -> None:
        """So a fold finds in them what was put there."""
        fed = FedSearcher(make)
        for n_trials in (0, 8):
            fed.grow(n_trials)
            proposal = fed.searcher.suggest(n_trials, resource=9)
            assert isinstance(proposal, Proposal), "suggest() returns a Proposal, or None if nothing is left."
            try:
                read_only_note(proposal.note)
            except ValueError as error:
                raise AssertionError(f"A note is the same after JSON; this one {error}.") from error

    def test_what_it_is_given_stays_as_it_was(self, make: Make) -> None:
        """The problem, trials, their configurations and notes, and reports are not the searcher's to change."""
        fed = FedSearcher(make)
        try:
            fed.grow(8)
            fed.searcher.suggest(8, resource=9)
        except (TypeError, AttributeError) as error:  # of what is read-only, or frozen
            raise AssertionError(f"What a searcher is given stays as it was. {error}") from error
        for trial, given in zip(fed.state.trials, fed.given, strict=True):
            assert trial.configuration == given, "What a searcher is given stays as it was: so do configurations."
            assert trial.note == NOTE, "What a searcher is given stays as it was: so do notes, and what is in them."
        assert repr(fed.problem) == repr(toy_problem(ToyBenchmark())), (
            "What a searcher is given stays as it was: so does the problem."
        )

    @pytest.mark.parametrize("how", ENDS)
    def test_what_has_ended_is_dropped(self, make: Make, how: str) -> None:
        """However a trial has ended, it is pending no more, and what it taught is kept rather than the trial."""
        fed = FedSearcher(make)
        searcher, ended = fed.searcher, []
        for _ in range(N_ENDED):
            trial = fed.start()
            fed.end_as(how, trial)
            ended.append(weakref.ref(trial))
        assert searcher.suggest(N_ENDED, resource=9) is not None, (
            f"What has ended is dropped: {N_ENDED} trials {how}, none runs, and nothing is proposed any more."
        )
        del fed, trial
        gc.collect()
        kept = sum(reference() is not None for reference in ended)
        may_be_kept = 0 if ENDS[how] is None else N_ENDED // 2  # the best few do no harm
        assert kept <= may_be_kept, (
            f"What has ended is dropped: {N_ENDED} trials {how}, and {kept} of them are still kept. Of a trial that "
            "has ended keep what it taught, not the trial."
        )

    def test_its_columns_are_scalars_under_the_same_names(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Composers may rely on them, from before the first report on."""
        benchmark = ToyBenchmark(curves="broken")
        setup = self._setup(**TROUBLE, benchmark=benchmark, max_evaluations=self.max_evaluations // 2)
        check_columns(scheduler, lambda scheduler: scheduler.searcher, setup, tmp_path)

    def test_the_cost_of_a_proposal_grows_no_faster_than_the_number_of_trials(self, make: Make) -> None:
        """By instructions of Python, by memory, and by processor time."""
        if not self.measures_growth:
            pytest.skip("measures_growth is False")
        rule = "The cost of a proposal grows no faster than the number of trials, or a little faster"
        for cost, sizes in ((count_steps, FEW), (peak_memory, MANY), (shortest_time, MANY)):
            fed = FedSearcher(make)
            check_growth(fed, fed.propose_and_run, cost, sizes=sizes, power=1.7, rule=rule)

    def _setup(self, **changes: Any) -> Setup:
        return Setup(**{"max_evaluations": self.max_evaluations, **changes})


def _configurations(events: list[Recorded]) -> list[Configuration]:
    return [event.configuration for event in events if isinstance(event, Started)]
