import pytest

from tunekit_better_half.better_half import BetterHalf, BetterHalfOptions
from tunekit_core import Decision, InvalidOption, Report, Status, Streams, Trial, create
from tunekit_core.testing import SchedulerContract, ToyBenchmark, toy_problem


def better_half(problem, streams, searcher, **options):
    return BetterHalf(problem, streams, searcher, BetterHalfOptions(**options))


def better_half_over_random_search(**options):
    problem, streams = toy_problem(ToyBenchmark(max_resource=3)), Streams(0)
    return better_half(problem, streams, create("searcher", "random", problem, streams), **options)


def run(scheduler, trial_id, losses):
    """The decisions on a trial that reports these losses at epochs 1, 2, …"""
    trial = Trial(trial_id, scheduler.suggest(trial_id).configuration)
    scheduler.on_start(trial)
    decisions = []
    for epoch, loss in enumerate(losses, start=1):
        decisions.append(scheduler.on_report(trial, Report(trial_id, 0, epoch, {}, (loss,), 0.0)))
        if decisions[-1] is Decision.STOP:
            break
    scheduler.on_end(trial, Status.STOPPED if decisions[-1] is Decision.STOP else Status.COMPLETED)
    return decisions


class TestBetterHalf(SchedulerContract):
    @pytest.fixture
    def make(self):
        return better_half


def test_a_trial_above_the_median_of_the_complete_ones_at_its_epoch_is_stopped():
    scheduler = better_half_over_random_search(min_complete=3)
    for trial_id, losses in enumerate([[0.9, 0.5, 0.3], [0.8, 0.6, 0.4], [0.7, 0.7, 0.7]]):
        assert run(scheduler, trial_id, losses) == [Decision.CONTINUE] * 3
    assert run(scheduler, 3, [0.8, 0.61]) == [Decision.CONTINUE, Decision.STOP]
    assert run(scheduler, 4, [0.8, 0.6, 0.9]) == [Decision.CONTINUE] * 3


def test_what_was_stopped_is_not_compared_with():
    scheduler = better_half_over_random_search(min_complete=1)
    run(scheduler, 0, [0.5, 0.5, 0.5])
    for trial_id in range(1, 9):
        assert run(scheduler, trial_id, [0.6]) == [Decision.STOP]
    assert run(scheduler, 9, [0.55]) == [Decision.STOP]


def test_it_needs_a_complete_trial():
    with pytest.raises(InvalidOption, match="min_complete=0 must be at least 1"):
        BetterHalfOptions(min_complete=0)
