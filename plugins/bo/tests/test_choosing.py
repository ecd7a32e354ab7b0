import itertools
import math

import numpy as np
import pytest

from tunekit_bo.searchers import gaussian_process as _gaussian_process
from tunekit_bo.searchers.dyhpo import DyHpo
from tunekit_bo.searchers.freeze_thaw import FreezeThaw
from tunekit_core import Objective, Problem, SearchSpace, Streams
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.searchers import ChoosesTrials
from tunekit_core.contracts.trials import Decision, PausedTrial, Promotion, Proposal, Report, Resume, Start, Trial
from tunekit_core.engine.events import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ConfigurationError
from tunekit_core.space import choice
from tunekit_core.testing import SearcherContract, ToyBenchmark
from tunekit_core.testing.experiments import prefixes, run_toy
from tunekit_core.testing.toy import toy_problem

BOTH = pytest.mark.parametrize("searcher", [FreezeThaw, DyHpo])


class Thaw(Fifo):
    """Pauses every trial at 1 and 3 epochs; what goes on is the searcher's choice."""

    needs = frozenset({"pause"})

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.paused = {}

    def suggest(self, trial_id):
        chosen = self.searcher.choose(trial_id, tuple(self.paused.values()), resource=1)
        if isinstance(chosen, Promotion):
            return Resume(chosen.trial_id, until=self.paused[chosen.trial_id].target, note=chosen.note)
        return chosen and Start(chosen.configuration, until=1, note=chosen.note)

    def on_start(self, trial):
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, 1)

    def on_resume(self, trial, note):
        self.searcher.on_resume(trial, note)
        self.searcher.on_target(trial, self.paused.pop(trial.id).target)

    def on_report(self, trial, report):
        if report.resource not in (1, 3, 9):
            return Decision.CONTINUE
        self.searcher.on_report(trial, report)
        return Decision.PAUSE if report.resource < 9 else Decision.CONTINUE

    def on_pause(self, trial):
        level = trial.last_report.resource
        self.paused[trial.id] = PausedTrial(trial.id, level, 3 * level)
        self.searcher.on_pause(trial)


class TestFreezeThaw(SearcherContract):
    n_shared = 6
    max_evaluations = 80

    @pytest.fixture
    def make(self):
        return FreezeThaw

    def make_scheduler(self, problem, streams, searcher):
        return Thaw(problem, streams, searcher)


class TestDyHpo(TestFreezeThaw):
    @pytest.fixture
    def make(self):
        return DyHpo


class TestFreezeThawOverParallelCurves(TestFreezeThaw):
    max_evaluations = 70

    @pytest.fixture
    def make(self):
        return lambda *context: FreezeThaw(*context, resource_kernel="exp-decay-sum", max_size_data_for_model=20)


class TestFreezeThawWithoutAChoice(SearcherContract):
    n_shared = 6
    max_evaluations = 70

    @pytest.fixture
    def make(self):
        return FreezeThaw


@BOTH
def test_a_replay_of_300_trials_chooses_the_same_at_every_prefix(searcher, tmp_path):
    def scheduler(problem, streams):
        return Thaw(problem, streams, searcher(problem, streams, num_init_candidates=20, max_size_data_for_model=40))

    _, events = run_toy(scheduler, tmp_path, fail_at={2: 0, 5: 3}, max_evaluations=700)
    problem = toy_problem(ToyBenchmark())
    live, replayed = (ExperimentState(problem, scheduler(problem, Streams(0)), 3) for _ in range(2))
    for prefix, upcoming in itertools.pairwise(prefixes(events)):
        fold(upcoming[len(prefix) :], live)
        fold(upcoming[len(prefix) :], replayed)
        replayed.scheduler.searcher._last_factor = None
        assert replayed.scheduler.suggest(replayed.n_started) == live.scheduler.suggest(live.n_started)
    assert live.n_started >= 300


def test_a_fit_that_a_resume_needed_is_found_in_its_note(tmp_path, monkeypatch):
    def scheduler(problem, streams):
        return Thaw(problem, streams, FreezeThaw(problem, streams))

    _, events = run_toy(scheduler, tmp_path, max_evaluations=100)
    resumes = [event for event in events if event["event"] == "resume"]
    assert any("fit" in event["note"] for event in resumes)
    monkeypatch.setattr(_gaussian_process, "refitted", None)  # a replay needs none
    problem = toy_problem(ToyBenchmark())
    last = max(i for i, event in enumerate(events) if "fit" in event.get("note", {}))
    state = ExperimentState(problem, scheduler(problem, Streams(0)), 3)
    fold(events[: last + 1], state)
    assert state.scheduler.searcher._fit.count == events[last]["note"]["fit"]["count"]


@BOTH
def test_it_can_choose(searcher):
    assert issubclass(searcher, ChoosesTrials)


class Curves:
    """A searcher that saw trials at some resources; all of them wait."""

    def __init__(self, run, searcher, curve, *, n, until, **options):
        self.run = run(searcher, num_init_random=n, **options)
        self.until = until
        trials = [self.run.start(target=1) for _ in range(n)]
        for trial in trials:
            self.learn(trial, curve)

    def learn(self, trial, curve):
        for resource in (1, 3, 9):
            if resource <= self.until[trial.id]:
                self.run.report(trial, curve(trial.configuration, resource), resource=resource)
        if self.until[trial.id] < 9:
            self.run.searcher.on_pause(trial)
        else:
            self.run.end(trial)

    def choose(self):
        paused = [PausedTrial(trial.id, at, 3 * at) for trial in self.run.trials if (at := self.until[trial.id]) < 9]
        return self.run.searcher.choose(len(self.run.trials), paused, resource=1)


def test_freeze_thaw_lets_the_best_go_on_where_epochs_foretell_the_end(run, bowl):
    these = Curves(run, FreezeThaw, lambda c, r: bowl(c) + 0.1 / r, n=12, until=[9] * 5 + [3] * 7)
    waiting = sorted(range(5, 12), key=lambda i: bowl(these.run.trials[i].configuration))
    chosen = these.choose()
    assert isinstance(chosen, Proposal) or chosen.trial_id == waiting[0]


def test_freeze_thaw_does_not_let_the_leader_of_the_first_epoch_go_on_where_it_misleads(run, bowl):
    def curve(configuration, resource):
        return {1: -1.0, 3: 0.2, 9: 1.0}[resource] * bowl(configuration)

    these = Curves(run, FreezeThaw, curve, n=16, until=[9] * 8 + [1] * 8)
    leader = min(range(8, 16), key=lambda i: curve(these.run.trials[i].configuration, 1))
    chosen = these.choose()
    assert not (isinstance(chosen, Promotion) and chosen.trial_id == leader)


@pytest.mark.parametrize(
    ("searcher", "judged_at", "effort"), [(FreezeThaw, [9, 9, 9], [9, 8, 6]), (DyHpo, [1, 3, 9], [1, 1, 1])]
)
def test_where_a_trial_is_judged_and_what_it_costs(run, searcher, judged_at, effort):
    searcher = run(searcher).searcher
    assert [searcher._judged_at(target) for target in (1, 3, 9)] == judged_at
    assert [searcher._effort(resource) for resource in (0, 1, 3)] == effort


def test_what_runs_is_pending_at_max_resource(run):
    these = run(FreezeThaw, num_init_random=3)
    these.start(target=1)
    assert these.searcher._pending == {0: 9}


@BOTH
def test_at_first_configurations_are_random_and_nothing_is_resumed(searcher, run, bowl):
    these = Curves(run, searcher, lambda c, r: bowl(c), n=4, until=[3] * 4)
    these.run.searcher._num_init_random = 6
    assert isinstance(these.choose(), Proposal)


@BOTH
def test_one_new_trial_in_eight_is_random(searcher, run, bowl):
    these = Curves(run, searcher, lambda c, r: bowl(c), n=23, until=[9] * 23)
    random = RandomSearch(these.run.problem, Streams(0))
    for trial in these.run.trials:
        random.on_start(trial)
    assert these.choose().configuration == random.suggest(23, resource=1).configuration
    these = Curves(run, searcher, lambda c, r: bowl(c), n=24, until=[9] * 24)
    assert bowl(these.choose().configuration) < 0.05


@BOTH
def test_when_the_space_is_exhausted_paused_trials_go_on(searcher, run):
    space = SearchSpace({"x": choice(["a", "b", "c"])})
    these = Curves(run, searcher, lambda c, r: ord(c["x"]) / r, n=3, until=[1, 3, 1], space=space)
    assert isinstance(these.choose(), Promotion)
    problem = Problem(space=space, objective=Objective("loss"), max_resource=9)
    first = searcher(problem, Streams(0))  # of six random trials there are three
    for i in range(3):
        trial = Trial(i, first.choose(i, (), resource=1).configuration)
        first.on_start(trial)
        first.on_target(trial, 1)
    assert first.choose(3, (), resource=1) is None
    trial.last_report = Report(2, 1, {}, (0.5,), 0.0)
    first.on_report(trial, trial.last_report)
    first.on_pause(trial)
    assert first.choose(3, (PausedTrial(2, 1, 3),), resource=1).trial_id == 2


@BOTH
def test_losses_that_are_all_infinite_leave_a_choice(searcher, run):
    these = Curves(run, searcher, lambda c, r: math.inf, n=8, until=[1] * 8)
    assert these.choose() is not None


@BOTH
def test_a_paused_trial_that_the_model_dropped_waits(searcher, run, bowl):
    these = Curves(run, searcher, lambda c, r: bowl(c) / r, n=30, until=[1] * 29 + [9], max_size_data_for_model=10)
    searcher_ = these.run.searcher
    current, _ = searcher_._current_fit()
    kept = {searcher_._observations.trial_ids[i] for i in searcher_._modelled(current)}
    chosen = these.choose()
    assert isinstance(chosen, Proposal) or chosen.trial_id in kept


@BOTH
def test_without_max_resource_it_is_refused(searcher):
    problem = Problem(space=ToyBenchmark().space, objective=Objective("loss"))
    with pytest.raises(ConfigurationError, match="max_resource"):
        searcher(problem, Streams(0))


@pytest.mark.parametrize(("searcher", "enough"), [(FreezeThaw, 0.133), (DyHpo, 0.2)])  # the least is about 0.132
def test_it_finds_the_optimum_of_the_toy_problem(searcher, enough, tmp_path):
    def scheduler(problem, streams):
        return Thaw(problem, streams, searcher(problem, streams))

    best = [run_toy(scheduler, tmp_path / str(s), seed=s, max_evaluations=250)[0].incumbent for s in range(3)]
    assert np.median([incumbent.report.losses[0] for incumbent in best]) < enough
    assert all(incumbent.report.resource == 9 for incumbent in best)
