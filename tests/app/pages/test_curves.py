"""Step functions in few bytes: nothing that a screen could show is lost."""

import base64

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunekit.pages.curves import TICKS, changes, encoded, most_steps
from tunekit.results.best_so_far import BestSoFar


def decoded(curves, span):
    ticks = np.frombuffer(base64.b64decode(curves["ticks"]), "<u2")
    values = np.frombuffer(base64.b64decode(curves["values"]), f"<{curves['type']}").astype(float)
    ends = np.cumsum(curves["steps"])
    parts = [slice(end - n, end) for end, n in zip(ends, curves["steps"], strict=True)]
    return [BestSoFar(ticks[part] * (span / TICKS), values[part], span) for part in parts]


def falling(n, power=1.0, last=0.1):
    return np.linspace(0.5, 99.5, n), last + np.linspace(1, 0, n) ** power


@given(
    st.integers(0, 300),
    st.integers(0, 2**32),
    st.sampled_from([0.2, 1.0, 5.0]),
    st.sampled_from([0.1, -0.5]),
    st.integers(16, 40),
)
@settings(max_examples=60)
def test_what_is_left_out_is_a_small_part_of_the_way(n, seed, power, last, most):
    times = np.sort(np.random.default_rng(seed).integers(0, 10_001, n)) / 100
    values = last + np.linspace(1, 0, len(times)) ** power
    (kept,) = decoded(encoded([(times, values)], 100.0, most), 100.0)
    assert len(kept.values) <= most
    between = np.arange(10_001) / 100 + 0.005  # no step is near enough to be in a tick with these
    shown, truth = kept.at(between), BestSoFar(times, values, 100.0).at(between)
    assert (np.isnan(shown) == np.isnan(truth)).all()
    known = ~np.isnan(truth)
    assert (shown[known] >= truth[known] - 1e-6).all()
    assert (shown[known] <= truth[known] + 2 / (most - 2) + 1e-6).all()
    assert kept.values[-1:] == pytest.approx(values[-1:], rel=1e-6)


def test_a_run_with_few_steps_keeps_all():
    times, values = falling(30)
    (kept,) = decoded(encoded([(times, values)], 100.0, 30), 100.0)
    assert kept.values == pytest.approx(values, rel=1e-6)
    assert kept.times == pytest.approx(times, abs=100 / TICKS)


def test_of_steps_in_one_tick_the_last_counts():
    times = np.array([1.0, 1.0, 1.0 + 1e-6, 50.0])
    (kept,) = decoded(encoded([(times, np.array([4.0, 3.0, 2.0, 1.0]))], 100.0), 100.0)
    assert kept.values.tolist() == [2.0, 1.0]


def test_small_steps_after_a_great_fall_are_kept():
    values = np.concatenate([[1e15], np.geomspace(10, 1e-6, 200)])
    (kept,) = decoded(encoded([(np.linspace(0, 99, 201), values)], 100.0, 40), 100.0)
    decades = np.log10(kept.values)
    assert len(kept.values) <= 40
    assert kept.values[[0, -1]] == pytest.approx([1e15, 1e-6], rel=1e-6)
    assert np.abs(np.diff(decades[1:])).max() < 0.1 * 21


@pytest.mark.parametrize(("scale", "kind"), [(1.0, "f4"), (1e300, "f8"), (1e-60, "f8"), (-1e-3, "f4")])
def test_numbers_have_as_many_bytes_as_they_need(scale, kind):
    times, values = falling(20)
    found = encoded([(times, scale * values)], 100.0)
    assert found["type"] == kind
    assert decoded(found, 100.0)[0].values == pytest.approx(scale * values, rel=1e-6)


def test_what_is_no_number_survives():
    values = np.array([np.nan, np.inf, 1.0, np.nan])
    (kept,) = decoded(encoded([(np.arange(4.0), values)], 4.0), 4.0)
    assert kept.values.tolist() == pytest.approx(values.tolist(), nan_ok=True)


def test_curves_without_a_step_are_curves():
    nothing = np.empty(0), np.empty(0)
    found = encoded([nothing, falling(3), nothing], 100.0)
    assert found["steps"] == [0, 3, 0]
    assert encoded([], 1.0)["steps"] == []


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(0, 5000))
def test_as_many_steps_are_kept_as_fit(counts, together):
    most = most_steps(counts, together)
    assert most >= 16
    assert most == 16 or sum(min(n, most) for n in counts) <= together
    assert most >= max(counts, default=0) or sum(min(n, most + 1) for n in counts) > together


def test_a_function_on_a_grid_becomes_its_changes():
    times, values = changes(np.arange(7.0), np.array([np.nan, np.nan, 3, 3, 2, np.nan, np.nan]))
    assert times.tolist() == [0, 2, 4, 5]
    assert values.tolist() == pytest.approx([np.nan, 3, 2, np.nan], nan_ok=True)
