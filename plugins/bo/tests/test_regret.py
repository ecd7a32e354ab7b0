"""How much is still to gain, as models say it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunekit_bo.acquisition.improvement import with_context
from tunekit_bo.acquisition.regret import MULTIPLIER, OptimisticLoss
from tunekit_bo.models.data import Standardisation, standardise, standardised
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.independent import standardise_each, standardised_at
from tunekit_core import BoundsRegret, Cause, SearchSpace, Status, Trial, choice, finrange, uniform

BOUNDING = ["bo", "mobster", "hypertune", "dyhpo", "freeze_thaw"]
ALL = pytest.mark.parametrize("searcher", BOUNDING)
CURVES = pytest.mark.parametrize("searcher", BOUNDING[1:])
LINE = SearchSpace({"x": uniform(0.0, 1.0)})
LISTED = SearchSpace({"x": finrange(0.0, 1.0, 501)})


def wave(configuration):
    return math.sin(9 * configuration["x"]) + configuration["x"]


def noisy(loss, seed=0, std=0.05):
    rng = np.random.default_rng(seed)
    return lambda configuration: loss(configuration) + std * rng.standard_normal()


def replayed(run, other, change):
    """The trials of another run, each with its note, whose losses are changed."""
    for earlier in other.trials:
        trial = Trial(earlier.id, earlier.configuration, earlier.note)
        run.trials.append(trial)
        run.searcher.on_start(trial)
        run.searcher.on_target(trial, 9)
        run.report(trial, change(earlier.last_report.losses[0]))
        run.end(trial)
    return run.searcher.regret_bound()


def obvious_bound(searcher, X):
    """The least of the upper bounds of what was evaluated, and that of the lower bounds at all rows, as losses."""
    model, observed = searcher.loss_model(), searcher.observations
    posterior, back = model.as_of(model.last_fit, len(observed))

    def at(inputs):
        mean, variance = posterior.mean_and_variance(with_context(inputs, model.context(None)))
        return mean[:, 0], MULTIPLIER * np.sqrt(variance)

    here = [i for i in range(len(observed)) if observed.resources[i] == 9]
    mean, width = at(np.array([observed.encoded[observed.trial_ids[i]] for i in here]))
    anywhere, wide = at(X)
    return back.loss((mean + width).min()) - back.loss(min((mean - width).min(), (anywhere - wide).min()))


@ALL
def test_in_a_listed_space_it_is_what_a_look_at_every_configuration_finds(searcher, run):
    some = run(searcher, space=LISTED).complete(14, noisy(wave))
    everything = LISTED.encode([{"x": i / 500} for i in range(501)])
    assert some.searcher.regret_bound().bound == pytest.approx(obvious_bound(some.searcher, everything), rel=1e-9)


@pytest.mark.parametrize("searcher", ["bo", "freeze_thaw"])
@pytest.mark.parametrize("space", [LINE, None])
def test_elsewhere_it_is_at_least_what_a_dense_grid_finds(searcher, space, run, bowl):
    loss = bowl if space is None else wave
    some = run(searcher, **({} if space is None else {"space": space}))
    ticks = np.linspace(0, 1, 101)
    X = np.linspace(0, 1, 2001)[:, None] if space else np.array(np.meshgrid(ticks, ticks)).reshape(2, -1).T
    rough = noisy(loss)
    for _ in range(3):
        some.complete(7, rough)
        found, dense = some.searcher.regret_bound().bound, obvious_bound(some.searcher, X)
        assert found >= 0.98 * dense
        assert space is None or found <= 1.02 * dense  # in two dimensions a rough function is below between the points


def test_the_gradient_of_the_optimistic_loss_is_that_of_differences(run, rng):
    some = run("mobster").complete(9)
    model = some.searcher.loss_model()
    posterior, _ = model.as_of(model.last_fit, 9)
    optimistic = OptimisticLoss(posterior, model.context(None))
    X = rng.random((5, 2))
    values, slopes = optimistic.with_gradient(X)
    assert values == pytest.approx(optimistic(X))
    for k in range(2):
        step = np.zeros(2)
        step[k] = 1e-6
        assert slopes[:, k] == pytest.approx((optimistic(X + step) - optimistic(X - step)) / 2e-6, rel=1e-3, abs=1e-5)


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))


@settings(max_examples=150, deadline=None)
@given(st.lists(numbers, min_size=3, max_size=25))
def test_targets_lead_back_to_the_losses_that_were_not_moved(losses):
    losses = np.array(losses)
    y, back = standardised(losses)
    assert np.array_equal(y, standardise(losses))
    if back is None:
        assert not y.any()
        return
    kept = y < y.max()
    again = np.array([back.loss(float(value)) for value in y])
    scale = np.abs(losses).max()
    assert again[kept] == pytest.approx(losses[kept], abs=1e-6 * scale)
    assert (again[~kept] <= losses[~kept] + 1e-6 * scale).all()  # what was moved down is where it was moved to
    targets = np.linspace(y.min() - 1, y.max() + 1, 40)
    assert (np.diff([value for value in map(back.loss, targets) if math.isfinite(value)]) >= 0).all()


@pytest.mark.parametrize("shape", [0.3, 1.0, 3.0])
def test_the_slope_is_that_of_the_losses_over_their_targets(shape, rng):
    losses = 100 * rng.random(40) ** shape
    y, back = standardised(losses)
    for value in y[y < y.max()]:
        slope = (back.loss(value + 1e-6) - back.loss(value - 1e-6)) / 2e-6
        assert back.slope(value) == pytest.approx(slope, rel=1e-4)


def test_beyond_the_range_of_the_transformation_a_loss_is_infinite(rng):
    """Losses of which few are much lower than the others: the transformation draws the low ones together."""
    _, back = standardised(-rng.lognormal(0, 2, 60))
    assert back.power > 2
    assert back.loss(-1e6) == -math.inf
    assert back.loss(1e300) > 0
    assert Standardisation(1.0, 0.0, 1.0, -1.0, 1.0, power=0.0).loss(1e6) == math.inf  # e to that is no float
    assert 0 < back.slope(-1e6) < math.inf  # that of the lowest loss


def test_the_way_back_from_one_resource_is_that_of_its_own_losses(rng):
    losses, resources = rng.random(12) * np.repeat([1.0, 50.0, 3.0], 4), np.repeat([1, 3, 9], 4)
    y, back = standardise_each(losses, resources), standardised_at(3, losses, resources)
    kept = (resources == 3) & (y < y[resources == 3].max())
    assert [back.loss(value) for value in y[kept]] == pytest.approx(losses[kept])
    assert standardised_at(3, losses[:6], resources[:6]) is None  # two losses are no scale


@ALL
def test_in_another_unit_it_is_the_same_in_that_unit(searcher, run, bowl):
    first = run(searcher).complete(12, noisy(bowl))
    bound = first.searcher.regret_bound()
    scaled = replayed(run(searcher), first, lambda loss: 1024 * loss)
    assert (scaled.bound, scaled.noise_std) == (1024 * bound.bound, 1024 * bound.noise_std)
    shifted = replayed(run(searcher), first, lambda loss: loss - 0.3)
    assert shifted.bound == pytest.approx(bound.bound, rel=1e-3)
    assert shifted.noise_std == pytest.approx(bound.noise_std, rel=1e-3)


@ALL
def test_before_a_fit_nothing_can_be_said(searcher, run):
    first = run(searcher, num_init_random=6).complete(6)
    assert isinstance(first.searcher, BoundsRegret)
    assert first.searcher.regret_bound() is None
    assert first.complete(1).searcher.regret_bound().bound > 0


@ALL
def test_where_all_losses_are_equal_nothing_can_be_said(searcher, run):
    assert run(searcher).complete(12, lambda configuration: 0.5).searcher.regret_bound() is None


@CURVES
def test_while_no_trial_was_observed_at_the_last_resource_nothing_can_be_said(searcher, run, bowl):
    some = run(searcher)
    for _ in range(10):
        trial = some.start(target=3)
        some.report(trial, bowl(trial.configuration), resource=3)
        some.searcher.on_pause(trial)
    assert some.searcher.regret_bound() is None


@CURVES
def test_what_is_observed_below_the_last_resource_changes_nothing_until_a_trial_comes_there(searcher, run, bowl):
    some = run(searcher).complete(9)
    bound = some.searcher.regret_bound()
    trial = some.start(target=3)
    some.report(trial, bowl(trial.configuration) + 1, resource=3)
    assert some.searcher.regret_bound() == bound
    some.report(trial, bowl(trial.configuration))
    assert some.searcher.regret_bound() != bound


@CURVES
def test_a_trial_that_has_failed_is_not_the_best(searcher, run, bowl):
    some = run(searcher).complete(9, lambda configuration: 1 + bowl(configuration))
    trial = some.start()
    some.report(trial, 0.2)
    while_it_runs = some.searcher.regret_bound()
    some.end(trial, Status.FAILED)
    assert some.searcher.regret_bound().bound > while_it_runs.bound


@ALL
def test_it_is_the_same_whenever_it_is_asked_for(searcher, run):
    """Later trials that have started, with fits of their own, do not change what was known at the last end."""
    asked, later = run(searcher).complete(8), run(searcher).complete(8)
    bound = asked.searcher.regret_bound()
    for _ in range(3):
        later.start()
    assert later.searcher.regret_bound() == bound
    assert asked.searcher.regret_bound() is bound


def test_where_the_model_cannot_be_computed_nothing_can_be_said(run, monkeypatch):
    def fails(*arguments, **options):
        raise FitError("no factor")

    some = run("bo").complete(8)
    monkeypatch.setattr("tunekit_bo.models.gp.Factor.of", fails)
    monkeypatch.setattr("tunekit_bo.models.gp.Factor.extended", fails)
    assert some.searcher.regret_bound() is None


@pytest.mark.parametrize("searcher", ["bo", "mobster"])
def test_what_is_unlikely_to_run_is_not_to_be_gained(searcher, run):
    """The loss falls towards an edge where scripts fail."""
    some = run(searcher, space=LINE)
    for _ in range(25):
        trial = some.start()
        x = trial.configuration["x"]
        if x > 0.5:
            object.__setattr__(trial, "failure_cause", Cause.SCRIPT)
            some.end(trial, Status.FAILED)
        else:
            some.report(trial, 1 - x)
            some.end(trial)
    assert some.searcher.regret_bound().bound < 0.01
    model, observed = some.searcher.loss_model(), some.searcher.observations
    posterior, back = model.as_of(model.last_fit, len(observed))
    beyond = -float(OptimisticLoss(posterior, model.context(None))(np.array([[0.75]]))[0])
    assert back.loss(beyond) < 0.4  # where scripts fail, the model sees much to be gained on the best, which has 0.5


def test_where_a_trial_breaks_the_constraint_it_is_not_the_best(run, bowl):
    some, free = run("bo", constraint="c"), run("bo")
    for number in range(10):
        for each in (some, free):
            trial = Trial(number, free.problem.space.decode(np.random.default_rng(number).random((1, 2)))[0])
            each.trials.append(trial)
            each.searcher.on_start(trial)
            each.searcher.on_target(trial, 9)
            each.reach(trial, bowl(trial.configuration), c=1.0 if number % 2 else -1.0)
            each.end(trial)
    for each in (some, free):
        each.start()
        trial = each.start()
        each.reach(trial, 0.9, c=-1.0)
        each.end(trial)
    assert some.searcher.regret_bound().bound > free.searcher.regret_bound().bound


def test_of_a_smooth_function_without_noise_it_is_right_in_the_end(run, bowl):
    some = run("bo")
    while len(some.trials) < 60:
        some.complete(1)
        bound = some.searcher.regret_bound()
        if bound is not None and bound.bound <= 1e-3:
            break
    assert min(bowl(trial.configuration) for trial in some.trials) <= bound.bound
    assert len(some.trials) < 40


def test_categories_and_a_table_of_rows_are_searched(run):
    space = SearchSpace({"x": uniform(0.0, 1.0), "kind": choice(["a", "b", "c"])})
    some = run("bo", space=space).complete(15, noisy(lambda c: c["x"] + (c["kind"] == "a")))
    assert 0 < some.searcher.regret_bound().bound < 1


def test_botorch_cannot_say(run):
    pytest.importorskip("botorch")
    assert not isinstance(run("botorch").searcher, BoundsRegret)
