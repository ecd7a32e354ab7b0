import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_bo.models.ranking import ensemble_weights, folds, ranking_loss, shares_of_least_loss


def slow_loss(sample, observed):
    pairs = [(i, j) for i, j in itertools.combinations(range(len(sample)), 2) if observed[i] != observed[j]]
    wrong = [(i, j) for i, j in pairs if (sample[i] < sample[j]) != (observed[i] < observed[j])]
    return len(wrong) / len(pairs) if pairs else 0.0


@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_the_ranking_loss_is_that_of_counting_pair_by_pair(seed, n):
    rng = np.random.default_rng(seed)
    samples, observed = rng.standard_normal((n, 4)), rng.integers(0, 8, n).astype(float)
    expected = [slow_loss(samples[:, f], observed) for f in range(4)]
    np.testing.assert_allclose(ranking_loss(samples, observed), expected, rtol=1e-12)


def test_the_ranking_loss_of_a_worked_example():
    observed = np.array([1.0, 2.0, 3.0, 4.0])
    samples = np.array([[0.1, 4.0, 0.2], [0.2, 3.0, 0.1], [0.3, 2.0, 0.3], [0.4, 1.0, 0.4]])
    np.testing.assert_allclose(ranking_loss(samples, observed), [0.0, 1.0, 1 / 6])


def test_observations_that_tie_say_nothing_about_ranks():
    assert ranking_loss(np.array([[1.0], [2.0], [3.0]]), np.array([5.0, 5.0, 5.0])) == [0.0]
    assert ranking_loss(np.array([[1.0], [2.0], [0.0]]), np.array([5.0, 5.0, 6.0])) == [1.0]


@pytest.mark.parametrize(
    ("n", "sizes"), [(6, [2, 2, 2]), (7, [3, 2, 2]), (9, [3, 2, 2, 2]), (10, [2] * 5), (23, [5, 5, 5, 4, 4])]
)
def test_there_are_up_to_five_folds_of_at_least_two(n, sizes):
    parts = folds(n)
    assert [len(part) for part in parts] == sizes
    assert sorted(np.concatenate(parts)) == list(range(n))


def test_models_that_tie_for_the_least_loss_are_all_credited():
    losses = np.array([[0.1, 0.3, 0.2, 0.0], [0.1, 0.2, 0.3, 0.0], [0.2, 0.4, 0.4, 0.5]])
    np.testing.assert_allclose(shares_of_least_loss(losses), [0.5, 0.5, 0.0])


def test_weights_of_a_hundredth_and_below_are_left_out():
    np.testing.assert_allclose(ensemble_weights(np.array([0.01, 0.24, 0.75])), [0, 0.24 / 0.99, 0.75 / 0.99])


def test_the_largest_weights_are_never_left_out():
    np.testing.assert_allclose(ensemble_weights(np.full(125, 0.008)), np.full(125, 0.008))
