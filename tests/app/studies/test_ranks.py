import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tunekit.studies.statistics.paired import holm, wilcoxon
from tunekit.studies.statistics.ranks import LEAST_BENCHMARKS, average_ranks, critical_difference, friedman

tables = arrays(float, st.tuples(st.integers(2, 8), st.integers(2, 5)), elements=st.integers(0, 4))  # many ties


@given(tables)
@settings(deadline=None, max_examples=40)
def test_average_ranks_are_those_of_scipy(losses):
    np.testing.assert_allclose(average_ranks(losses), stats.rankdata(losses, axis=1).mean(axis=0))


@given(tables)
@settings(deadline=None, max_examples=60)
def test_friedmans_test_is_that_of_scipy_after_iman_and_davenport(losses):
    n, k = losses.shape
    if k < 3 or all(len(set(row)) == 1 for row in losses.tolist()):
        return  # scipy asks for three methods, and for something that differs
    chi_square = stats.friedmanchisquare(*losses.T).statistic
    if n * (k - 1) - chi_square < 1e-9:
        return
    f = (n - 1) * chi_square / (n * (k - 1) - chi_square)
    assert friedman(losses) == pytest.approx(stats.f.sf(f, k - 1, (k - 1) * (n - 1)), rel=1e-6)


def test_average_ranks_on_the_example_of_demsar():
    """Accuracies of four classifiers on 14 data sets, table 6."""
    accuracies = [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],  # both are printed as 0.975, and ranked 2 and 3
        [0.957, 0.978, 0.946, 0.970],
    ]
    np.testing.assert_allclose(average_ranks(1 - np.array(accuracies)), [3.143, 2.000, 2.893, 1.964], atol=5e-4)


def test_where_all_benchmarks_agree_p_is_the_chance_of_that():
    losses = np.tile([1.0, 2.0, 3.0], (5, 1))
    assert friedman(losses) == pytest.approx((1 / 6) ** 4)


@pytest.mark.parametrize("losses", [np.ones((6, 3)), np.ones((1, 3)), np.ones((6, 1)), np.ones((0, 3))])
def test_where_nothing_can_be_told_apart_p_is_1(losses):
    assert friedman(losses) == 1


def test_without_benchmarks_there_are_no_ranks():
    assert np.isnan(average_ranks(np.empty((0, 3)))).all()


def told_apart(losses):
    """By the differences of losses, as where these are in a common unit."""
    with np.errstate(invalid="ignore"):
        differences = losses[:, :, np.newaxis] - losses[:, np.newaxis, :]
    return critical_difference(losses, np.where(losses[:, :, np.newaxis] == losses[:, np.newaxis, :], 0, differences))


def example():
    """Methods 2 and 0 are alike, 1 is worse, 3 is worst, on twelve benchmarks."""
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=0.1, size=(12, 4))
    return noise + np.array([0.0, 1.0, 0.0, 2.0])


def test_groups_hold_what_is_not_told_apart():
    found = told_apart(example())
    assert set(found.cliques) == {(0, 2)} or set(found.cliques) == {(2, 0)}
    assert found.ranks[3] == 4
    assert found.p < 1e-6


def test_pairs_are_tested_by_wilcoxon_and_adjusted_together():
    losses = example()
    found = told_apart(losses)
    couples = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    expected = holm([wilcoxon(losses[:, i] - losses[:, j]) for i, j in couples])
    for (i, j), p in zip(couples, expected, strict=True):
        assert found.pairs[i, j] == found.pairs[j, i] == p
    assert np.diag(found.pairs).tolist() == [1.0] * 4


def test_a_group_is_as_large_as_can_be_and_no_two_of_it_are_told_apart():
    rng = np.random.default_rng(4)
    for _ in range(30):
        found = told_apart(rng.normal(size=(10, 6)) + 0.5 * np.arange(6))
        for i in range(6):
            for j in range(i):
                together = any({i, j} <= set(clique) for clique in found.cliques)
                assert together == (found.pairs[i, j] > 0.05)
        for clique in found.cliques:
            assert list(clique) == sorted(clique, key=lambda method: found.ranks[method])
            others = set(range(6)) - set(clique)
            assert not any(all(found.pairs[other, member] > 0.05 for member in clique) for other in others)
        assert len(set(found.cliques)) == len(found.cliques)


def test_the_order_of_methods_does_not_matter():
    losses, order = example() + np.random.default_rng(1).normal(size=(12, 4)), [2, 0, 3, 1]
    found, permuted = told_apart(losses), told_apart(losses[:, order])
    np.testing.assert_allclose(permuted.ranks, found.ranks[order])
    np.testing.assert_allclose(permuted.pairs, found.pairs[np.ix_(order, order)])
    assert {frozenset(order[i] for i in clique) for clique in permuted.cliques} == set(map(frozenset, found.cliques))


def test_equal_methods_are_one_group():
    found = told_apart(np.ones((10, 3)))
    assert found.cliques == ((0, 1, 2),)
    assert found.p == 1


def test_two_infinite_losses_are_equal():
    losses = np.column_stack([np.full(10, math.inf), np.full(10, math.inf), np.arange(10.0)])
    found = told_apart(losses)
    assert found.pairs[0, 1] == 1
    assert found.pairs[0, 2] < 0.05
    assert found.ranks.tolist() == [2.5, 2.5, 1]


def test_fewer_than_ten_benchmarks_are_refused():
    assert LEAST_BENCHMARKS == 10
    with pytest.raises(ValueError, match="needs 10 benchmarks, and there are 9"):
        told_apart(np.ones((9, 3)))


def test_differences_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"have the shape \(10, 3, 3\), not \(10, 3, 2\)"):
        critical_difference(np.ones((10, 3)), np.ones((10, 3, 2)))


def test_nan_is_refused():
    for function in (average_ranks, friedman, told_apart):
        with pytest.raises(ValueError, match="losses must not hold NaN"):
            function(np.full((10, 2), math.nan))


def test_of_equal_methods_any_pair_is_told_apart_in_five_percent_at_most():
    rng = np.random.default_rng(3)
    found = [told_apart(rng.lognormal(size=(10, 4)) + rng.normal(size=(10, 1))) for _ in range(200)]
    assert np.mean([(each.pairs <= 0.05).any() for each in found]) <= 0.05 + 0.03
    assert np.mean([each.p <= 0.05 for each in found]) <= 0.05 + 0.03
