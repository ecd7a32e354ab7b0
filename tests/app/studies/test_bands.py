import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from tunekit.studies.statistics.bands import Band, better_from, simultaneous_band
from tunekit.studies.statistics.intervals import interval

studies = arrays(float, st.tuples(st.integers(10, 14), st.integers(1, 6)), elements=st.floats(-9, 9, width=16))


def searches(rng, n_studies, n_seeds, *, losses, shift, times=40, shared=2):
    """Differences of two random searches with one trial at each time, the first ones the same."""
    first = rng.normal(size=(n_studies, n_seeds, times))
    second = rng.normal(size=first.shape) + shift
    second[..., :shared] = first[..., :shared]
    return np.subtract(*(np.minimum.accumulate(losses(each), axis=-1) for each in (first, second)))


@pytest.mark.parametrize("n_seeds", [10, 15, 20])
@pytest.mark.parametrize("losses", [np.positive, np.exp], ids=["normal", "log-normal"])
def test_the_band_holds_the_true_median_at_all_times_in_93_to_97_percent(n_seeds, losses):
    rng = np.random.default_rng(1)
    truth = np.median(searches(rng, 1, 40_000, losses=losses, shift=0.5)[0], axis=0)
    held = []
    for differences in searches(rng, 400, n_seeds, losses=losses, shift=0.5):
        band = simultaneous_band(differences)
        held.append(np.all((band.low <= truth + 1e-12) & (truth - 1e-12 <= band.high)))
    assert 93 - 2.4 <= 100 * np.mean(held) <= 97 + 2.4  # and two standard errors


def test_of_equal_searches_hardly_one_is_called_better_from_some_time_on():
    rng = np.random.default_rng(2)
    false = 0
    for differences in searches(rng, 400, 12, losses=np.exp, shift=0.0):
        band = simultaneous_band(differences)
        false += any(better_from(each, np.arange(40)) is not None for each in (band, band.negated()))
    assert false / 400 <= 0.05


@pytest.mark.parametrize("n", [10, 13, 20])
def test_at_one_time_the_band_is_the_interval_of_the_median(n):
    values = np.random.default_rng(n).normal(size=(n, 1))
    alone, band = interval(values[:, 0]), simultaneous_band(values)
    assert band.estimate[0] == alone.estimate
    # The majority of an odd number about its own median is never of one value alone: up to one rank, and to the draws.
    ordered = np.sort(values[:, 0])
    place = [np.searchsorted(ordered, each) for each in (alone.low, band.low[0])]
    assert abs(place[0] - place[1]) <= 1


def test_a_constant_difference_has_the_band_of_one_time():
    """Times that stand for the same values twice are not more to be wrong about."""
    values = np.random.default_rng(0).normal(size=(12, 1))
    alone, repeated = simultaneous_band(values), simultaneous_band(np.repeat(values, 50, axis=1))
    np.testing.assert_array_equal(repeated.low, np.repeat(alone.low, 50))
    np.testing.assert_array_equal(repeated.high, np.repeat(alone.high, 50))


def test_independent_times_need_a_wider_band():
    values = np.random.default_rng(0).normal(size=(20, 100))
    alone, together = simultaneous_band(values[:, :1]), simultaneous_band(values)
    assert together.low[0] < alone.low[0]
    assert together.high[0] > alone.high[0]


def test_before_anything_differs_the_band_has_no_width():
    values = np.concatenate([np.zeros((15, 5)), np.random.default_rng(0).normal(size=(15, 5))], axis=1)
    band = simultaneous_band(values)
    assert not band.low[:5].any()
    assert not band.high[:5].any()
    assert np.all(band.low[5:] < band.high[5:])


@given(studies)
@settings(deadline=None, max_examples=40)
def test_changed_signs_mirror_the_band_of_an_even_number_of_seeds(values):
    values = values[: len(values) // 2 * 2]
    mirrored, band = simultaneous_band(-values), simultaneous_band(values).negated()
    for name in ("estimate", "low", "high"):
        np.testing.assert_allclose(getattr(mirrored, name), getattr(band, name), atol=1e-9)


@given(studies)
@settings(deadline=None, max_examples=40)
def test_the_band_is_between_the_least_and_the_greatest_and_holds_the_estimate(values):
    band = simultaneous_band(values)
    assert np.all(values.min(axis=0) <= band.low)
    assert np.all(band.low <= band.estimate)
    assert np.all(band.estimate <= band.high)
    assert np.all(band.high <= values.max(axis=0))


@given(studies)
@settings(deadline=None, max_examples=40)
def test_the_depth_follows_from_signs_alone(values):
    """Twice the differences have twice the band, and an increasing function of them has ends between the same ranks."""
    scaled, band = simultaneous_band(2 * values), simultaneous_band(values)
    np.testing.assert_allclose(scaled.low, 2 * band.low)
    np.testing.assert_allclose(scaled.high, 2 * band.high)


def test_how_large_differences_are_does_not_matter():
    values = np.cumsum(np.random.default_rng(0).normal(size=(11, 9)), axis=1)  # 11: the middle one is a difference
    ordered = np.sort(values, axis=0)
    band, cubed = simultaneous_band(values), simultaneous_band(values**3)
    for column in range(9):
        places = [
            np.searchsorted(each[:, column], low)
            for each, low in ((ordered, band.low[column]), (ordered**3, cubed.low[column]))
        ]
        assert places[0] == places[1]


def test_more_confidence_makes_no_band_narrower():
    values = np.cumsum(np.random.default_rng(0).normal(size=(15, 30)), axis=1)
    bands = [simultaneous_band(values, confidence) for confidence in (0.5, 0.8, 0.9, 0.95, 0.98)]
    for less, more in pairwise(bands):
        assert np.all(more.low <= less.low)
        assert np.all(more.high >= less.high)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (2, 3), (9, 3), (12, 0)])
def test_too_few_seeds_and_no_times_have_no_band(shape):
    assert simultaneous_band(np.ones(shape)) is None


def test_independent_times_that_are_too_many_for_ten_seeds_have_no_band():
    """Of 500 independent times, all ten seeds are on one side at some time more often than not."""
    assert simultaneous_band(np.random.default_rng(0).normal(size=(10, 500))) is None


def test_infinite_differences_make_an_infinite_end():
    values = np.random.default_rng(0).normal(size=(12, 3))
    values[:9, 0], values[:7, 1] = -math.inf, math.inf
    band = simultaneous_band(values)
    assert (band.low[0], band.estimate[0]) == (-math.inf, -math.inf)
    assert (band.high[1], band.estimate[1]) == (math.inf, math.inf)
    assert np.isfinite([band.low[2], band.high[2]]).all()


def test_nan_is_refused():
    with pytest.raises(ValueError, match="differences must not hold NaN: leave out the seeds, times"):
        simultaneous_band(np.full((12, 3), math.nan))


def band_below(*high):
    return Band(np.array(high) - 1.0, np.array(high) - 2.0, np.array(high))


TIMES = np.array([10.0, 20.0, 30.0, 40.0])


@pytest.mark.parametrize(
    ("high", "time"),
    [
        ((-1.0, -1.0, -1.0, -1.0), 10.0),
        ((0.0, -1.0, -1.0, -1.0), 20.0),
        ((-1.0, 0.5, -1.0, -1.0), 30.0),
        ((-1.0, -1.0, -1.0, 0.0), None),
        ((1.0, 1.0, 1.0, 1.0), None),
    ],
)
def test_a_method_is_better_from_where_the_band_is_below_zero_to_the_end(high, time):
    assert better_from(band_below(*high), TIMES) == time


def test_the_other_method_is_better_where_the_band_is_above_zero():
    band = Band(np.array([0.0, 2.0]), np.array([-1.0, 1.0]), np.array([1.0, 3.0]))
    assert better_from(band, [5.0, 6.0]) is None
    assert better_from(band.negated(), [5.0, 6.0]) == 6.0


def test_times_must_be_those_of_the_band():
    with pytest.raises(ValueError, match="The band has 4 times, and 2 are given"):
        better_from(band_below(-1.0, -1.0, -1.0, -1.0), TIMES[:2])
