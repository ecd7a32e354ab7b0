import functools
import math

import pytest

from tunekit_asha.stopping import AshaStopping
from tunekit_core import Decision, Start, Status, create
from tunekit_core.testing import SchedulerContract

C, S = Decision.CONTINUE, Decision.STOP


class TestAshaStopping(SchedulerContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "asha_stopping")


class TestAshaStoppingWithBrackets(SchedulerContract):
    @pytest.fixture
    def make(self):
        options = {"brackets": 3, "rung_system_per_bracket": True, "searcher_data": "all"}
        return functools.partial(create, "scheduler", "asha_stopping", **options)


def decisions(experiment, losses, resource=1):
    return [experiment.report(experiment.begin(), resource, loss) for loss in losses]


def test_the_trace_of_the_reference(experiment):
    asha = experiment(AshaStopping)
    assert decisions(asha, [0.5, 0.4, 0.6, 0.45, 0.3, 0.35, 0.2, 0.55]) == [C, C, S, C, C, C, C, S]


def test_trials_start_without_a_resource_where_they_pause(experiment):
    suggestion = experiment(AshaStopping).next()
    assert isinstance(suggestion, Start)
    assert suggestion.until is None
    assert suggestion.note == {}


def test_between_rungs_trials_go_on(experiment):
    asha = experiment(AshaStopping)
    good, bad = asha.begin(), asha.begin()
    assert [asha.report(good, epoch, 0.1) for epoch in (1, 2, 3)] == [C, C, C]
    assert [asha.report(bad, epoch, 0.09 * epoch) for epoch in (1, 2, 3)] == [C, C, S]


def test_at_the_last_resource_even_the_worst_trial_is_left_to_end_by_itself(experiment):
    asha = experiment(AshaStopping, ties="all")
    for loss in (0.1, 0.1, math.inf):
        trial = asha.begin()
        for epoch in (1, 3):
            assert asha.report(trial, epoch, 0.1) is C
        assert asha.report(trial, 9, loss) is C
        assert trial.status is Status.COMPLETED


def test_a_loss_that_is_not_finite_goes_on_only_where_it_is_alone(experiment):
    assert decisions(experiment(AshaStopping), [math.nan, math.nan, 0.5, math.inf, 0.6]) == [C, S, C, S, C]


def test_a_report_counts_at_the_highest_level_that_it_reaches(experiment):
    asha = experiment(AshaStopping, max_resource=27)
    first = asha.begin()
    asha.report(first, 1, 0.5)
    asha.report(first, 3, 0.5)
    jumper = asha.begin()
    assert asha.report(jumper, 4, 0.9) is S  # jumped over 1, compared at 3
    assert dict(asha.state.columns()) == {
        "num_at_level1": 1,
        "num_at_level3": 2,
        "num_at_level9": 0,
        "num_at_level27": 0,
    }


def test_a_rung_counts_the_first_report_at_or_above_its_level(experiment):
    asha = experiment(AshaStopping)
    late = asha.begin()
    assert asha.report(late, 2, 0.5) is C
    other = asha.begin()
    assert asha.report(other, 1, 0.4) is C
    assert asha.report(late, 3, 9.0) is C  # alone at 3
    assert asha.state.columns()["num_at_level1"] == 2


def test_a_trial_that_fails_leaves_all_rungs(experiment):
    asha = experiment(AshaStopping)
    doomed, other = asha.begin(), asha.begin()
    asha.report(doomed, 1, 0.1)
    asha.report(doomed, 3, 0.1)
    asha.end(doomed, Status.FAILED)
    assert set(asha.state.columns().values()) == {0}
    assert asha.report(other, 1, 0.5) is C  # alone again


def test_no_trial_is_ever_released(experiment):
    asha = experiment(AshaStopping)
    decisions(asha, [0.1, 0.2, 0.3])
    assert list(asha.scheduler.released()) == []
