"""The best report by one metric and those that no other dominates by several, against slow, obvious versions."""

import itertools
import math
import sys

import pytest
from hypothesis import given, settings, strategies as st

from tunekit_core import Objective, Problem, SearchSpace, Streams
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.trials import Decision, Report, Resume, Start, Status
from tunekit_core.engine.events import Decided, Resumed, Started, Stopped
from tunekit_core.engine.state import ExperimentState, Reader
from tunekit_core.engine.state.best import BestReport
from tunekit_core.engine.state.front import Front
from tunekit_core.space import uniform

X = {"x": 0.5}


class World:
    """An experiment in which what is to happen to trials happens, and all that was reported is kept."""

    def __init__(self, n_metrics=1, constraint=None):
        self.names = ["a", "b", "c"][:n_metrics]
        space = SearchSpace({"x": uniform(0.0, 1.0)})
        objective = Objective(self.names, "min", "epoch")
        problem = Problem(space=space, objective=objective, constraint=constraint)
        self.state = ExperimentState(problem, Fifo(problem, Streams(0), RandomSearch(problem, Streams(0))))
        self.reader = Reader(self.state)
        self.reports = []

    def trials(self, *statuses):
        return [trial for trial in self.state.trials if trial.status in statuses and trial.id not in self.state.endings]

    def start(self):
        self.state.apply(Started.of(self.state.n_started, Start(X), 0.0))

    def resume(self, trial):
        self.state.apply(Resumed.of(Resume(trial.id), 0.0))

    def report(self, trial, losses, memory=0.0):
        metrics = {"epoch": trial.reached + 1, "memory": memory, **dict(zip(self.names, losses, strict=True))}
        report = self.reader.read(TrialReported(trial.id, trial.run, metrics, 0.0))
        self.state.apply(report)
        self.state.apply(Decided(trial.id, Decision.CONTINUE))
        self.reports.append((report, self.state.n_started))

    def end(self, trial, status):
        self.state.apply(TrialEnded(trial.id, trial.run, status, 0.0))

    def pause(self, trial):
        self.state.apply(Decided(trial.id, Decision.PAUSE))
        self.end(trial, Status.COMPLETED)

    def stop(self, trial):
        self.state.apply(Stopped(trial.id, 0.0))
        if trial.status is Status.RUNNING:
            self.end(trial, Status.COMPLETED)

    def counting(self, *, failed=False):
        """The reports that count, of trials that have failed or of the others."""
        return [
            (report, n_started)
            for report, n_started in self.reports
            if (self.state.trials[report.trial_id].status is Status.FAILED) is failed
            and self.state.problem.is_feasible(report.metrics)
        ]


def best_of(reports):
    """The first of the best by the first metric, slowly."""
    finite = [each for each in reports if math.isfinite(each[0].losses[0])]
    return min(finite, key=lambda each: each[0].losses[0], default=None)


def front_of(reports):
    """All that no other dominates; of equal ones the first, slowly."""
    finite = [report for report, _ in reports if all(map(math.isfinite, report.losses))]

    def dominates(i, j):
        one, other = finite[i].losses, finite[j].losses
        return all(a <= b for a, b in zip(one, other, strict=True)) and (one != other or i < j)

    return [finite[j] for j in range(len(finite)) if not any(dominates(i, j) for i in range(len(finite)))]


WHAT = ["start", "report", "report", "report", "pause", "resume", "complete", "fail", "stop", "stop paused"]
few = st.sampled_from([0.0, 0.25, 0.5, 1.0, math.inf, math.nan])  # ties, and what is not finite


def steps(n_metrics):
    losses = st.tuples(*[st.one_of(few, st.floats(-1, 1))] * n_metrics)
    return st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 50), losses, st.booleans()), max_size=80)


def happen(world, what, pick, losses, feasible):
    running, paused = world.trials(Status.RUNNING), world.trials(Status.PAUSED)
    if what == "start" or not (running or paused):
        world.start()
    elif what == "resume" and paused:
        world.resume(paused[pick % len(paused)])
    elif what == "stop paused" and paused:
        world.stop(paused[pick % len(paused)])
    elif running:
        trial = running[pick % len(running)]
        if what == "report":
            world.report(trial, losses, memory=0.0 if feasible else 1.0)
        elif what == "pause" and trial.last_report is not None:
            world.pause(trial)
        elif what == "stop":
            world.stop(trial)
        elif what in ("complete", "fail"):
            world.end(trial, Status.FAILED if what == "fail" else Status.COMPLETED)


@settings(max_examples=300)
@given(steps=steps(1))
@pytest.mark.parametrize("constraint", [None, "memory"])
def test_the_incumbent_is_the_first_of_the_best_reports_of_trials_that_have_not_failed(constraint, steps):
    world = World(constraint=constraint)
    for step in steps:
        happen(world, *step)
        state, best = world.state, best_of(world.counting())
        assert (None if state.incumbent is None else state.incumbent.report) is (best and best[0])
        assert list(state.incumbents) == ([] if state.incumbent is None else [state.incumbent])
        assert state.trials_since_improvement == state.n_started - (best[1] if best else 0)
        failed = best_of(world.counting(failed=True))
        is_better = failed and (best is None or failed[0].losses[0] < best[0].losses[0])
        if is_better:
            assert state.best_of_failed.report is failed[0]
        elif state.best_of_failed is not None:  # equal ones: the first of them
            assert best[0].losses == failed[0].losses
            assert world.reports.index(failed) < world.reports.index(best)


@settings(max_examples=300)
@given(steps=st.data(), n_metrics=st.sampled_from([2, 3]))
def test_the_incumbents_are_what_no_report_of_a_trial_that_has_not_failed_dominates(steps, n_metrics):
    world = World(n_metrics)
    for step in steps.draw(_steps_of(n_metrics)):
        happen(world, *step)
        expected = front_of(world.counting())
        assert [incumbent.report for incumbent in world.state.incumbents] == expected
        best = best_of(world.counting())
        assert (world.state.incumbent and world.state.incumbent.report) is (best and best[0])


_steps_of = steps


def test_what_a_failed_trial_dominated_comes_back():
    world = World(2)
    for _ in range(4):
        world.start()
    first, second, third, bad = world.state.trials
    world.report(first, (0.5, 0.5))
    world.report(second, (0.4, 0.6))
    world.report(third, (0.6, 0.6))
    world.report(bad, (0.3, 0.3))
    assert [incumbent.report.trial_id for incumbent in world.state.incumbents] == [3]
    world.end(bad, Status.FAILED)
    assert [incumbent.report.trial_id for incumbent in world.state.incumbents] == [0, 1]
    assert world.state.best_of_failed.report.trial_id == 3


def test_an_incumbent_that_failed_is_not_forgotten_while_it_is_better():
    world = World()
    world.start()
    world.start()
    good, bad = world.state.trials
    world.report(bad, (0.1,))
    world.end(bad, Status.FAILED)
    assert world.state.incumbent is None
    world.report(good, (0.3,))
    assert (world.state.incumbent.report.losses, world.state.best_of_failed.report.losses) == ((0.3,), (0.1,))
    world.end(good, Status.COMPLETED)
    world.start()
    world.report(world.state.trials[2], (0.05,))
    assert world.state.best_of_failed is None


# Cost, counted in calls and comparisons rather than in seconds


class Loss(float):
    """A loss that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def _count(name):
        compare = getattr(float, name)

        def counted(self, other):
            Loss.compared += 1
            return compare(self, other)

        return counted

    __lt__, __le__, __gt__, __ge__ = map(_count, ("__lt__", "__le__", "__gt__", "__ge__"))


def report_of(trial_id, resource, *losses):
    return Report(trial_id, 0, resource, {}, tuple(map(Loss, losses)), 0.0)


def comparisons(do):
    Loss.compared = 0
    do()
    return Loss.compared


@pytest.mark.parametrize("n_trials", [10, 1_000, 30_000])
def test_a_report_costs_the_same_however_many_trials_there_are(n_trials):
    best = BestReport()
    for trial_id in range(n_trials):
        best.report(report_of(trial_id, 1, 1.0 / (1 + trial_id)), trial_id + 1, trial_id + 1)
        if trial_id % 3 == 1:
            best.pause(trial_id)
        elif trial_id % 3 == 2:
            best.end(trial_id, Status.COMPLETED, range(trial_id))
    assert comparisons(lambda: best.report(report_of(0, 2, 0.7), n_trials + 1, n_trials)) <= 3
    assert comparisons(lambda: best.report(report_of(0, 3, 0.0), n_trials + 2, n_trials)) <= 3


@pytest.mark.parametrize("n_trials", [10, 1_000, 30_000])
def test_an_end_that_is_no_failure_of_the_best_costs_the_same_however_many_trials_there_are(n_trials):
    best = BestReport()
    for trial_id in range(n_trials):
        best.report(report_of(trial_id, 1, 1.0 + trial_id % 7), trial_id + 1, trial_id + 1)
    assert comparisons(lambda: best.end(3, Status.COMPLETED, range(n_trials))) <= 3
    assert comparisons(lambda: best.end(4, Status.FAILED, range(n_trials))) <= 3


@pytest.mark.parametrize("n_trials", [1_000, 30_000])
def test_paused_trials_are_not_looked_through_when_the_best_fails(n_trials):
    best = BestReport()
    for trial_id in range(n_trials):
        best.report(report_of(trial_id, 1, trial_id), trial_id + 1, trial_id + 1)
        if trial_id:
            best.pause(trial_id)
    assert comparisons(lambda: best.end(0, Status.FAILED, range(n_trials, n_trials + 4))) < 60
    assert best.best[-1].trial_id == 1


@pytest.mark.parametrize("n_trials", [1_000, 20_000])
def test_a_report_costs_as_much_as_the_front_is_large(n_trials):
    front = Front()
    for trial_id in range(n_trials):
        front.report(report_of(trial_id, 1, 2.0 + trial_id, 2.0 + trial_id))
    assert len(front.reports) == 1
    assert comparisons(lambda: front.report(report_of(n_trials, 1, 1.0, 3.0))) < 20


def calls(do):
    """How many functions are called meanwhile, those of C included."""
    n = itertools.count()

    def count(frame, event, argument):
        if event in ("call", "c_call"):
            next(n)

    sys.setprofile(count)
    try:
        do()
    finally:
        sys.setprofile(None)
    return next(n)


@pytest.mark.parametrize("n_metrics", [1, 2])
def test_a_report_takes_the_same_calls_in_the_state_however_many_trials_there_are(n_metrics):
    def cost(n_trials):
        world = World(n_metrics)
        for number in range(n_trials):
            world.start()
            trial = world.state.trials[-1]
            world.report(trial, (1.0 + 1 / (1 + number),) * n_metrics)
            if number % 3 == 1:
                world.pause(trial)
            elif number % 3 == 2:
                world.end(trial, Status.COMPLETED)
        world.start()
        report = Report(n_trials, 0, 1, {}, (3.0,) * n_metrics, 0.0)
        return calls(lambda: world.state.apply(report))

    assert cost(10) == cost(100) == cost(2_000)
