import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from tunekit.studies.statistics.paired import EXACT_UP_TO, holm, least_seeds, wilcoxon

whole_differences = st.lists(st.integers(-4, 4), min_size=1, max_size=9)  # many ties and zeros


def slow_wilcoxon(differences):
    """By enumerating all signs of the differences that are not zero; zeros by Pratt."""
    values = np.asarray(differences, dtype=float)
    ranks = stats.rankdata(np.abs(values))[values != 0]
    if not len(ranks):
        return 1.0
    centre = ranks.sum() / 2
    observed = abs(ranks[values[values != 0] > 0].sum() - centre)
    sums = np.array([np.dot(signs, ranks) for signs in product((0, 1), repeat=len(ranks))])
    return np.mean(np.abs(sums - centre) >= observed - 1e-9)


@given(whole_differences)
@settings(deadline=None, max_examples=60)
def test_the_p_value_is_that_of_all_changes_of_signs(differences):
    assert wilcoxon(differences) == pytest.approx(slow_wilcoxon(differences), abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 11, 20, 50])
def test_the_p_value_is_that_of_scipy_where_that_is_exact(n):
    values = np.random.default_rng(n).normal(0.3, size=n)
    expected = stats.wilcoxon(values, zero_method="pratt", method="exact").pvalue
    assert wilcoxon(values) == pytest.approx(expected, rel=1e-9)


def test_beyond_the_exact_range_it_is_the_normal_approximation_of_scipy():
    values = np.random.default_rng(0).normal(0.1, size=EXACT_UP_TO + 50)
    expected = stats.wilcoxon(values, zero_method="pratt", method="approx", correction=True).pvalue
    assert wilcoxon(values) == pytest.approx(expected, rel=1e-9)


def test_the_normal_approximation_goes_on_from_the_exact_distribution_with_ties_and_zeros():
    rng = np.random.default_rng(2)
    many = np.round(rng.normal(0.15, size=3 * EXACT_UP_TO), 1)
    exact, approximate = many[:EXACT_UP_TO], np.append(many[:EXACT_UP_TO], [0.1, -0.1] * 20)
    assert np.count_nonzero(exact) <= EXACT_UP_TO < np.count_nonzero(approximate)
    assert wilcoxon(exact) == pytest.approx(wilcoxon(approximate), rel=0.25)


@given(whole_differences, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_neither_order_nor_direction_matters(differences, random):
    shuffled = random.sample(differences, len(differences))
    assert wilcoxon(shuffled) == pytest.approx(wilcoxon(differences), abs=1e-12)
    assert wilcoxon([-each for each in differences]) == pytest.approx(wilcoxon(differences), abs=1e-12)


def test_zeros_have_ranks_and_count_for_neither_side():
    """Left out, as by Wilcoxon, they would change nothing; by Pratt the ranks of the others become more alike."""
    assert wilcoxon([1, 2, 3, 4, 5, -6]) == 0.4375
    assert wilcoxon([0, 0, 0, 0, 1, 2, 3, 4, 5, -6]) == 0.21875


@pytest.mark.parametrize("differences", [[], [0.0], [0.0, -0.0, 0.0]])
def test_where_nothing_differs_p_is_1(differences):
    assert wilcoxon(differences) == 1


def test_an_infinite_difference_has_the_highest_rank():
    assert wilcoxon([math.inf, 1, -2, 3]) == wilcoxon([100, 1, -2, 3])


def test_nan_is_refused():
    with pytest.raises(ValueError, match="differences must not hold NaN"):
        wilcoxon([1.0, math.nan])
    with pytest.raises(ValueError, match="p must not hold NaN"):
        holm([0.1, math.nan])


def slow_holm(p, error):
    """Which hypotheses are rejected, one after the other."""
    rejected = set()
    for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] > error / (len(p) - step):
            break
        rejected.add(i)
    return rejected


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0.001, 0.3))
def test_what_is_adjusted_to_at_most_the_error_is_what_the_rule_rejects(p, error):
    adjusted = holm(p)
    near = np.abs(adjusted - error) < 1e-9  # rounding decides
    rejected = slow_holm(p, error)
    assert all((adjusted[i] <= error) == (i in rejected) for i in range(len(p)) if not near[i])
    assert np.all(adjusted >= np.array(p))
    assert np.all(adjusted <= 1)


def test_holms_rule_on_an_example():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([]).shape == (0,)


@pytest.mark.parametrize(("n_hypotheses", "seeds"), [(1, 6), (3, 7), (7, 9), (28, 11), (45, 11), (190, 13)])
def test_so_many_seeds_are_needed_for_any_result_to_be_significant(n_hypotheses, seeds):
    assert least_seeds(n_hypotheses) == seeds
    others = [1.0] * (n_hypotheses - 1)
    assert holm([wilcoxon(np.arange(1, seeds + 1)), *others])[0] <= 0.05
    assert holm([wilcoxon(np.arange(1, seeds)), *others])[0] > 0.05


def test_a_smaller_error_needs_more_seeds():
    assert [least_seeds(6, error) for error in (0.1, 0.05, 0.01, 0.001)] == [7, 8, 11, 14]


def test_what_is_no_error_is_refused():
    with pytest.raises(ValueError, match="error=0 must lie between 0 and 1"):
        least_seeds(3, 0)
    with pytest.raises(ValueError, match="n_hypotheses=0 must be at least 1"):
        least_seeds(0)


def test_of_equal_methods_any_pair_is_called_different_in_five_percent_at_most():
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(300):
        losses = rng.lognormal(size=(8, 4)) + rng.normal(size=(8, 1))
        p = [wilcoxon(losses[:, i] - losses[:, j]) for i in range(4) for j in range(i)]
        wrong += holm(p).min() <= 0.05
    assert wrong / 300 <= 0.05 + 0.02
