import functools
import math
from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import example, given, strategies as st

from tunekit_asha.brackets import bracket_probabilities, reweighted
from tunekit_asha.promotion import AshaPromotion
from tunekit_asha.stopping import AshaStopping
from tunekit_core import AskTell, ComponentError, ConfigurationError, WeighsBrackets, create
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import SchedulerContract

BOTH = pytest.mark.parametrize("scheduler", [AshaStopping, AshaPromotion])
LEVELS = (1, 3, 9, 27)


class Weighing(RandomSearch):
    """Random search whose weights are what a test says."""

    name = "weighing"
    weights: ClassVar = {1: 0.0, 3: 1.0}

    def __init__(self, problem, streams):
        super().__init__(problem, streams)
        self.asked = []

    def bracket_weights(self, levels):
        self.asked.append(tuple(levels))
        return self.weights


class Learning(RandomSearch):
    """Random search that prefers the second bracket the more, the more it has seen."""

    name = "learning"

    def __init__(self, problem, streams):
        super().__init__(problem, streams)
        self.n_reports = 0

    def on_report(self, trial, report):
        self.n_reports += 1

    def bracket_weights(self, levels):
        return {levels[0]: 1.0, levels[1]: 0.1 * self.n_reports}


def probabilities(weights):
    return reweighted(LEVELS, bracket_probabilities(LEVELS, 4), weights)


def test_brackets_without_weights_keep_what_they_have_by_default():
    default = [0.55102, 0.24490, 0.12245, 0.08163]
    assert probabilities({}) == pytest.approx(default, abs=5e-6)
    # a bracket that is the only one with a weight keeps what it has
    assert probabilities({1: 7.0}) == pytest.approx(default, abs=5e-6)


def test_brackets_with_weights_share_what_they_have_in_all():
    # ranked best equally often: weights 1/2 / 1 and 1/2 / 3, that is 3/4 and 1/4 of 0.79592
    expected = [0.59694, 0.19898, 0.12245, 0.08163]
    assert probabilities({1: 0.5, 3: 0.5 / 3}) == pytest.approx(expected, abs=5e-6)
    # a fifth, none, three fifths, a fifth, each by its level: 0.2, 0, 0.0667, 0.0074 of all there is
    expected = [0.72973, 0.0, 0.24324, 0.02703]
    assert probabilities({1: 0.2, 3: 0.0, 9: 0.6 / 9, 27: 0.2 / 27}) == pytest.approx(expected, abs=5e-6)


def test_weights_of_levels_where_no_bracket_begins_are_ignored():
    assert probabilities({1: 0.5, 2: 9.0, 3: 0.5 / 3}) == probabilities({1: 0.5, 3: 0.5 / 3})


def test_nothing_changes_where_no_weight_is_positive():
    assert probabilities({1: 0.0, 3: 0.0}) == probabilities({})


@given(st.dictionaries(st.sampled_from([1, 2, 3, 9, 27]), st.floats(0, 1e6)))
@example({1: 5e-324})
def test_probabilities_add_up_to_one_whatever_the_weights(weights):
    shared = probabilities(weights)
    assert sum(shared) == pytest.approx(1)
    assert min(shared) >= 0


@BOTH
def test_trials_are_spread_over_brackets_as_the_searcher_weighs_them(experiment, scheduler):
    asha = experiment(scheduler, searcher=Weighing, brackets=3)
    counts = Counter(asha.begin().note["bracket"] for _ in range(1000))
    assert counts[0] == 0
    assert [counts[1] / 1000, counts[2] / 1000] == pytest.approx([0.818, 0.182], abs=0.04)
    assert set(asha.searcher.asked) == {(1, 3, 9)}


def test_a_searcher_with_weights_is_not_asked_where_there_is_one_bracket(experiment):
    asha = experiment(AshaPromotion, searcher=Weighing)
    asha.begin()
    assert asha.searcher.asked == []


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_weights_that_are_negative_or_not_finite_are_refused(experiment, monkeypatch, weight):
    monkeypatch.setattr(Weighing, "weights", {1: weight})
    experiment = AskTell(experiment(AshaPromotion, searcher=Weighing, brackets=2).scheduler)
    with pytest.raises(ComponentError, match=r"searcher 'weighing' .* returned \{1: .*finite numbers from 0 on"):
        experiment.ask()


@BOTH
def test_all_brackets_are_as_many_as_levels(experiment, scheduler):
    asha = experiment(scheduler, searcher=Weighing, brackets="all")
    asha.begin()
    assert asha.searcher.asked == [(1, 3, 9)]


def test_the_number_of_brackets_is_refused_where_there_are_fewer_levels(experiment):
    with pytest.raises(ConfigurationError, match=r"scheduler\.brackets=4 must be at most 3"):
        experiment(AshaPromotion, brackets=4)


class WithWeights(SchedulerContract):
    @pytest.fixture
    def scheduler(self, make):
        return lambda problem, streams: make(problem, streams, Learning(problem, streams))

    def test_the_searcher_can_weigh_brackets(self):
        assert issubclass(Learning, WeighsBrackets)


class TestAshaPromotionWithWeights(WithWeights):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "asha_promotion", brackets="all")


class TestAshaStoppingWithWeights(WithWeights):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "asha_stopping", brackets="all")
