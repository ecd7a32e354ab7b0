import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import yeojohnson

from tunekit_bo.models.data import next_fit, room, select_best_and_random, select_highest_trials, standardise

LOSSES = st.lists(st.floats(-1e300, 1e300) | st.just(np.inf) | st.just(np.nan), min_size=1, max_size=40)


def test_targets_have_mean_zero_and_standard_deviation_one():
    y = standardise(np.array([3.0, 1.0, 2.0, 5.0, 4.0]))
    assert y.mean() == pytest.approx(0, abs=1e-12)
    assert y.std() == pytest.approx(1)


@given(LOSSES)
def test_targets_are_finite_whatever_the_losses(losses):
    assert np.isfinite(standardise(np.array(losses))).all()


@given(LOSSES)
def test_targets_keep_the_order_of_the_losses(losses):
    losses = np.array(losses)
    ranked = np.where(np.isfinite(losses), losses, np.inf)
    assert (np.diff(standardise(losses)[np.argsort(ranked, kind="stable")]) >= 0).all()


def test_units_do_not_matter():
    losses = np.array([0.3, 0.1, 0.7, 0.2, 40.0])
    np.testing.assert_allclose(standardise(1000 * losses + 5), standardise(losses), atol=1e-12)


def test_a_constant_becomes_zero():
    np.testing.assert_array_equal(standardise(np.full(5, 0.3)), np.zeros(5))


def test_without_a_finite_loss_all_are_equal():
    np.testing.assert_array_equal(standardise(np.array([np.inf, np.nan])), np.zeros(2))


def test_what_is_not_finite_counts_as_the_worst_finite_loss():
    y = standardise(np.array([1.0, np.inf, 3.0, 2.0, np.nan, -np.inf]))
    assert y[1] == y[4] == y[5] == y[2] > y[3]


def test_a_diverged_run_does_not_make_the_others_equal():
    y = standardise(np.array([0.1, 0.2, 0.3, 0.4, 1e7]))
    assert y[3] - y[0] > 1


def test_a_plateau_of_the_best_leaves_the_others_above_it():
    y = standardise(np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.0]))
    assert y[0] < y[4] <= y[5]


def test_tiny_differences_on_a_plateau_do_not_become_the_largest_there_are():
    plateau = 0.6931 + 1e-5 * np.arange(12)
    y = standardise(np.concatenate([plateau, [0.695, 0.697, 0.699, 0.7175, 1.34, 11.2]]))
    assert y[11] - y[0] < 0.2 * (y[13] - y[11])


def test_hyperparameters_are_fitted_to_each_datum_at_first_and_to_every_tenth_more_later():
    assert [next_fit(count, 500) for count in (1, 29, 30, 31, 100, 400)] == [2, 30, 33, 35, 110, 440]


def test_beyond_the_largest_size_fits_come_at_equal_distances():
    assert [next_fit(count, 500) for count in (600, 5000)] == [650, 5050]


@given(st.integers(1, 3000), st.integers(10, 600))
def test_between_two_fits_there_are_never_more_data_than_allowed(count, max_size):
    kept = min(count, room(count, max_size))
    assert 1 <= kept <= count
    assert kept + (next_fit(count, max_size) - 1 - count) <= max_size
    assert next_fit(count, max_size) > count


def test_of_many_data_the_best_quarter_is_kept():
    losses = np.array([5.0, 1.0, 9.0, 2.0, np.inf, 7.0, 8.0, 6.0, 4.0, 3.0])
    kept = select_best_and_random(losses, 8, np.random.default_rng(0))
    assert {1, 3} <= set(kept)
    assert sorted(set(kept)) == list(kept)
    assert len(kept) == 8


def test_the_rest_is_drawn_uniformly():
    counts = np.zeros(20)
    for seed in range(2000):
        counts[select_best_and_random(np.arange(20.0), 8, np.random.default_rng(seed))] += 1
    assert (counts[:2] == 2000).all()
    np.testing.assert_allclose(counts[2:] / 2000, 6 / 18, atol=0.05)


# trial 0 came to 9 epochs, trials 1 and 2 to 3, trials 3 to 7 to 1
TRIALS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 0])
RESOURCES = np.array([1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 9])


def select(size, seed=0):
    return select_highest_trials(TRIALS, RESOURCES, size, np.random.default_rng(seed)).tolist()


def test_trials_that_came_furthest_are_kept_with_all_their_data():
    kept = select(9)
    assert {0, 8, 11, 1, 9, 2, 10} <= set(kept)
    assert len(kept) == 9


def test_where_there_is_no_room_for_all_data_of_a_rung_its_lower_levels_go_first():
    kept = select(5)
    assert kept == [0, 8, 9, 10, 11]


def test_room_that_is_left_by_the_lower_levels_is_used():
    kept = select(6)
    assert {0, 8, 9, 10, 11} < set(kept)
    assert len(kept) == 6


def test_where_even_one_level_is_too_much_it_is_sampled():
    kept = [select(4, seed) for seed in range(20)]
    assert {tuple(k) for k in kept} == {(0, 8, 9, 11), (0, 8, 10, 11)}


@given(st.data(), st.integers(0, 2**32 - 1))
def test_a_selection_has_the_size_that_was_asked_for(data, seed):
    rng = np.random.default_rng(seed)
    n = data.draw(st.integers(2, 60))
    size = data.draw(st.integers(1, n - 1))
    kept = select_highest_trials(rng.integers(0, 12, n), rng.choice([1, 3, 9], n), size, rng)
    assert len(set(kept.tolist())) == size
    assert (np.diff(kept) > 0).all()


def test_the_power_transformation_is_that_of_scipy():
    losses = np.exp(np.random.default_rng(0).normal(size=60))  # none of them far above the median, as below
    spread = np.median(losses) - np.quantile(losses, 0.05)
    losses = losses[losses <= np.median(losses) + spread]
    transformed, _ = yeojohnson((losses - losses.mean()) / losses.std())
    expected = (transformed - transformed.mean()) / transformed.std()
    np.testing.assert_allclose(standardise(losses), expected, atol=1e-3)


def test_good_losses_are_spread_out():
    y = standardise(np.array([0.010, 0.011, 0.013, 0.05, 0.2, 0.5, 0.6]))
    assert (y[2] - y[0]) / (y[-1] - y[0]) > 2 * 0.003 / 0.59
