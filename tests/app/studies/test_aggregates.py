import numpy as np
import pytest
from scipy import stats

from tunekit.studies.statistics.aggregates import iqm


@pytest.mark.parametrize("n", [4, 8, 20])
def test_the_inter_quartile_mean_is_that_of_scipy_where_a_quarter_is_whole(n):
    values = np.random.default_rng(n).lognormal(size=(3, n))
    np.testing.assert_allclose(iqm(values), stats.trim_mean(values, 0.25, axis=1), rtol=1e-12)


def test_values_at_the_border_count_in_part():
    # Of five, 1.25 are left out at each end: 0.75 of the second, all of the third, 0.75 of the fourth.
    assert iqm(np.array([9.0, 1.0, 2.0, 4.0, 8.0])) == pytest.approx((0.75 * 2 + 4 + 0.75 * 8) / 2.5)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_inter_quartile_mean_of_few_values_is_between_them(n):
    values = np.arange(n, dtype=float)
    assert iqm(values) == pytest.approx(values.mean())


def test_the_inter_quartile_mean_goes_along_the_axis_that_is_asked_for():
    values = np.random.default_rng(0).normal(size=(6, 4, 5))
    np.testing.assert_allclose(iqm(values, axis=1), [[iqm(plane[:, j]) for j in range(5)] for plane in values])


def test_infinite_values_in_the_outer_quarters_do_not_matter():
    assert iqm(np.array([-np.inf, 1.0, 2.0, np.inf])) == 1.5
    assert iqm(np.array([1.0, 1.0, np.inf, np.inf])) == np.inf


def test_no_values_have_no_inter_quartile_mean():
    assert np.isnan(iqm(np.empty(0)))
