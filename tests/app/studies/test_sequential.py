"""Differences that are looked at several times while seeds are added."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunekit.studies.statistics.paired import wilcoxon
from tunekit.studies.statistics.sequential import can_tell_apart, default_looks, interval_at_look, take_looks

whole_differences = st.lists(st.integers(-3, 3), min_size=1, max_size=9)  # many ties and zeros


def all_signs(sizes):
    """Each way to give the differences their signs; all are equally probable."""
    return np.array(list(product((-1.0, 1.0), repeat=len(sizes)))) * np.asarray(sizes, float)


def share_told_apart(rows, looks, error):
    return np.mean([take_looks(row, looks, error)[-1].is_told_apart for row in rows])


@given(whole_differences)
@settings(deadline=None, max_examples=60)
def test_a_single_look_is_wilcoxons_test(differences):
    (look,) = take_looks(differences, [len(differences)])
    assert look.p == pytest.approx(wilcoxon(differences), abs=1e-12)
    assert look.is_told_apart == (wilcoxon(differences) <= 0.05)


@pytest.mark.parametrize("sizes", [range(1, 10), [1] * 9, [0, 0, 1, 2, 2, 3, 0, 1, 9], [np.inf, 1, 2, np.inf, 3, 1, 1]])
@pytest.mark.parametrize("error", [0.02, 0.05, 0.3])
def test_over_all_signs_equal_setups_are_told_apart_with_the_error_at_most(sizes, error):
    looks = [3, 5, 6, len(sizes)]
    share = share_told_apart(all_signs(sizes), looks, error)
    assert share <= error + 1e-12
    if len(set(sizes)) == len(sizes):  # where sums of ranks are many, hardly any of it is left
        assert share > error - 2.0**-7


@given(st.lists(st.integers(0, 3), min_size=2, max_size=7), st.sets(st.integers(1, 6), max_size=3), st.data())
@settings(deadline=None, max_examples=40)
def test_the_error_is_kept_whatever_the_sizes_and_the_looks(sizes, looks, data):
    looks = sorted({look for look in looks if look < len(sizes)} | {len(sizes)})
    error = data.draw(st.sampled_from([0.05, 0.2, 0.5]))
    assert share_told_apart(all_signs(sizes), looks, error) <= error + 1e-12


@pytest.mark.parametrize("name", ["normal", "Cauchy", "mostly zeros"])
def test_with_many_seeds_equal_setups_are_told_apart_in_five_percent_at_most(name):
    rng = np.random.default_rng(7)
    draw = {
        "normal": lambda n: rng.normal(size=n),
        "Cauchy": lambda n: rng.standard_cauchy(n),
        "mostly zeros": lambda n: rng.normal(size=n) * (rng.random(n) < 0.3),
    }[name]
    looks = default_looks(40)
    assert share_told_apart([draw(40) for _ in range(400)], looks, 0.05) <= 0.05 + 0.022


def test_looks_without_a_rule_have_several_times_the_error():
    rng = np.random.default_rng(1)
    looks = range(4, 21, 2)
    alarms = [any(wilcoxon(row[:n]) <= 0.05 for n in looks) for row in rng.normal(size=(400, 20))]
    assert np.mean(alarms) > 0.12


def test_large_differences_need_few_seeds_and_small_ones_many():
    rng = np.random.default_rng(2)
    looks = default_looks(40)
    means = []
    for effect in (0.0, 0.5, 1.0, 2.0):
        means.append(np.mean([take_looks(row, looks)[-1].n_seeds for row in rng.normal(effect, size=(100, 40))]))
    assert means[0] > 38
    assert means == sorted(means, reverse=True)
    assert means[-1] < 9


def test_the_side_is_told():
    better = take_looks(np.arange(-8.0, 0.0), [8])[-1]
    worse = take_looks(np.arange(1.0, 9.0), [8])[-1]
    assert (better.first_is_lower, worse.first_is_lower) == (True, False)
    assert (better.p, better.is_told_apart) == (worse.p, worse.is_told_apart) == (0.0078125, True)


@given(st.lists(st.floats(-5, 5), min_size=12, max_size=12))
@settings(deadline=None, max_examples=40)
def test_what_was_said_stays_when_seeds_are_added_or_the_first_two_looks_are_taken_alone(differences):
    looks = [6, 8, 12, 20]
    every = take_looks(differences, looks, 0.2)
    assert take_looks(differences[:8], looks, 0.2) == every[:2]
    assert take_looks([*differences, 3.0], looks, 0.2) == every


@given(st.lists(st.floats(-5, 5), min_size=20, max_size=20), st.floats(0.01, 100))
@settings(deadline=None, max_examples=40)
def test_a_difference_that_is_larger_to_the_same_side_speaks_no_less_for_it(differences, factor):
    values = np.round(differences, 2)
    (look,) = take_looks(values, [20])
    (larger,) = take_looks(np.where(values > 0, values * (1 + factor), values), [20])
    assert larger.p <= look.p + 1e-12 or look.first_is_lower
    scaled = take_looks(factor * values, [8, 14, 20])
    assert [each.p for each in scaled] == pytest.approx([each.p for each in take_looks(values, [8, 14, 20])])


def test_zeros_alone_are_never_told_apart():
    assert not any(look.is_told_apart for look in take_looks(np.zeros(40), default_looks(40)))


def test_the_default_looks_grow_by_two_fifths_and_leave_out_those_that_could_say_nothing():
    assert default_looks(40) == (8, 10, 14, 20, 28, 40)
    assert default_looks(20) == (8, 10, 14, 20)
    assert default_looks(6) == (6,)
    assert default_looks(40, 0.025) == (10, 14, 20, 28, 40)
    assert default_looks(200)[-2:] == (160, 200)


@pytest.mark.parametrize(("cap", "error"), [(40, 0.05), (10, 0.05), (80, 0.01), (30, 0.2)])
def test_the_first_look_that_can_tell_apart_does_so_with_the_best_differences(cap, error):
    able = next(n for n in range(1, cap + 1) if can_tell_apart(n, cap, error))
    assert take_looks(np.arange(1.0, able + 1), [able, cap], error)[0].is_told_apart
    assert not take_looks(np.arange(1.0, able), [able - 1, cap], error)[0].is_told_apart


def test_what_is_no_rule_is_refused():
    for looks in ([], [0, 5], [5, 5], [8, 6], [10, 300]):
        with pytest.raises(ValueError, match="must increase from at least 1 to at most 200 seeds"):
            take_looks([1.0], looks)
    with pytest.raises(ValueError, match="cap=5: with so few seeds nothing can be told apart"):
        default_looks(5)
    with pytest.raises(ValueError, match="There is no look with 9 values"):
        interval_at_look(np.arange(9.0), [8, 10])


def test_the_interval_holds_the_median_at_all_looks_at_once():
    rng = np.random.default_rng(4)
    looks = default_looks(40)
    missed = 0
    for row in rng.exponential(size=(400, 40)):
        found = [interval_at_look(row[:n], looks) for n in looks]
        missed += any(not each.low <= np.log(2) <= each.high for each in found)
    assert 0.01 < missed / 400 <= 0.05 + 0.022


def test_with_one_look_the_interval_is_that_of_the_sign_test():
    found = interval_at_look(np.arange(1.0, 21.0), [20])
    assert (found.low, found.estimate, found.high) == (6.0, 10.5, 15.0)  # P(at most 5 of 20) = 0.0207
    assert interval_at_look(np.arange(4.0), [4, 40]) is None
    wide = interval_at_look(np.arange(1.0, 21.0), default_looks(40))
    assert wide.low < found.low
    assert wide.high > found.high


def test_the_interval_reaches_as_far_as_what_has_no_value():
    found = interval_at_look([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, np.inf], [8, 10])
    assert (found.low, found.high) == (1.0, np.inf)
