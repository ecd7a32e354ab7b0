"""Which waiting trial will hardly be resumed: against a version that sorts all of them each time."""

import sys

import pytest
from hypothesis import given, settings, strategies as st

from tunekit_asha.rung_system import RungSystem
from tunekit_asha.rungs import Rung
from tunekit_core import Objective, Problem, Report, SearchSpace, Status, Streams, Trial, create, uniform
from tunekit_core.builtin.random_search import RandomSearch

PROBLEM = Problem(space=SearchSpace({"x": uniform(0.0, 1.0)}), objective=Objective("loss"), max_resource=9)


def slow_least_promising(system, among):
    ranked = sorted(
        (-place / len(rung), rung.level, entry.trial_id)
        for rungs in system.rungs
        for rung in rungs
        for place, entry in enumerate(rung.ranked())
        if entry.trial_id in rung.waiting
    )
    return next((trial_id for _, _, trial_id in ranked if trial_id in among), None)


@settings(deadline=None, max_examples=100)
@given(data=st.data(), n_brackets=st.integers(1, 3), rungs_per_bracket=st.booleans())
def test_it_is_the_one_of_the_slow_rule_whatever_happens(data, n_brackets, rungs_per_bracket):
    searcher = RandomSearch(PROBLEM, Streams(0))
    system = RungSystem((1, 3, 9), searcher, n_brackets=n_brackets, rungs_per_bracket=rungs_per_bracket)
    running, paused, kept = {}, {}, {}
    for trial_id in range(data.draw(st.integers(1, 40))):
        action = data.draw(st.sampled_from(["begin", "begin", "arrive", "arrive", "arrive", "resume", "fail", "stop"]))
        if action == "begin":
            running[trial_id] = Trial(trial_id, PROBLEM.space.default())
            system.start(running[trial_id], data.draw(st.integers(0, n_brackets - 1)))
        elif action in ("arrive", "fail") and running:
            trial = running.pop(data.draw(st.sampled_from([*running])))
            target = system.climbs[trial.id].target
            if action == "fail" or target == 9:
                system.end(trial, Status.FAILED if action == "fail" else Status.COMPLETED)
                continue
            loss = data.draw(st.sampled_from([0.1, 0.2, 0.2, 0.3, float("inf")]))
            system.report(trial, Report(trial.id, 0, target, {}, (loss,), 0.0))
            system.pause(trial)
            paused[trial.id] = kept[trial.id] = trial
        elif action in ("resume", "stop") and paused:
            trial = paused.pop(data.draw(st.sampled_from([*paused])))
            kept.pop(trial.id, None)
            if action == "stop":
                system.end(trial, Status.STOPPED)
            else:
                system.resume(trial, {})
                running[trial.id] = trial
        expected = slow_least_promising(system, kept)
        assert system.least_promising(kept) == expected
        if len(kept) > 3:  # its checkpoint is dropped
            del kept[expected]


@pytest.mark.parametrize("scheduler", ["asha_promotion", "pasha"])
def test_it_is_the_one_that_most_of_its_rung_are_better_than(experiment, scheduler):
    asha = experiment(type(create("scheduler", scheduler, PROBLEM, Streams(0), RandomSearch(PROBLEM, Streams(0)))))
    trials = [asha.begin() for _ in range(4)]
    for trial, loss in zip(trials, [0.4, 0.1, 0.3, 0.2], strict=True):
        asha.report(trial, 1, loss)
    left, dropped = [0, 1, 2, 3], []
    while left:
        dropped.append(asha.scheduler.least_promising(left))
        left.remove(dropped[-1])
    assert dropped == [0, 2, 3, 1]
    assert asha.scheduler.least_promising(left) is None


def test_of_equal_ones_it_is_the_one_on_the_lower_rung():
    system = RungSystem((1, 3, 9), RandomSearch(PROBLEM, Streams(0)))
    trials = [Trial(trial_id, PROBLEM.space.default()) for trial_id in range(4)]
    for trial, resource in zip(trials, (3, 3, 1, 1), strict=True):
        system.start(trial)
        system.report(trial, Report(trial.id, 0, resource, {}, (0.1 * trial.id,), 0.0))
        system.pause(trial)
    assert system.least_promising({0, 1, 2, 3}) == 3
    assert system.least_promising({0, 1, 2}) == 1
    assert system.least_promising({0, 2}) == 2
    assert system.least_promising({0}) == 0


def test_asking_after_each_trial_costs_the_same_with_ten_times_the_trials():
    costs = [count_calls(drop_beyond_ten, n) / n for n in (400, 4000)]
    assert costs[1] < 1.5 * costs[0]


def drop_beyond_ten(n):
    rung, kept = Rung(1, 1 / 3), {}
    for trial_id in range(n):
        rung.add(trial_id, (trial_id * 0.618034) % 1)
        rung.wait(trial_id)
        kept[trial_id] = None
        if len(kept) > 10:
            del kept[rung.last_waiting(kept)[1]]


def count_calls(work, *arguments):
    calls = 0

    def count(frame, kind, argument):
        nonlocal calls
        calls += kind in ("call", "c_call")

    sys.setprofile(count)
    try:
        work(*arguments)
    finally:
        sys.setprofile(None)
    return calls
