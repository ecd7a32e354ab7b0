"""Fronts and hypervolumes against slow obvious versions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunekit.results.pareto import front_changes, hypervolume, reference_point

numbers = st.integers(0, 6).map(float) | st.just(float("inf"))


def points(k):
    return st.lists(st.tuples(*[numbers] * k), min_size=1, max_size=12).map(np.array)


def dominates(one, other):
    return all(one <= other) and any(one < other)


@settings(max_examples=30, deadline=None)
@given(points(2) | points(3))
def test_the_front_at_any_time_is_what_nothing_before_dominates(losses):
    changes = {change.position: change.members.tolist() for change in front_changes(losses)}
    now = []
    for n in range(len(losses)):
        now = changes.get(n, now)
        so_far = [i for i in range(n + 1) if np.isfinite(losses[i]).all()]
        beaten = {
            i
            for i, j in itertools.product(so_far, so_far)
            if dominates(losses[j], losses[i]) or (j < i and (losses[i] == losses[j]).all())
        }
        assert sorted(now) == sorted(set(so_far) - beaten)


@settings(max_examples=30, deadline=None)
@given(points(2) | points(3))
def test_a_hypervolume_is_the_number_of_cells_that_a_point_dominates(losses):
    k = losses.shape[1]
    cells = itertools.product(range(5), repeat=k)
    count = sum(any((point <= np.array(cell)).all() for point in losses) for cell in cells)
    assert hypervolume(losses, np.full(k, 5.0)) == count


def test_the_hypervolume_of_other_numbers_of_losses_is_refused():
    with pytest.raises(ValueError, match="of 4 losses is not computed"):
        hypervolume(np.zeros((1, 4)), np.ones(4))


def test_the_reference_point_is_a_tenth_beyond_the_front():
    np.testing.assert_allclose(reference_point(np.array([[0.0, 4.0], [10.0, 2.0]])), [11, 4.2])
    np.testing.assert_allclose(reference_point(np.array([[-5.0, 0.0]])), [-4.5, 0.1])
