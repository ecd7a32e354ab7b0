import functools
import math

import pytest

from tunekit_asha.promotion import AshaPromotion
from tunekit_core import Decision, Resume, Start, Status, create
from tunekit_core.testing import SchedulerContract


class TestAshaPromotion(SchedulerContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "asha_promotion")


class TestAshaPromotionWithBrackets(SchedulerContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "asha_promotion", brackets=3, rung_system_per_bracket=True)


def run_to_first_rung(asha, *losses):
    for loss in losses:
        trial = asha.begin()
        assert asha.report(trial, 1, loss) is Decision.PAUSE


def test_the_trace_of_the_reference(experiment):
    base = [0.5, 0.4, 0.6, 0.45, 0.3, 0.35, 0.2]
    asha, trace = experiment(AshaPromotion), []
    for _ in range(16):
        trial = asha.begin()
        trace.append((trial.id, trial.until))
        decision = asha.report(trial, trial.until, base[trial.id] - 0.01 * trial.until)
        assert decision is (Decision.CONTINUE if trial.until == 9 else Decision.PAUSE)
    assert trace == [
        *[(0, 1), (1, 1), (1, 3), (2, 1), (3, 1), (3, 3), (1, 9)],
        *[(4, 1), (4, 3), (4, 9), (5, 1), (5, 3), (5, 9), (6, 1), (6, 3), (6, 9)],
    ]
    assert asha.state.trials[1].status is Status.COMPLETED


def test_a_free_worker_starts_a_new_trial_up_to_the_first_rung(experiment):
    suggestion = experiment(AshaPromotion, min_resource=2).next()
    assert isinstance(suggestion, Start)
    assert suggestion.until == 2


def test_a_trial_that_has_not_paused_yet_is_not_resumed(experiment):
    asha = experiment(AshaPromotion)
    run_to_first_rung(asha, 0.5)
    best = asha.begin()
    assert asha.decide(best, 1, 0.1) is Decision.PAUSE
    assert isinstance(asha.next(), Start)
    asha.end(best)
    assert asha.next() == Resume(best.id, until=3)


def test_among_equals_the_first_to_arrive_is_promoted_first(experiment):
    asha = experiment(AshaPromotion, ties="all")
    first, second = asha.begin(), asha.begin()
    asha.decide(second, 1, 0.5)
    asha.decide(first, 1, 0.5)
    asha.end(first)
    asha.end(second)
    assert [asha.begin().id, asha.begin().id] == [second.id, first.id]


def test_a_trial_that_is_alone_waits(experiment):
    asha = experiment(AshaPromotion)
    run_to_first_rung(asha, 0.5)
    assert isinstance(asha.next(), Start)


def test_higher_rungs_come_first(experiment):
    asha = experiment(AshaPromotion, ties="all")
    first, second = asha.begin(), asha.begin()
    asha.report(first, 1, 0.2)
    asha.report(second, 1, 0.2)
    assert asha.report(asha.begin(), 3, 0.2) is Decision.PAUSE
    assert asha.report(asha.begin(), 3, 0.2) is Decision.PAUSE
    third = asha.begin()
    assert third is first
    assert third.until == 9


def test_promoted_trials_still_count_for_the_cutoff(experiment):
    asha = experiment(AshaPromotion)
    run_to_first_rung(asha, 0.1, 0.2)
    asha.begin()  # trial 0 is promoted
    assert isinstance(asha.next(), Start)  # trial 1 is not the best third of the two


def test_a_loss_that_is_not_finite_is_never_promoted(experiment):
    asha = experiment(AshaPromotion)
    run_to_first_rung(asha, math.nan, math.inf, math.nan)
    assert isinstance(asha.next(), Start)
    run_to_first_rung(asha, 0.9)
    assert asha.begin().id == 3
    assert isinstance(asha.next(), Start)


def test_a_trial_that_jumps_over_its_target_waits_at_the_highest_level_that_it_reached(experiment):
    asha = experiment(AshaPromotion, max_resource=27)
    trials = asha.begin(), asha.begin()
    assert [asha.report(trial, 4, 0.5) for trial in trials] == [Decision.PAUSE] * 2
    assert asha.next() == Resume(0, until=9)
    assert asha.state.columns()["num_at_level1"] == 0
    assert asha.state.columns()["num_at_level3"] == 2


def test_a_trial_that_fails_after_its_promotion_leaves_all_rungs(experiment):
    asha = experiment(AshaPromotion)
    run_to_first_rung(asha, 0.1, 0.2)
    asha.end(asha.begin(), Status.FAILED)
    assert asha.state.columns()["num_at_level1"] == 1
    assert isinstance(asha.next(), Start)
    run_to_first_rung(asha, 0.3)
    assert asha.next() == Resume(1, until=3)


def test_no_trial_is_ever_released(experiment):
    asha = experiment(AshaPromotion)
    run_to_first_rung(asha, 0.1, 0.2)
    assert list(asha.scheduler.released()) == []
