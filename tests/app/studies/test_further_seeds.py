import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from tunekit.studies.statistics.paired import least_seeds, wilcoxon
from tunekit.studies.statistics.power import MOST, seeds_to_settle

LIKELY = np.array([-1.0, -0.4, 0.1, -1.3, -0.6, -0.2, -0.8, -0.5])  # p = 0.016, and 28 hypotheses ask for 0.0018


def doubtful(n):
    """Differences with a mean of a fifth of their standard deviation: zero is outside of its interval, but close."""
    values = np.random.default_rng(0).normal(size=n)
    return (values - values.mean()) / values.std() - 0.2


def chance_of_significance(rng, differences, effect, k, level, n=400):
    """With k further normal differences, by simulation."""
    further = rng.normal(effect, size=(n, k))
    return np.mean([wilcoxon(np.concatenate([differences, row])) <= level for row in further])


def test_what_is_significant_already_needs_no_further_seeds():
    assert seeds_to_settle(np.arange(1.0, 12.0), 28) == (0, 0)
    assert seeds_to_settle(np.arange(1.0, 11.0), 28) != (0, 0)


def test_no_range_begins_before_any_result_could_be_significant():
    for n in (5, 6, 8):
        least, most = seeds_to_settle(-np.arange(10.0, 10.0 + n), 28)
        assert (least, most) == (least_seeds(28) - n, least_seeds(28) - n)


def test_a_range_has_both_ends_of_the_effect():
    least, most = seeds_to_settle(LIKELY, 28)
    assert 3 <= least < most <= MOST


def test_fewer_hypotheses_less_power_and_more_error_need_no_more_seeds():
    least, most = seeds_to_settle(LIKELY, 28)
    for easier in (
        seeds_to_settle(LIKELY, 6),
        seeds_to_settle(LIKELY, 28, power=0.5),
        seeds_to_settle(LIKELY, 28, 0.2),
    ):
        assert easier[0] <= least
        assert easier[1] <= most


def test_where_zero_is_possible_nothing_is_foretold():
    assert seeds_to_settle([-1.0, 0.8, -0.7, 1.1, -0.9, 0.6], 6) is None
    assert seeds_to_settle([0.0] * 8, 6) is None


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_too_few_differences_foretell_nothing(n):
    assert seeds_to_settle(-np.arange(1.0, n + 1), 1) is None


def test_beyond_200_further_seeds_nothing_is_foretold():
    assert 0.05 / 28 < wilcoxon(doubtful(90)) < 0.1
    assert seeds_to_settle(doubtful(90), 28) is None


def test_more_than_100_seeds_that_leave_it_open_foretell_nothing():
    differences = doubtful(100) - 0.25  # p = 5e-5, and so many hypotheses ask for 5e-6
    assert seeds_to_settle(differences, 10_000) is not None
    assert seeds_to_settle([*differences, 0.0], 10_000) is None


def test_an_infinite_difference_foretells_nothing():
    assert seeds_to_settle([*LIKELY, -math.inf], 28) is None


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="differences must not hold NaN"):
        seeds_to_settle([1.0, math.nan], 1)
    with pytest.raises(ValueError, match="n_hypotheses=0 must be at least 1"):
        seeds_to_settle(LIKELY, 0)
    with pytest.raises(ValueError, match="power=80 must lie between 0 and 1"):
        seeds_to_settle(LIKELY, 1, power=80)


@given(arrays(float, st.integers(5, 12), elements=st.floats(-4, 6, width=16)), st.sampled_from([1, 6, 28]))
@settings(deadline=None, max_examples=60)
def test_neither_order_nor_direction_nor_unit_matters(differences, n_hypotheses):
    found = seeds_to_settle(differences, n_hypotheses)
    assert seeds_to_settle(differences[::-1], n_hypotheses) == found
    assert seeds_to_settle(-differences, n_hypotheses) == found
    assert seeds_to_settle(4 * differences, n_hypotheses) == found


def test_at_each_end_the_test_is_significant_with_the_power_if_the_effect_is_that_of_the_end():
    """The closed form, against further differences drawn from what it supposes them to be."""
    values = -LIKELY
    i, j = np.triu_indices(8)
    means = np.sort((values[i] + values[j]) / 2)
    low, high, centre = means[5], means[-6], np.median(means)  # of eight, P(W <= 5) = 0.039
    spread = (values - centre) * np.sqrt(8 / 7)
    rng = np.random.default_rng(0)
    for further, end in zip(seeds_to_settle(LIKELY, 28), (high, low), strict=True):
        chances = []
        for k in (further - 1, further):
            draws = rng.choice(spread, size=(1000, k)) + end
            p = [wilcoxon(np.concatenate([values, row])) for row in draws]
            chances.append(np.mean(np.array(p) <= 0.05 / 28))
        assert chances[0] < 0.8 + 0.04  # where the distribution is taken as normal, it is not quite
        assert chances[1] > 0.8 - 0.04


def test_ranges_hold_the_true_number_in_most_cases():
    rng, level = np.random.default_rng(4), 0.05 / 6
    right = given_ = 0
    while given_ < 40:
        differences = rng.normal(1.0, size=8)
        found = seeds_to_settle(differences, 6)
        if found is None or found == (0, 0):
            continue
        given_ += 1
        too_early = chance_of_significance(rng, differences, 1.0, found[0] - 1, level, 100) >= 0.8
        too_late = chance_of_significance(rng, differences, 1.0, found[1], level, 100) < 0.8
        right += not (too_early or too_late)
    assert right / given_ >= 0.75
