"""Differences of losses, without those that rounding makes."""

import numpy as np
import pytest

from tunekit.studies.differences import less, with_ties


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        (0.1 + 0.2, 0.3, 0.0),
        (1.0, 1.0 + 1e-8, -1e-8),
        (2e-300, 1e-300, 1e-300),
        (1e-17, 0.0, 1e-17),
        (1e-17, -1e-17, 2e-17),
        (np.inf, np.inf, 0.0),
        (np.inf, 1.0, np.inf),
        (-1e308, 1e308, -np.inf),
    ],
)
def test_a_difference_is_none_only_where_it_is_small_beside_both(first, second, difference):
    assert less(first, second) == pytest.approx(difference, rel=1e-6, abs=0)
    assert less(second, first) == -less(first, second)


def test_ties_are_the_lowest_of_them_and_stay_in_their_places():
    assert with_ties([0.3, 5.0, 0.1 + 0.2, np.inf, np.inf]).tolist() == [0.3, 5.0, 0.3, np.inf, np.inf]
    assert with_ties([]).tolist() == []
