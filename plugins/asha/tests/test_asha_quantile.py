import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_asha.quantile import BatchQuantile, RunningQuantile

FINITE = st.floats(-1e100, 1e100) | st.sampled_from([0.0, 1.0, 2.0])
QUANTILES = st.floats(0, 1) | st.sampled_from([1 / 3, 0.405, 0.5, 0.25, 1.0])


@given(numbers=st.lists(FINITE, min_size=1, max_size=40), q=QUANTILES)
def test_it_equals_numpy_to_the_bit_after_every_number(numbers, q):
    quantile = RunningQuantile(q)
    for n, number in enumerate(numbers, start=1):
        quantile.add(number)
        assert quantile.value() == np.quantile(numbers[:n], q, method="linear")


@given(data=st.data(), q=QUANTILES)
def test_numbers_that_went_leave_no_trace(data, q):
    quantile, there = RunningQuantile(q), []
    for _ in range(data.draw(st.integers(1, 40))):
        if there and data.draw(st.booleans()):
            quantile.remove(there.pop(data.draw(st.integers(0, len(there) - 1))))
        else:
            there.append(data.draw(st.integers(0, 9).map(float) | st.floats(-1, 10)))
            quantile.add(there[-1])
        assert len(quantile) == len(there)
        if there:
            assert quantile.value() == np.quantile(there, q, method="linear")


@pytest.mark.parametrize(
    ("numbers", "value"),
    [
        ([1.0, 2.0, math.inf], 2.0),
        ([1.0, math.inf, math.inf], math.inf),
        ([1.0, math.inf], math.inf),
        ([math.inf, math.inf], math.inf),
    ],
)
def test_between_a_finite_number_and_infinity_it_is_infinite(numbers, value):
    quantile = RunningQuantile(0.5)
    for number in numbers:
        quantile.add(number)
    assert quantile.value() == value


@given(data=st.data(), q=QUANTILES)
def test_numbers_come_and_go_many_at_a_time(data, q):
    there = []
    quantile = BatchQuantile(q, lambda: np.array(there))
    numbers = st.integers(0, 9).map(float) | st.floats(-1, 10)
    for _ in range(data.draw(st.integers(1, 20))):
        gone = [there.pop(data.draw(st.integers(0, len(there) - 1))) for _ in range(len(there) // 2)]
        new = data.draw(st.lists(numbers, max_size=20))
        there += new
        quantile.replace(np.array(gone), np.array(new))
        assert len(quantile) == len(there)
        if there:
            assert quantile.value() == np.quantile(there, q, method="linear")


def test_all_numbers_are_seldom_looked_at():
    draws, looks, there = np.random.default_rng(0), [], np.empty(0)

    def everything():
        looks.append(len(there))
        return there

    quantile = BatchQuantile(0.9, everything)
    for _ in range(1000):
        gone, new = there[:20], draws.normal(size=40) ** 3
        there = np.concatenate((there[20:], new))
        quantile.replace(gone, new)
        assert quantile.value() == np.quantile(there, 0.9, method="linear")
    assert len(looks) < 25
