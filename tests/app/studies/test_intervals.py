import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tunekit.studies.statistics.intervals import DEFAULT_STATISTIC, Interval, interval, intervals

OFFERED = ["median", "iqm"]
IQM_OF_LOG_NORMAL = 1.0729227
samples = arrays(float, st.integers(6, 12), elements=st.floats(-100, 100, width=32))


def held(values, statistic, truth):
    """How often intervals of the columns hold the truth, in percent."""
    return 100 * np.mean([each.low <= truth <= each.high for each in intervals(values, statistic)])


def two_modes(rng, shape):
    return rng.normal(size=shape) + np.where(rng.random(shape) < 0.5, 2.0, -2.0)


@pytest.mark.parametrize(("statistic", "n"), [("median", 5), ("median", 10), ("median", 20), ("iqm", 10), ("iqm", 20)])
@pytest.mark.parametrize(
    ("draw", "truths"),
    [
        (lambda rng, shape: rng.normal(size=shape), {"median": 0.0, "iqm": 0.0}),
        (lambda rng, shape: rng.lognormal(size=shape), {"median": 1.0, "iqm": IQM_OF_LOG_NORMAL}),
        (two_modes, {"median": 0.0, "iqm": 0.0}),
    ],
    ids=["normal", "log-normal", "two modes"],
)
def test_an_interval_holds_the_truth_in_93_to_97_percent(statistic, n, draw, truths):
    values = draw(np.random.default_rng(1), (n, 2000))
    assert 93 - 1.2 <= held(values, statistic, truths[statistic]) <= 97 + 1.2  # and two standard errors


def test_the_mean_has_no_interval():
    assert interval(np.arange(20.0), "mean") is None


@pytest.mark.parametrize(("statistic", "n"), [("median", 4), ("iqm", 5), ("median", 1), ("median", 0), ("iqm", 0)])
def test_too_few_values_have_no_interval(statistic, n):
    assert interval(np.arange(float(n)), statistic) is None


def test_five_values_have_the_interval_between_the_least_and_the_greatest():
    assert interval([3.0, 1.0, 7.0, 5.0, 2.0]) == Interval(3.0, 1.0, 7.0)
    assert DEFAULT_STATISTIC == "median"


def test_the_interval_of_a_median_is_that_of_the_binomial_distribution_where_that_has_the_confidence():
    """The 6th to the 15th of 20 hold the median in 95.86 %; scipy has that interval, without interpolation."""
    values = np.arange(1.0, 21.0)
    confidence = 1 - 2 * stats.binom.cdf(5, 20, 0.5) - 1e-12
    exact = stats.quantile_test(values, q=0, p=0.5).confidence_interval(confidence)
    found = interval(values, confidence=confidence)
    assert (round(found.low, 6), round(found.high, 6)) == (exact.low, exact.high) == (6, 15)


def test_between_two_depths_the_interval_is_interpolated():
    """Depth 6 of 20 has 95.86 %, depth 7 has 88.47 %: 11.6 % of the way, by Hettmansperger and Sheather 23.5 %."""
    found = interval(np.arange(1.0, 21.0))
    assert found.low == pytest.approx(6.2353, abs=1e-4)
    assert found.high == pytest.approx(21 - 6.2353, abs=1e-4)


def test_ends_move_by_half_a_gap_at_most_where_two_modes_would_be_told_apart_too_early():
    """Depth 2 of 10 has 97.85 %, depth 3 has 89.06 %: the paper moves ends by 0.657, at which a gap costs 6 %."""
    assert interval(np.arange(1.0, 11.0)) == Interval(5.5, 2.5, 8.5)


def test_the_percentiles_are_those_of_resampled_inter_quartile_means():
    """By drawing values again and again, as slow as it is obvious."""
    values = np.random.default_rng(3).lognormal(size=8)
    drawn = np.sort(np.random.default_rng(4).choice(values, size=(200_000, 8)), axis=1)[:, 2:6].mean(axis=1)
    tail = stats.norm.cdf(stats.t.ppf(0.025, 7))
    found = interval(values, "iqm")
    assert found.estimate == pytest.approx(np.sort(values)[2:6].mean())
    assert np.mean(drawn < found.low) == pytest.approx(tail, abs=0.004)
    assert np.mean(drawn > found.high) == pytest.approx(tail, abs=0.004)


def test_columns_have_the_intervals_that_they_have_alone():
    values = np.random.default_rng(0).normal(size=(7, 1003))
    for statistic in OFFERED:
        together = intervals(values, statistic)
        for column in (0, 999, 1002):
            alone = interval(values[:, column], statistic)
            assert together[column].low == pytest.approx(alone.low)
            assert together[column].high == pytest.approx(alone.high)


@pytest.mark.parametrize("statistic", OFFERED)
@given(values=samples)
@settings(deadline=None, max_examples=40)
def test_the_order_of_values_does_not_matter_and_changed_signs_mirror_the_interval(statistic, values):
    found = interval(values, statistic)
    assert interval(values[::-1], statistic) == found
    mirrored = interval(-values, statistic)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert values.min() <= found.low <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.high <= values.max()


@pytest.mark.parametrize("statistic", OFFERED)
@given(values=samples, higher=st.floats(0, 100), which=st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_a_higher_value_lowers_no_end(statistic, values, higher, which):
    raised = values.copy()
    raised[which] += higher
    before, after = interval(values, statistic), interval(raised, statistic)
    assert after.low >= before.low - 1e-9
    assert after.high >= before.high - 1e-9


@pytest.mark.parametrize("statistic", OFFERED)
@given(values=samples)
@settings(deadline=None, max_examples=20)
def test_more_confidence_makes_no_interval_narrower(statistic, values):
    less, more = interval(values, statistic, 0.8), interval(values, statistic, 0.9)
    assert more.low <= less.low + 1e-9
    assert less.high <= more.high + 1e-9


@pytest.mark.parametrize("statistic", OFFERED)
def test_equal_values_have_an_interval_without_width(statistic):
    assert interval([0.1] * 7, statistic) == Interval(0.1, 0.1, 0.1)


def test_an_infinite_value_may_be_an_end_of_the_interval_of_a_median():
    assert interval([1.0, 2.0, 3.0, 4.0, math.inf]) == Interval(3.0, 1.0, math.inf)
    values = [-math.inf, *range(7), math.inf, math.inf]  # its ends lie between the second and the third
    assert interval(values) == Interval(3.5, 0.5, math.inf)


def test_where_the_estimate_would_be_infinite_there_is_no_interval():
    assert interval([1.0, 2.0, *[math.inf] * 5]) is None
    assert interval([*[-math.inf] * 5, *[math.inf] * 5]) is None
    assert interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, math.inf], "iqm") is None


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="values must not hold NaN: leave out the seeds"):
        interval([1.0, math.nan])
    with pytest.raises(ValueError, match="values must have 1 dimension, not 2"):
        interval(np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"confidence=95 must lie between 0 and 1"):
        interval(np.arange(9.0), confidence=95)
    with pytest.raises(ValueError, match="statistic='mode' must be 'mean', 'iqm' or 'median'"):
        interval(np.arange(9.0), "mode")
