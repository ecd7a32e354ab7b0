import functools
import itertools
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tunekit_asha.pasha import Pasha
from tunekit_asha.pasha.noise import NoisyPairs
from tunekit_core import ConfigurationError, Decision, Resume, Start, Status, create
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import ComposerContract, SchedulerContract


class TestPasha(SchedulerContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "pasha")


class TestPashaThatIsGivenEpsilon(SchedulerContract):
    @pytest.fixture
    def make(self):
        return functools.partial(
            create, "scheduler", "pasha", ranking_criterion="soft_ranking", epsilon=0.01, searcher_data="all"
        )


class TestPashaThatComparesOrdersAsAWhole(SchedulerContract):
    @pytest.fixture(params=["rbo", "rrr", "arrr"])
    def make(self, request):
        return functools.partial(create, "scheduler", "pasha", ranking_criterion=request.param)


class TestPashaColumns(ComposerContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "composer", "pasha")

    def make_scheduler(self, problem, streams):
        return create("scheduler", "pasha", problem, streams, RandomSearch(problem, streams))


def run_next(pasha, curves):
    """A free worker does what is suggested, until the trial pauses: its losses at 1, 2, … are given by its id."""
    trial = pasha.begin()
    reached = 0 if trial.last_report is None else trial.last_report.resource
    for resource in range(reached + 1, (trial.until or pasha.problem.max_resource) + 1):
        pasha.report(trial, resource, curves[trial.id][resource - 1])
    return trial.id, trial.until


# Trials 1 and 3 are promoted to resource 3 in this order: they are the best third and among the best third.
FIRST_FOUR = {0: [0.5], 1: [0.4, 0.38, 0.3], 2: [0.6], 3: [0.45, 0.37, 0.34]}
CHANGED_PLACES = FIRST_FOUR | {3: [0.45, 0.37, 0.29]}  # there trial 3, which was behind, is ahead
TO_THE_TOP = [(0, 1), (1, 1), (1, 3), (2, 1), (3, 1), (3, 3)]


def test_trials_go_no_further_than_the_highest_unlocked_rung(experiment):
    pasha = experiment(Pasha, max_resource=27)
    assert [run_next(pasha, FIRST_FOUR) for _ in TO_THE_TOP] == TO_THE_TOP
    assert isinstance(pasha.next(), Start)  # ASHA would resume trial 1 up to 9
    assert pasha.state.trials[1].status is Status.PAUSED
    assert pasha.scheduler.columns() == {
        **{"num_at_level1": 4, "num_at_level3": 2, "num_at_level9": 0, "num_at_level27": 0},
        **{"pasha_epsilon": pytest.approx(0.04), "pasha_unlocked_rungs": 2, "pasha_max_resource": 3},
    }


def test_its_composer_adds_how_it_stands_to_the_results(experiment):
    pasha = experiment(Pasha, max_resource=27)
    composer = create("composer", "pasha", pasha.problem)
    trial = pasha.begin()
    pasha.report(trial, 1, 0.5)
    assert composer(pasha.state, trial, trial.last_report) == {
        "pasha_epsilon": 0.0,
        "pasha_unlocked_rungs": 2,
        "pasha_max_resource": 3,
    }


def test_a_rung_is_unlocked_when_the_order_at_the_top_changes(experiment):
    pasha = experiment(Pasha, max_resource=27)
    for _ in TO_THE_TOP:
        run_next(pasha, CHANGED_PLACES)
    assert pasha.scheduler.n_unlocked == 3
    assert pasha.scheduler.columns()["pasha_epsilon"] == 0  # they have changed places once, which is no noise
    assert pasha.next() == Resume(3, until=9)


@pytest.mark.parametrize(("at_first", "n_unlocked"), [(0.42, 2), (0.405, 3)])
def test_within_epsilon_the_order_may_change(experiment, at_first, n_unlocked):
    # Trials 1 and 3 changed places and back again, so that epsilon is 0.04, their distance at 3. Trial 4 comes third
    # there, after trial 3, and was second at 1: trial 3 has a place that trial 4 had, and 0.45 is more than 0.04 away
    # from 0.405, but not from 0.42.
    pasha = experiment(Pasha, max_resource=27)
    curves = FIRST_FOUR | {4: [at_first, 0.41, 0.35]}
    while pasha.state.n_reports < 11:
        run_next(pasha, curves)
    assert pasha.scheduler.columns()["pasha_epsilon"] == pytest.approx(0.04)
    assert pasha.scheduler.n_unlocked == n_unlocked


def test_epsilon_is_the_90th_percentile_of_distances_of_noisy_pairs(experiment):
    pasha = experiment(Pasha, max_resource=27)
    curves = FIRST_FOUR | {4: [0.42, 0.36, 0.35]}  # worse, better, worse than trial 1: 0.05 away from it
    while pasha.state.n_reports < 11:
        run_next(pasha, curves)
    assert pasha.scheduler.columns()["pasha_epsilon"] == pytest.approx(0.049)


def test_what_waits_at_the_old_top_goes_on_once_a_rung_is_unlocked_and_may_complete(experiment):
    pasha = experiment(Pasha, max_resource=9)
    curves = FIRST_FOUR | {3: [0.45, 0.37, 0.29, 0.28, 0.27, 0.26, 0.25, 0.24, 0.23]}
    for _ in TO_THE_TOP:
        run_next(pasha, curves)
    assert run_next(pasha, curves) == (3, 9)
    assert pasha.state.trials[3].status is Status.COMPLETED
    assert pasha.scheduler.max_resource == 9


@pytest.mark.parametrize(
    ("swing", "grows_at", "n_trials", "epsilon"),
    [(0.2, {24: 9, 228: 27}, 70, 0.012617), (0.3, {22: 9, 66: 27}, 69, 0.0586206)],
)
def test_the_trace_of_the_reference(experiment, swing, grows_at, n_trials, epsilon):
    """Where the reference software gives the same with every hash seed, this is what it gives."""

    def curve(t):
        losses = (0.5 + 0.4 * math.sin(12.9898 * t + 1) + swing * math.sin(7.1 * t + 3.7 * e) / e for e in range(1, 82))
        return [round(loss, 6) for loss in losses]

    pasha, growth = experiment(Pasha, max_resource=81), {}
    curves = {trial_id: curve(trial_id) for trial_id in range(100)}
    while pasha.state.n_reports < 300:
        before = pasha.scheduler.max_resource
        run_next(pasha, curves)
        if pasha.scheduler.max_resource > before:
            growth[pasha.state.n_reports] = pasha.scheduler.max_resource
    assert growth == grows_at
    assert pasha.state.n_started == n_trials
    assert pasha.scheduler.columns()["pasha_epsilon"] == pytest.approx(epsilon, abs=1e-12)


def test_at_most_one_rung_is_unlocked_by_a_report(experiment):
    pasha = experiment(Pasha, max_resource=81, ranking_criterion="soft_ranking", epsilon=0)
    curves = {t: [(t * 0.37) % 1 + (t * e * 0.61) % 1 for e in range(1, 82)] for t in range(100)}
    unlocked = [2]
    while pasha.scheduler.max_resource < 81:
        run_next(pasha, curves)
        unlocked.append(pasha.scheduler.n_unlocked)
    assert sorted({after - before for before, after in itertools.pairwise(unlocked)}) == [0, 1]


def test_trials_that_are_equal_at_the_top_have_not_changed_places(experiment):
    pasha = experiment(Pasha, max_resource=27)
    for _ in range(2):
        run_next(pasha, FIRST_FOUR)
    ahead = pasha.begin()
    assert (ahead.id, ahead.until) == (1, 3)
    for _ in range(3):
        run_next(pasha, FIRST_FOUR)  # trial 3, which was behind, arrives before it
    pasha.report(ahead, 3, 0.34)
    assert pasha.state.columns()["num_at_level3"] == 2
    assert pasha.scheduler.n_unlocked == 2


def test_a_loss_that_is_not_finite_makes_no_epsilon(experiment):
    pasha = experiment(Pasha, max_resource=27)
    curves = FIRST_FOUR | {3: [0.45, 0.37, math.nan]}
    for _ in TO_THE_TOP:
        run_next(pasha, curves)
    assert pasha.scheduler.columns()["pasha_epsilon"] == 0
    assert pasha.scheduler.n_unlocked == 2
    pairs = NoisyPairs(above=1)
    pairs.add(0, {1: 0.1, 2: math.inf, 3: 0.1})
    pairs.add(1, {1: 0.2, 2: 0.1, 3: 0.3})
    assert pairs.epsilon == pytest.approx(0.2)


def test_a_failed_trial_leaves_what_is_compared(experiment):
    pasha = experiment(Pasha, max_resource=27)
    for _ in TO_THE_TOP:
        run_next(pasha, FIRST_FOUR)
    assert pasha.scheduler.columns()["pasha_epsilon"] == pytest.approx(0.04)
    # Trial 4 is 0.06 behind trial 1 at 3, and was ahead, behind: a noisy pair, until it fails.
    curves = FIRST_FOUR | {4: [0.42, 0.37, 0.36]}
    while pasha.state.n_reports < 9:
        run_next(pasha, curves)
    failing = pasha.begin()
    assert failing.id == 4
    pasha.decide(failing, 2, 0.3)
    pasha.end(failing, Status.FAILED)
    assert pasha.state.columns()["num_at_level1"] == 4
    run_next(pasha, {5: [0.9]})
    assert pasha.scheduler.columns()["pasha_epsilon"] == pytest.approx(0.04)
    assert pasha.scheduler.n_unlocked == 2


def test_a_trial_that_fails_where_it_has_arrived_leaves_the_comparison(experiment):
    pasha = experiment(Pasha, max_resource=27, ranking_criterion="soft_ranking", epsilon=0)
    # At 3 trial 4 is behind trial 3, which was behind it at 1; but trial 3 is gone by then.
    curves = FIRST_FOUR | {4: [0.42, 0.41, 0.36]}
    for _ in TO_THE_TOP[:-1]:
        run_next(pasha, curves)
    failing = pasha.begin()
    assert pasha.decide(failing, 3, 0.34) is Decision.PAUSE
    pasha.end(failing, Status.FAILED)
    assert pasha.state.columns()["num_at_level3"] == 1
    while pasha.state.columns()["num_at_level3"] < 2:
        run_next(pasha, curves)
    assert pasha.scheduler.n_unlocked == 2


def test_a_script_that_reports_rarely_is_not_kept_waiting(experiment):
    """It jumps over rungs that nobody ever sees: each report is at a multiple of 10."""
    pasha = experiment(Pasha, max_resource=100)
    completed = []
    for _ in range(300):
        trial = pasha.begin()
        reached = 0 if trial.last_report is None else trial.last_report.resource
        for resource in range(reached + 10, 101, 10):
            loss = (trial.id * 0.618034) % 1 + math.sin(trial.id * resource)
            if pasha.report(trial, resource, loss) is not Decision.CONTINUE:
                break
        if trial.status is Status.COMPLETED:
            completed.append(trial.id)
    assert pasha.scheduler.max_resource == 100
    assert completed


def test_a_trial_that_reports_at_rungs_only_is_promoted(experiment):
    pasha = experiment(Pasha, max_resource=27)
    for expected in TO_THE_TOP:
        trial = pasha.begin()
        assert (trial.id, trial.until) == expected
        pasha.report(trial, trial.until, FIRST_FOUR[trial.id][trial.until - 1])
    assert pasha.scheduler.columns()["pasha_epsilon"] == 0
    assert pasha.scheduler.n_unlocked == 2


@pytest.mark.parametrize(
    ("criterion", "options", "epsilon", "n_unlocked"),
    [
        ("soft_ranking", {"epsilon": 0.06}, 0.06, 2),
        ("soft_ranking", {"epsilon": 0.04}, 0.04, 3),
        ("soft_ranking_std", {}, 0.025, 3),
        ("soft_ranking_std", {"epsilon_scaling": 2.5}, 0.0625, 2),
        ("soft_ranking_mean_dst", {"epsilon_scaling": 1.1}, 0.055, 2),
        ("soft_ranking_mean_dst", {"epsilon_scaling": 0.5}, 0.025, 3),
        ("soft_ranking_median_dst", {"epsilon_scaling": 1.1}, 0.055, 2),
        ("soft_ranking_median_dst", {"epsilon_scaling": 0.5}, 0.025, 3),
    ],
)
def test_the_other_criteria(experiment, criterion, options, epsilon, n_unlocked):
    pasha = experiment(Pasha, max_resource=27, ranking_criterion=criterion, **options)
    for _ in TO_THE_TOP:
        run_next(pasha, CHANGED_PLACES)
    assert pasha.scheduler.columns()["pasha_epsilon"] == pytest.approx(epsilon)
    assert pasha.scheduler.n_unlocked == n_unlocked


@pytest.mark.parametrize(
    ("criterion", "options", "score", "n_unlocked"),
    [
        ("rbo", {}, 1 / 3, 3),  # nothing of 1 in common, 2 of 2
        ("rbo", {"threshold": 0.3}, 1 / 3, 2),
        ("rbo", {"place_weight": 1.0}, 1 / 2, 2),
        ("rbo", {"place_weight": 1.0, "threshold": 0.51}, 1 / 2, 3),
        # Trials that had 0.4 and 0.45 now have 0.3 and 0.29: first one is worse by 1 / 29, then one better by 1 / 30.
        ("rrr", {}, (1 / 29 - 1 / 60) / 1.5, 2),
        ("rrr", {"threshold": 0.01}, (1 / 29 - 1 / 60) / 1.5, 3),
        ("rrr", {"place_weight": 1.0, "threshold": 0.01}, (1 / 29 - 1 / 30) / 2, 2),
        ("arrr", {}, (1 / 29 + 1 / 60) / 1.5, 2),
        ("arrr", {"place_weight": 1.0, "threshold": 0.03}, (1 / 29 + 1 / 30) / 2, 3),
        ("arrr", {"place_weight": 0.1, "threshold": 0.0343}, (1 / 29 + 1 / 300) / 1.1, 3),
    ],
)
def test_the_criteria_that_compare_the_orders_as_a_whole(experiment, criterion, options, score, n_unlocked):
    pasha = experiment(Pasha, max_resource=27, ranking_criterion=criterion, **options)
    for _ in TO_THE_TOP:
        run_next(pasha, CHANGED_PLACES)
    assert pasha.scheduler.columns() == {
        **{"num_at_level1": 4, "num_at_level3": 2, "num_at_level9": 0, "num_at_level27": 0},
        **{"pasha_score": pytest.approx(score), "pasha_unlocked_rungs": n_unlocked},
        "pasha_max_resource": 3 ** (n_unlocked - 1),
    }


@pytest.mark.parametrize(("criterion", "threshold"), [("rbo", 1.0), ("rrr", 0.0), ("arrr", 0.0)])
def test_a_threshold_that_only_the_same_order_keeps_to_is_kept_by_it(experiment, criterion, threshold):
    pasha = experiment(Pasha, max_resource=27, ranking_criterion=criterion, threshold=threshold)
    for _ in TO_THE_TOP:
        run_next(pasha, FIRST_FOUR)
    assert pasha.scheduler.columns()["num_at_level3"] == 2
    assert pasha.scheduler.n_unlocked == 2


@pytest.mark.parametrize(("criterion", "score"), [("rbo", 1.0), ("rrr", 0.0), ("arrr", 0.0)])
def test_a_single_trial_on_both_rungs_is_in_order(experiment, criterion, score):
    pasha = experiment(Pasha, max_resource=27, ranking_criterion=criterion)
    assert pasha.scheduler.columns()["pasha_score"] == score
    for _ in TO_THE_TOP[:-1]:
        run_next(pasha, FIRST_FOUR | {1: [0.4, 0.4, math.nan]})
    assert pasha.scheduler.columns()["num_at_level3"] == 1
    assert pasha.scheduler.columns()["pasha_score"] == score
    assert pasha.scheduler.n_unlocked == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ranking_criterion": "soft_ranking"}, "epsilon.*must be given with ranking_criterion=soft_ranking"),
        ({"epsilon": 0.1}, "epsilon=0.1.*no effect with ranking_criterion=soft_ranking_auto"),
        ({"epsilon_scaling": 2.0}, "epsilon_scaling=2.0.*no effect with ranking_criterion=soft_ranking_auto"),
        (
            {"ranking_criterion": "soft_ranking", "epsilon": 0.1, "epsilon_scaling": 2.0},
            "epsilon_scaling=2.0.*no effect with ranking_criterion=soft_ranking:",
        ),
        (
            {"ranking_criterion": "soft_ranking_std", "epsilon": 0.1},
            "epsilon=0.1.*no effect with ranking_criterion=soft_ranking_std",
        ),
        ({"ranking_criterion": "soft_ranking", "epsilon": -0.1}, "epsilon=-0.1.*at least 0"),
        ({"ranking_criterion": "soft_ranking", "epsilon": math.inf}, "epsilon=inf.*finite"),
        ({"ranking_criterion": "soft_ranking_std", "epsilon_scaling": 0.0}, "epsilon_scaling=0.0.*above 0"),
        ({"threshold": 0.5}, "threshold=0.5.*no effect with ranking_criterion=soft_ranking_auto:.*=rbo, rrr or arrr"),
        (
            {"ranking_criterion": "soft_ranking_std", "place_weight": 0.5},
            "place_weight=0.5.*no effect with ranking_criterion=soft_ranking_std:.*=rbo, rrr or arrr",
        ),
        ({"ranking_criterion": "rbo", "epsilon": 0.5}, "epsilon=0.5.*no effect with ranking_criterion=rbo"),
        (
            {"ranking_criterion": "rrr", "epsilon_scaling": 0.5},
            "epsilon_scaling=0.5.*no effect with ranking_criterion=rrr:.*std, soft_ranking_mean_dst or soft",
        ),
        ({"ranking_criterion": "rbo", "threshold": 1.5}, "threshold=1.5.*at most 1 with ranking_criterion=rbo"),
        ({"ranking_criterion": "rrr", "threshold": -0.1}, "threshold=-0.1.*at least 0"),
        ({"ranking_criterion": "rrr", "threshold": math.inf}, "threshold=inf.*finite"),
        ({"ranking_criterion": "arrr", "place_weight": 0.0}, "place_weight=0.0.*above 0"),
        ({"ranking_criterion": "arrr", "place_weight": 1.1}, "place_weight=1.1.*at most 1"),
        ({"ranking_criterion": "rob"}, "ranking_criterion='rob'.*soft_ranking_auto"),
        ({"brackets": 2}, "no option 'brackets'"),
        ({"min_resource": 27}, "min_resource=27.*below max_resource=27"),
    ],
)
def test_options_that_do_not_fit_are_refused(experiment, options, message):
    with pytest.raises(ConfigurationError, match=message):
        experiment(Pasha, max_resource=27, **options)


@pytest.mark.parametrize(
    "criterion",
    ["soft_ranking_auto", "soft_ranking_std", "soft_ranking_mean_dst", "soft_ranking_median_dst", "rrr", "arrr"],
)
def test_losses_that_are_further_apart_than_any_number_are_survived(experiment, criterion):
    pasha = experiment(Pasha, max_resource=27, ranking_criterion=criterion)
    curves = {t: [1.7e308 * math.sin(t * (r + 1)) for r in range(27)] for t in range(60)}
    for _ in range(60):
        run_next(pasha, curves)
    assert not any(map(math.isnan, pasha.scheduler.columns().values()))


def test_only_the_last_trials_beyond_the_lower_rung_make_pairs():
    curves = [{1: a, 2: b, 3: c} for a, b, c in np.random.default_rng(0).random((12, 3)).tolist()]
    bounded = NoisyPairs(above=1, max_trials=5)
    for trial_id, curve in enumerate(curves):
        bounded.add(trial_id, curve)
        last = NoisyPairs(above=1)
        for other in range(max(0, trial_id - 4), trial_id + 1):
            last.add(other, curves[other])
        assert bounded.epsilon == last.epsilon


HASHED = """
import math
from conftest import Experiment, Recorder
from tunekit_asha.pasha import Pasha
pasha = Experiment(Pasha, 27, 0, Recorder)
seen = []
for _ in range(150):
    trial = pasha.begin()
    reached = 0 if trial.last_report is None else trial.last_report.resource
    for resource in range(reached + 1, trial.until + 1):
        pasha.report(trial, resource, round(abs(math.sin(trial.id * 7.3) + 0.3 * math.sin(trial.id * resource)), 1))
    seen.append((trial.id, trial.until, pasha.scheduler.columns()["pasha_epsilon"], pasha.scheduler.n_unlocked))
print(seen)
"""


def test_tied_losses_give_the_same_with_every_hash_seed():
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HASHED],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(4)
    ]
    outputs = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert len(outputs) == 1


def test_the_work_of_a_report_is_linear_in_the_trials_at_the_top(experiment):
    """Counted in calls of functions, each of which goes over all trials at once, never over all pairs."""
    costs = []
    for n in (300, 3000):
        pasha, calls = experiment(Pasha, max_resource=27, ranking_criterion="soft_ranking_auto"), 0
        curves = {t: [t % 7 + 0.1 * math.sin(t * e) for e in range(1, 28)] for t in range(n)}

        def count(frame, kind, argument):
            nonlocal calls
            calls += kind in ("call", "c_call")

        sys.setprofile(count)
        try:
            while pasha.state.n_reports < n:
                run_next(pasha, curves)
        finally:
            sys.setprofile(None)
        costs.append(calls / n)
    assert costs[1] < 1.3 * costs[0]
