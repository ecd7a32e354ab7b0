import attrs
import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import approx_fprime
from scipy.stats import norm

from tunekit_bo.acquisition.feasibility import LogFeasibility, constraint_targets
from tunekit_bo.models import gp, hyperparameters
from tunekit_bo.models.data import feasible_first
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.gp import Posterior, default_theta
from tunekit_bo.models.kernels import Matern52
from tunekit_core import ConfigurationError, create
from tunekit_core.testing import SearcherContract

OPTIMUM = 0.5998


def gramacy(configuration):
    """The toy problem of Gramacy et al., Technometrics 2016: a linear loss, and where it is feasible."""
    x, y = configuration["x"], configuration["y"]
    return x + y, 1.5 - x - 2 * y - 0.5 * np.sin(2 * np.pi * (x**2 - 2 * y))


def disc(configuration):
    """Feasible in a disc of 2 % of the square, far from where the loss is least."""
    x, y = configuration["x"], configuration["y"]
    return x + y, 10 * (np.hypot(x - 0.8, y - 0.7) - 0.08)


def end(run, trial, loss, **metrics):
    run.reach(trial, loss, **metrics)
    run.end(trial)


def complete(run, n, problem):
    for _ in range(n):
        trial = run.start()
        loss, value = problem(trial.configuration)
        end(run, trial, loss, constraint=value)
    return [problem(trial.configuration) for trial in run.trials]


def best_feasible(outcomes):
    return min((loss for loss, value in outcomes if value <= 0), default=np.inf)


@pytest.fixture
def constraint(rng):
    X, y = rng.random((8, 2)), rng.standard_normal(8)
    prior = Matern52(2)
    return Posterior.of(prior, default_theta(prior), X, y)


class TestBoConstrained(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    max_evaluations = 80

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "bo", attrs.evolve(problem, constraint="seconds"), streams)


@pytest.mark.parametrize("seed", range(2))
def test_a_known_constrained_optimum_is_found_in_40_trials(run, seed):
    outcomes = complete(run("bo", seed=seed, constraint="constraint"), 40, gramacy)
    assert OPTIMUM - 1e-4 <= best_feasible(outcomes) < OPTIMUM + 0.005


@pytest.mark.parametrize("seed", range(2))
def test_a_small_feasible_region_is_found_and_its_best_point_too(run, seed):
    outcomes = complete(run("bo", seed=seed, constraint="constraint"), 40, disc)
    assert best_feasible(outcomes) < 1.5 - 0.08 * np.sqrt(2) + 0.01


def test_trials_that_run_are_not_repeated_while_nothing_is_feasible(run):
    searched = run("bo", constraint="constraint")
    complete(searched, 8, lambda configuration: (0.5, 1.0 + configuration["x"]))
    points = np.array([list(searched.start().configuration.values()) for _ in range(4)])
    gaps = [np.linalg.norm(points[i] - points[j]) for i in range(4) for j in range(i)]
    assert min(gaps) > 0.02


@pytest.mark.parametrize("value", [np.nan, np.inf, "much", None])
def test_a_constraint_that_is_no_finite_number_is_infeasible(run, value):
    def f(configuration):
        return 1 - configuration["x"], value if configuration["x"] > 0.6 else -1.0

    outcomes = complete(run("bo", constraint="constraint"), 25, f)
    feasible = [loss for loss, value in outcomes if value == -1.0]
    assert 0.4 <= min(feasible) < 0.45


def test_a_trial_that_did_not_report_the_constraint_is_infeasible(run):
    searched = run("bo", constraint="constraint")
    complete(searched, 6, lambda configuration: (configuration["x"], 0.0))
    end(searched, searched.start(), -100.0)
    assert searched.suggest() is not None


def test_a_constraint_that_no_trial_reports_is_refused(run):
    searched = run("bo", constraint="memroy")
    for _ in range(3):
        end(searched, searched.start(), 0.5, memory=1.0, accuracy=0.5)
    message = r"constraint=memroy: no trial has reported .* Did you mean 'memory'.* Reported are: accuracy, memory"
    with pytest.raises(ConfigurationError, match=message):
        searched.suggest()


def test_any_feasible_loss_ranks_before_the_others():
    ranks = feasible_first(np.array([3.0, 1.0, 2.0, 0.0]), np.array([-1.0, 5.0, 0.0, np.nan]))
    assert [*ranks] == [1, 3, 0, 2]


def test_the_optimum_is_found_with_fewer_observations_in_the_model(run):
    searched = run("bo", constraint="constraint", max_size_data_for_model=12)
    assert best_feasible(complete(searched, 40, gramacy)) < OPTIMUM + 0.01


def test_fits_of_both_models_travel_in_the_note_of_the_same_start(run):
    searched = run("bo", constraint="constraint")
    complete(searched, 45, gramacy)
    notes = [trial.note for trial in searched.trials]
    assert [("fit" in note) == ("fit_constraint" in note) for note in notes] == [True] * 45
    assert 25 < sum("fit" in note for note in notes) < 40


def test_replaying_many_trials_needs_no_fit_and_gives_the_same_proposal(run, monkeypatch):
    options = {"constraint": "constraint", "cost_attr": "constraint", "max_size_data_for_model": 20}
    live, folded = run("bo", **options), run("bo", **options)
    complete(live, 53, gramacy)
    while "fit" in live.suggest().note:
        complete(live, 1, gramacy)
    for trial in live.trials:
        folded.searcher.on_start(trial)
        folded.searcher.on_target(trial, 9)
        folded.end(trial)
    expected = live.suggest()
    monkeypatch.setattr(gp, "objective", None)
    assert folded.searcher.suggest(len(live.trials), resource=9) == expected


def test_a_fit_that_fails_is_said_in_the_note_and_the_search_goes_on(run, monkeypatch):
    def fail(*args, max_iterations):
        raise FitError("It fails.")

    searched = run("bo", constraint="constraint")
    monkeypatch.setattr(hyperparameters, "fit", fail)
    complete(searched, 5, gramacy)
    assert searched.trials[3].note["fit_constraint"]["failed"] == "It fails. The hyperparameters are the default ones."
    assert searched.trials[4].note["fit_constraint"]["failed"] == "It fails. The hyperparameters are the previous ones."


def test_log_feasibility_is_the_logarithm_of_the_normal_probability(constraint, rng):
    X = rng.random((6, 2))
    mean, variance = constraint.mean_and_variance(X)
    expected = norm.logcdf(-mean[:, 0] / np.sqrt(variance))
    np.testing.assert_allclose(LogFeasibility(constraint)(X), expected, rtol=1e-12)


def test_log_feasibility_has_the_gradient_that_finite_differences_give(constraint, rng):
    acquisition, X = LogFeasibility(constraint), rng.random((4, 2))
    values, slopes = acquisition.with_gradient(X)
    np.testing.assert_allclose(values, acquisition(X), rtol=1e-12)
    for x, slope in zip(X, slopes, strict=True):
        expected = approx_fprime(x, lambda v: acquisition(v[None])[0], 1e-7)
        np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("far", [-1e6, 1e6])
def test_log_feasibility_is_finite_where_it_is_all_but_certain(far):
    prior = Matern52(1)
    acquisition = LogFeasibility(Posterior.of(prior, default_theta(prior), np.array([[0.5]]), np.array([far])))
    values, slopes = acquisition.with_gradient(np.array([[0.5], [0.50001]]))
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()


def test_targets_of_a_constraint_are_in_units_of_their_root_mean_square():
    np.testing.assert_allclose(constraint_targets(np.array([-1.0, 0.0, 1.0, 2.0])), np.array([-1, 0, 1, 2]) / 1.5**0.5)


def test_a_value_far_off_or_missing_leaves_the_others_visible():
    y = constraint_targets(np.array([-1.0, 1.0, 1e9, np.nan, 1.0]))
    np.testing.assert_allclose(y, np.array([-1, 1, 3, 3, 1]) / 4.2**0.5)


@pytest.mark.parametrize("values", [[0.0, 0.0], [np.nan, np.nan], [0.0, np.nan], [0.0, 0.0, 0.0, 5.0]])
def test_targets_are_finite_and_infeasible_ones_above_0(values):
    y = constraint_targets(np.array(values))
    assert np.isfinite(y).all()
    assert [*(y > 0)] == [*~(np.array(values) <= 0)]


@given(arrays(float, st.integers(1, 20), elements=st.floats(allow_nan=True, allow_infinity=False)))
@example(np.array([np.nan]))
def test_targets_keep_the_side_of_0_and_the_order(values):
    y = constraint_targets(values)
    assert np.isfinite(y).all()
    assert (y[values > 0] >= 0).all()
    assert (y[values <= 0] <= 0).all()
    known = np.sort(values[np.isfinite(values)])
    assert (np.diff(constraint_targets(known)) >= 0).all()
