import itertools
import math

import attrs
import numpy as np
import pytest

from tunekit_bo.searchers.dyhpo import DyHpo, NextStep
from tunekit_bo.searchers.freeze_thaw import CompleteRun, FreezeThawSearcher
from tunekit_bo.surrogates import loss_model
from tunekit_bo.surrogates.formulations import LearningCurves
from tunekit_core import (
    ChoosesTrials,
    ConfigurationError,
    Decision,
    Objective,
    PausedTrial,
    Problem,
    Promotion,
    Proposal,
    Report,
    Resume,
    SearchSpace,
    Start,
    Streams,
    Trial,
    choice,
    create,
)
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.engine.events import Resumed
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.testing import SearcherContract, ToyBenchmark
from tunekit_core.testing.experiments import run_toy
from tunekit_core.testing.replay import prefixes
from tunekit_core.testing.toy import toy_problem

BOTH = pytest.mark.parametrize("searcher", ["freeze_thaw", "dyhpo"])


def build(name, **options):
    return lambda problem, streams: create("searcher", name, problem, streams, **options)


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
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 6
    max_evaluations = 54

    @pytest.fixture
    def make(self):
        return build("freeze_thaw")

    def make_scheduler(self, problem, streams, searcher):
        return Thaw(problem, streams, searcher)


class TestDyHpo(TestFreezeThaw):
    @pytest.fixture
    def make(self):
        return build("dyhpo")


class TestFreezeThawOverParallelCurves(TestFreezeThaw):
    max_evaluations = 45

    @pytest.fixture
    def make(self):
        return build("freeze_thaw", resource_kernel="exp-decay-sum", max_size_data_for_model=20)


class TestFreezeThawWithoutAChoice(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 6
    max_evaluations = 70

    @pytest.fixture
    def make(self):
        return build("freeze_thaw")


@BOTH
def test_a_replay_of_130_trials_chooses_the_same(searcher, tmp_path):
    make = build(searcher, num_init_candidates=20, max_size_data_for_model=40)

    def scheduler(problem, streams):
        return Thaw(problem, streams, make(problem, streams))

    _, events = run_toy(scheduler, tmp_path, fail_at={2: 0, 5: 3}, max_evaluations=460)
    problem = toy_problem(ToyBenchmark())
    live = ExperimentState(problem, scheduler(problem, Streams(0)))
    for number, (prefix, upcoming) in enumerate(itertools.pairwise(prefixes(events))):
        fold(upcoming[len(prefix) :], live)
        if number % 6 == 0:  # what is remembered grows by a few data at a time
            suggestion = live.scheduler.suggest(live.n_started)
        if number % 36 == 0:
            replayed = ExperimentState(problem, scheduler(problem, Streams(0)))
            fold(upcoming, replayed)
            assert replayed.scheduler.suggest(replayed.n_started) == suggestion
    assert live.n_started >= 130


def test_a_fit_that_a_resume_needed_is_found_in_its_note(tmp_path, monkeypatch):
    def scheduler(problem, streams):
        return Thaw(problem, streams, build("freeze_thaw")(problem, streams))

    _, events = run_toy(scheduler, tmp_path, max_evaluations=100)
    last = max(i for i, event in enumerate(events) if isinstance(event, Resumed) and "fit" in event.note)
    problem = toy_problem(ToyBenchmark())
    state = ExperimentState(problem, scheduler(problem, Streams(0)))
    monkeypatch.setattr(loss_model, "refitted", None)  # neither the replay nor the next choice needs one
    fold(events[: last + 1], state)
    assert "fit" not in state.scheduler.suggest(state.n_started).note


@pytest.mark.parametrize("searcher", [FreezeThawSearcher, DyHpo])
def test_it_can_choose(searcher):
    assert issubclass(searcher, ChoosesTrials)


class Curves:
    """A searcher that saw n trials at some resources; all of them wait."""

    def __init__(self, run, searcher, curve, *, n, until, num_init_random=None, **options):
        self.run = run(searcher, num_init_random=num_init_random or n, **options)
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

    def choose(self, but=()):
        """Between the trials that wait, but for some, and a new one."""
        waiting = [trial.id for trial in self.run.trials if self.until[trial.id] < 9 and trial.id not in but]
        paused = [PausedTrial(trial_id, self.until[trial_id], 3 * self.until[trial_id]) for trial_id in waiting]
        return self.run.searcher.choose(len(self.run.trials), paused, resource=1)


def test_freeze_thaw_lets_the_best_go_on_where_epochs_foretell_the_end(run, bowl):
    these = Curves(run, "freeze_thaw", lambda c, r: bowl(c) + 0.1 / r, n=12, until=[9] * 5 + [3] * 7)
    waiting = sorted(range(5, 12), key=lambda i: bowl(these.run.trials[i].configuration))
    chosen = these.choose()
    assert isinstance(chosen, Proposal) or chosen.trial_id == waiting[0]


def test_freeze_thaw_does_not_let_the_leader_of_the_first_epoch_go_on_where_it_misleads(run, bowl):
    def curve(configuration, resource):
        return {1: -1.0, 3: 0.2, 9: 1.0}[resource] * bowl(configuration)

    these = Curves(run, "freeze_thaw", curve, n=16, until=[9] * 8 + [1] * 8)
    leader = min(range(8, 16), key=lambda i: curve(these.run.trials[i].configuration, 1))
    chosen = these.choose()
    assert not (isinstance(chosen, Promotion) and chosen.trial_id == leader)


@pytest.mark.parametrize(
    ("comparison", "levels", "costs"), [(CompleteRun(9), [9, 9, 9], [9, 8, 6]), (NextStep(), [1, 3, 9], [1, 1, 1])]
)
def test_where_a_trial_is_compared_and_what_it_costs(comparison, levels, costs):
    assert [comparison.level(target) for target in (1, 3, 9)] == levels
    assert [comparison.cost(resource) for resource in (0, 1, 3)] == costs


def test_what_runs_is_pending_at_max_resource(run):
    these = run("freeze_thaw", num_init_random=3)
    these.start(target=1)
    assert these.searcher.observations.pending == {0: 9}


@BOTH
def test_at_first_configurations_are_random_and_nothing_is_resumed(searcher, run, bowl):
    these = Curves(run, searcher, lambda c, r: bowl(c), n=4, until=[3] * 4, num_init_random=6)
    assert isinstance(these.choose(), Proposal)


@BOTH
def test_one_new_trial_in_eight_is_random(searcher, run, bowl):
    these = Curves(run, searcher, lambda c, r: bowl(c), n=23, until=[9] * 23)
    random = create("searcher", "random", these.run.problem, Streams(0))
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
    first = create("searcher", searcher, problem, Streams(0))  # of six random trials there are three
    for i in range(3):
        trial = Trial(i, first.choose(i, (), resource=1).configuration)
        first.on_start(trial)
        first.on_target(trial, 1)
    assert first.choose(3, (), resource=1) is None
    trial = attrs.evolve(trial, last_report=Report(2, 0, 1, {}, (0.5,), 0.0))
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
    observed = these.run.searcher.observations
    curves = LearningCurves(these.run.problem.space, 9, "matern52")
    model = loss_model.LossModel(curves, observed, these.run.searcher.streams, max_size=10, n_fantasies=1)
    kept = {observed.trial_ids[i] for i in model.positions(model.current_fit())}
    assert 1 < len(kept) < 10
    assert isinstance(these.choose(but=kept), Proposal)


@BOTH
def test_without_max_resource_it_is_refused(searcher):
    problem = Problem(space=ToyBenchmark().space, objective=Objective("loss"))
    with pytest.raises(ConfigurationError, match="max_resource"):
        create("searcher", searcher, problem, Streams(0))


@pytest.mark.parametrize(("searcher", "enough"), [("freeze_thaw", 0.133), ("dyhpo", 0.2)])  # the least is about 0.132
def test_it_finds_the_optimum_of_the_toy_problem(searcher, enough, tmp_path):
    def scheduler(problem, streams):
        return Thaw(problem, streams, build(searcher)(problem, streams))

    best = [run_toy(scheduler, tmp_path / str(s), seed=s, max_evaluations=250)[0].incumbent for s in range(3)]
    assert np.median([incumbent.report.losses[0] for incumbent in best]) < enough
    assert all(incumbent.report.resource == 9 for incumbent in best)


@BOTH
def test_the_mean_stands_for_what_is_pending(searcher, run, bowl):
    """The best of many samples lies far below what is likely: with 32 workers it hid all that improves."""
    these = Curves(run, searcher, lambda c, r: bowl(c) / r, n=12, until=[1] * 8 + [9] * 4).run.searcher
    model = these.loss_model()
    fit = model.current_fit()
    these.observations.pending.clear()
    alone = model.posterior(fit, 12)
    these.observations.pending.update(dict.fromkeys(range(8), 9))
    beside = model.posterior(fit, 12)
    X = model.inputs(range(12), [9] * 12)
    np.testing.assert_allclose(beside.mean(X), alone.mean(X), atol=1e-9)
    assert np.all(beside.mean_and_variance(X[:8])[1] < alone.mean_and_variance(X[:8])[1])
