"""How much two orders differ: cases worked out by hand."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_asha.pasha.criteria import standard_deviation
from tunekit_asha.pasha.measures import disagreement, rank_biased_overlap, reciprocal_rank_regret
from tunekit_asha.pasha.ranking import SharedRanking

rrr = partial(reciprocal_rank_regret, absolute=False)
arrr = partial(reciprocal_rank_regret, absolute=True)


def ranking_of(*upper):
    """Trials by their losses on the upper rung, in the order of the lower one."""
    return SharedRanking(enumerate(upper))


@pytest.mark.parametrize(
    ("upper", "place_weight", "overlap"),
    [
        ((0.1, 0.2, 0.3, 0.4), 1.0, 1.0),
        ((0.1, 0.2), 0.9, 1.0),
        ((0.2, 0.1), 1.0, 1 / 2),  # nothing of 1, 2 of 2
        ((0.2, 0.1), 0.5, 1 / 3),
        ((0.2, 0.1, 0.3, 0.4), 1.0, 3 / 4),  # nothing of 1, then all
        ((0.2, 0.1, 0.3, 0.4), 0.5, 7 / 15),
        ((0.3, 0.2, 0.1), 1.0, 1 / 2),  # nothing of 1, 1 of 2, 3 of 3
        ((0.3, 0.2, 0.1), 0.5, 2 / 7),
        ((0.1, 0.2, 0.4, 0.3), 1.0, 11 / 12),  # 1 of 1, 2 of 2, 2 of 3, 4 of 4
    ],
)
def test_the_overlap_is_the_weighted_mean_of_what_the_first_of_both_have_in_common(upper, place_weight, overlap):
    assert rank_biased_overlap(ranking_of(*upper), place_weight) == pytest.approx(overlap, abs=1e-15)


@pytest.mark.parametrize(
    ("upper", "place_weight", "regret", "absolute"),
    [
        ((1.0, 2.0, 4.0), 0.5, 0.0, 0.0),
        ((2.0, 1.0, 4.0), 1.0, 1 / 6, 1 / 2),  # 2 instead of 1 is 1, 1 instead of 2 is -1/2
        ((2.0, 1.0, 4.0), 0.5, 3 / 7, 5 / 7),
        ((1.0, 4.0, 2.0), 0.5, 3 / 14, 5 / 14),  # 4 instead of 2 is 1, 2 instead of 4 is -1/2
        ((-1.0, -2.0), 1.0, -1 / 4, 3 / 4),  # -1 instead of -2 is 1/2, -2 instead of -1 is -1
        ((-1.0, -2.0), 0.25, 1 / 5, 3 / 5),
    ],
)
def test_regret_is_what_the_order_of_the_lower_rung_loses_relative_to_the_best(upper, place_weight, regret, absolute):
    assert rrr(ranking_of(*upper), place_weight) == pytest.approx(regret, abs=1e-15)
    assert arrr(ranking_of(*upper), place_weight) == pytest.approx(absolute, abs=1e-15)


@pytest.mark.parametrize("n", [0, 1])
def test_less_than_two_trials_are_in_the_same_order(n):
    ranking = ranking_of(*[0.0] * n)
    assert rank_biased_overlap(ranking, 0.5) == 1
    assert rrr(ranking, 0.5) == arrr(ranking, 0.5) == disagreement(ranking) == 0


@pytest.mark.parametrize("n", [2, 3, 10, 2000])
@pytest.mark.parametrize("place_weight", [0.1, 0.5, 0.9, 1.0])
def test_equal_orders_keep_to_any_threshold(n, place_weight):
    ranking = ranking_of(*np.linspace(0.0, 1.0, n))
    assert rank_biased_overlap(ranking, place_weight) == 1
    assert rrr(ranking, place_weight) == arrr(ranking, place_weight) == 0


@pytest.mark.parametrize(
    ("upper", "regret"),
    [
        ((0.0, 0.0, 0.1), 0.0),  # 0 / 0
        ((0.1, 0.2, math.inf, math.inf), 0.0),
        ((0.1, math.inf, 0.2), math.inf),
        ((0.1, 0.0), math.inf),
        ((0.0, -0.1), math.inf),  # a gain that cannot be divided is no gain
        ((1e300, 1e-300), math.inf),
        ((1.7e308, -1.7e308), math.inf),
    ],
)
def test_what_cannot_be_divided_is_an_infinite_regret_unless_it_is_the_same(upper, regret):
    assert rrr(ranking_of(*upper), 0.5) == arrr(ranking_of(*upper), 0.5) == regret


def test_an_infinite_regret_counts_at_a_place_whose_weight_is_too_small_for_a_number():
    ranking = ranking_of(*range(1, 3000), math.inf, 3000)
    assert rrr(ranking, 0.5) == arrr(ranking, 0.5) == math.inf


@pytest.mark.parametrize(
    ("losses", "deviation"),
    [
        ([1e200, 3e200], 1e200),
        ([-1.7e308] * 5 + [1.7e308] * 5, 1.7e308),
        ([1e-200, 3e-200], 1e-200),
        ([0.0, 0.0], 0.0),
    ],
)
def test_the_deviation_of_losses_of_any_size_is_what_it_is(losses, deviation):
    assert standard_deviation(np.array(losses)) == pytest.approx(deviation, rel=1e-15)


@given(st.lists(st.floats(-1e100, 1e100).map(lambda loss: loss if abs(loss) > 1e-100 else 0.0), min_size=2))
def test_the_deviation_is_that_of_numpy_to_the_last_digit(losses):
    assert standard_deviation(np.array(losses)) == np.std(losses)
