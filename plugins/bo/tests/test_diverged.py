"""Trials that diverge: whether they report NaN or a huge finite loss, a search goes on in the same way."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from tunekit_bo.acquisition.feasibility import constraint_targets
from tunekit_bo.models.data import feasible_first, select_best_and_random, standardise, without_diverged
from tunekit_bo.models.independent import standardise_each
from tunekit_core import (
    AskTell,
    Objective,
    PausedTrial,
    Problem,
    Promotion,
    Report,
    SearchSpace,
    Streams,
    Trial,
    create,
    uniform,
)

HUGE = (1e15, 1e30, 3e38)
ORDINARY = st.floats(-1e5, 1e5) | st.sampled_from([0.0, 0.25, 1.0, 1.0 + 1e-15, 1e-8, 1e3])
SPACE = SearchSpace({"x": uniform(0.0, 1.0), "y": uniform(0.0, 1.0)})


@st.composite
def partly_diverged(draw):
    """Losses, and the same with NaN where trials have diverged; any share of them."""
    ordinary = draw(st.lists(ORDINARY, min_size=1, max_size=20))
    n_diverged = draw(st.integers(1, 60))
    assume(len({*ordinary}) > 1 or abs(ordinary[0]) < 900)  # one value alone has to be far smaller
    diverged = draw(st.lists(st.sampled_from([*HUGE, math.nan, math.inf]), min_size=n_diverged, max_size=n_diverged))
    order = draw(st.permutations(range(len(ordinary) + n_diverged)))
    finite = np.array([*ordinary, *[math.nan] * n_diverged])[list(order)]
    return np.array([*ordinary, *diverged])[list(order)], finite


@settings(deadline=None)
@given(partly_diverged())
def test_targets_are_those_of_nan(losses):
    given, with_nan = losses
    np.testing.assert_array_equal(standardise(given), standardise(with_nan))


@settings(deadline=None, max_examples=50)
@given(partly_diverged())
def test_so_are_they_where_each_resource_has_its_own(losses):
    given, with_nan = losses
    resources = np.arange(len(given)) % 3
    np.testing.assert_array_equal(standardise_each(given, resources), standardise_each(with_nan, resources))


@settings(deadline=None, max_examples=50)
@given(partly_diverged())
def test_so_are_the_targets_of_a_constraint(values):
    given, with_nan = values
    assume(np.nanmax(np.abs(with_nan)) < 900)
    np.testing.assert_array_equal(constraint_targets(given), constraint_targets(with_nan))


@settings(deadline=None)
@given(partly_diverged(), st.integers(0, 9))
def test_so_are_the_data_that_are_kept(losses, seed):
    given, with_nan = losses
    size = len(given) - 1
    kept, expected = (select_best_and_random(each, size, np.random.default_rng(seed)) for each in (given, with_nan))
    assert kept.tolist() == expected.tolist()
    values = np.where(np.arange(len(given)) % 4, -1.0, 1.0)
    assert feasible_first(given, values).tolist() == feasible_first(with_nan, values).tolist()


def n_diverged(losses):
    return int(np.isnan(without_diverged(np.array(losses))).sum())


@pytest.mark.parametrize("good", [[0.3, 0.5, 0.9], [0.3, 0.3], [0.0, 1e-9], [-2.0, 5.0], [1e-8, 1e3]])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.7, 0.95])
def test_any_share_may_have_diverged(good, share):
    many = math.ceil(len(good) * share / (1 - share))
    assert n_diverged([*good, *[3e38] * many]) == many


@pytest.mark.parametrize("factor", [1.0, 1e-6, 1e4, -1.0])
@pytest.mark.parametrize(
    "losses",
    [
        [1.0 - 2e-9, 1.0 - 1e-9, *[2.0] * 98],  # a plateau, and the best close together
        [0.0, 1e-15, *[1.0] * 98],
        [0.0, 0.0, 1e-16, 0.02, 0.05],
        [*np.geomspace(1e-8, 1e3, 40)],
        [1e308, 3e307, -1e308, 5e307, 2e307],
        [0.5] * 5,
        [0.3],
        [0.3, 0.4],
        [1e-12, 0.4, 0.3],
        [2e15, 3e15, 5e15],
    ],
)
def test_nothing_that_is_ordinary_has_diverged(losses, factor):
    assert n_diverged(factor * np.array(losses) if abs(losses[0]) < 1e300 else losses) == 0


def test_losses_of_both_signs_near_the_limits_make_finite_targets():
    y = standardise(np.array([1e308, -1e308, 5e307, 0.0, 1.7e308, 1.0]))
    assert np.isfinite(y).all()
    assert y[1] < y[3] <= y[5] < y[2] <= y[0]


@settings(deadline=None)
@given(
    losses=st.lists(st.integers(0, 1000), min_size=5, max_size=15, unique=True),
    n=st.integers(0, 30),
    factor=st.sampled_from([1e-3, 0.1, 3.0, 1e3]),
    shift=st.sampled_from([-50.0, 0.0, 2.0]),
)
def test_units_do_not_matter(losses, n, factor, shift):
    losses = np.array([*losses, *np.resize(HUGE, n)]) / 100
    np.testing.assert_allclose(standardise(factor * losses + shift), standardise(losses), atol=1e-3)


@pytest.mark.parametrize("worst", [1e4, 1e7, 1e12])
def test_one_that_is_far_but_has_not_diverged_leaves_the_differences_of_the_others(worst):
    """It is moved down to the others first, and only then may something look too small to be a difference."""
    ordinary = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]) * max(1.0, worst / 1e11)
    y = standardise(np.append(ordinary, worst))
    assert y.std() == pytest.approx(1)
    assert np.diff(y[:7]).min() > 0.1


def test_values_of_a_constraint_are_told_apart_beside_a_huge_one():
    y = constraint_targets(np.array([0.1, -0.2, 0.3, -3e38]))
    assert y[3] < y[1] < -0.1 < 0.1 < y[0] < y[2]


KINDS = {
    "nan": [math.nan],
    "1e15": [1e15],
    "1e30": [1e30],
    "3e38": [3e38],
    "mixed": [3e38, math.nan, 1e15, 1e30, math.inf],
}


def loss_at(configuration, epoch, values):
    x, y = configuration["x"], configuration["y"]
    if int(1e6 * x) % 10 < 3:  # three of ten
        return values[int(1000 * x) % len(values)]
    return (x - 0.6) ** 2 + (y - 0.2) ** 2 + 0.3 / epoch


def proposals(searcher, values, n_trials, resources=(1, 3, 9), seed=0, loss_at=loss_at):
    """What is proposed to one worker, and the losses of trials in the end."""
    objective = Objective("loss", resource="epoch")
    problem = Problem(space=SPACE, objective=objective, max_resource=9)
    streams = Streams(seed)
    built = create("searcher", searcher, problem, streams)
    experiment = AskTell(create("scheduler", "fifo", problem, streams, built))
    configurations, losses = [], []
    for _ in range(n_trials):
        trial = experiment.ask()
        for epoch in resources:
            loss = loss_at(trial.configuration, epoch, values)
            experiment.tell(trial, {"epoch": epoch, "loss": loss})
        experiment.tell_end(trial)
        configurations.append(dict(trial.configuration))
        losses.append(loss)
    return configurations, losses


def choices(searcher, values, n_steps):
    """What a searcher chooses that decides between new trials and paused ones."""
    problem = Problem(space=SPACE, objective=Objective("loss"), max_resource=9)
    chooser = create("searcher", searcher, problem, Streams(0))
    trials, paused, chosen = [], {}, []
    for _ in range(n_steps):
        choice = chooser.choose(len(trials), tuple(paused.values()), resource=1)
        if isinstance(choice, Promotion):
            trial, target = trials[choice.trial_id], paused.pop(choice.trial_id).target
            chooser.on_resume(trial, choice.note)
        else:
            trial, target = Trial(len(trials), choice.configuration, choice.note), 1
            trials.append(trial)
            chooser.on_start(trial)
        chosen.append((trial.id, dict(trial.configuration)))
        chooser.on_target(trial, target)
        tell(chooser, trial, loss_at(trial.configuration, target, values), target)
        if target < 9:
            paused[trial.id] = PausedTrial(trial.id, target, 3 * target)
            chooser.on_pause(trial)
    return chosen


def tell(searcher, trial, loss, resource):
    report = Report(trial.id, 0, resource, {}, (loss if math.isfinite(loss) else math.inf,), 0.0)
    object.__setattr__(trial, "last_report", report)
    searcher.on_report(trial, report)


@pytest.mark.parametrize("searcher", ["bo", "mobster", "hypertune"])
def test_the_same_configurations_are_proposed(searcher):
    runs = [proposals(searcher, values, 9)[0] for values in KINDS.values()]
    assert 1 < sum(math.isnan(loss_at(each, 9, [math.nan])) for each in runs[0]) < 9
    assert all(run == runs[0] for run in runs)


def test_the_same_configurations_are_proposed_with_botorch():
    pytest.importorskip("botorch")
    runs = [proposals("botorch", KINDS[kind], 5)[0] for kind in ("nan", "mixed")]
    assert all(run == runs[0] for run in runs)


@pytest.mark.parametrize("searcher", ["freeze_thaw", "dyhpo"])
def test_the_same_is_chosen_among_paused_trials_and_new_ones(searcher):
    runs = [choices(searcher, values, 14) for values in KINDS.values()]
    assert all(run == runs[0] for run in runs)
    assert len({trial_id for trial_id, _ in runs[0]}) < 14


def bowl_beside_a_cliff(configuration, epoch, values):
    x, y = configuration["x"], configuration["y"]
    return (x - 0.6) ** 2 + (y - 0.2) ** 2 if y < 0.7 else values[int(1000 * x) % len(values)]


@pytest.mark.parametrize("kind", ["nan", "3e38"])
def test_as_good_a_loss_is_found_where_three_of_ten_diverge(kind):
    """Beside 3e38 in the scale of the losses, the others would look equal, and a hundredth would be found."""
    runs = [proposals("bo", KINDS[kind], 18, (9,), seed, bowl_beside_a_cliff) for seed in range(3)]
    assert np.median([np.nanmin(losses) for _, losses in runs]) < 1e-4
