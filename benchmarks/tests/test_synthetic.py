"""The benchmark ``synthetic``: the families do what their knobs say, and the optimum is the optimum."""

import functools
import itertools
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import attrs
import numpy as np
import pytest

from tunekit_benchmarks.synthetic.families import PRESETS, Family
from tunekit_benchmarks.synthetic.runs import EPOCHS, N_SEEDS, Runs
from tunekit_core import (
    ConfigurationError,
    ExperimentRecord,
    Problem,
    Streams,
    Tuner,
    create,
    load_experiment,
)

NAMES = (
    "plain",
    "needles-1-early",
    "needles-2-late",
    "needles-4-late",
    "needles-2-noisy",
    "misleading-opposite",
    "misleading-unrelated",
    "misleading-half",
    "noise-low",
    "noise-equal",
    "noise-high",
    "plateau",
    "tied",
    "failing",
    "diverging-nan",
    "diverging-1e15",
    "diverging-1e30",
    "diverging-3e38",
    "width-1",
    "width-2",
    "width-8",
    "width-40",
    "mixed",
)
presets = pytest.mark.parametrize("name", NAMES)
DIVERGED_LOSSES = {name: PRESETS[name].diverged_loss for name in NAMES if name.startswith("diverging")}


def drawn(runs, n, seed=0):
    """Random configurations, from random numbers that the benchmark does not use."""
    return from_space(runs.space, n, seed)


@functools.cache
def from_space(space, n, seed):
    return space.from_unit(np.random.default_rng(seed).random((n, space.n_draws)))


def rank_correlation(one, other):
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def correlations(family, epochs=(1, 3, 9, 27), instance=0):
    runs = Runs(family, instance)
    losses = runs.noiseless_curves(drawn(runs, 4000))
    return [rank_correlation(losses[:, epoch - 1], losses[:, -1]) for epoch in epochs]


def test_the_families_have_the_names_that_others_list():
    assert tuple(PRESETS) == NAMES


@presets
def test_no_random_configuration_is_better_than_the_optimum(name):
    benchmark = create("benchmark", "synthetic", family=name, instance=2)
    losses = benchmark.blackbox().noiseless_curves(drawn(benchmark, 20_000))[:, -1]
    assert benchmark.space.contains(benchmark.best_configuration)
    assert benchmark.noiseless(benchmark.best_configuration, EPOCHS) == benchmark.optimum == 0.0
    assert not (losses <= 0.0).any()  # NaN is no better either


@pytest.mark.parametrize("dimensions", [1, 2, 3, 6, 40])
@pytest.mark.parametrize("mixed", [False, True])
def test_all_around_the_optimum_it_is_worse(dimensions, mixed):
    for instance in range(5):
        runs = Runs(Family(dimensions=dimensions, mixed=mixed), instance)
        best = runs.space.encode([runs.best_configuration])
        near = np.random.default_rng(0).normal(best, 0.02, (200, best.shape[1])).clip(0.0, 1.0)
        others = [each for each in runs.space.decode(near) if dict(each) != dict(runs.best_configuration)]
        assert (runs.noiseless_curves(others)[:, -1] > 0.0).all()


@presets
@pytest.mark.parametrize("seed", [0, N_SEEDS - 1])
def test_noiseless_is_what_is_reported_less_its_noise(name, seed):
    family = PRESETS[name]
    runs = Runs(family, 1)
    silent = Runs(attrs.evolve(family, noise=0.0, chance_noise=0.0), 1)
    for configuration in drawn(runs, 20):
        curve = silent.curve(configuration, seed)
        expected = [runs.noiseless(configuration, epoch) for epoch in curve.resources]
        assert repr(list(curve.metrics["loss"])) == repr(expected)
        if curve.fails:
            assert runs.noiseless(configuration, curve.resources[-1] + 1) == math.inf


@pytest.mark.parametrize("family", [Family(), Family(dimensions=40), Family(mixed=True), Family(failing=True)])
def test_random_configurations_have_a_mean_loss_of_one(family):
    runs = Runs(attrs.evolve(family, failing=False), 3)
    assert runs.noiseless_curves(drawn(runs, 4000))[:, -1].mean() == pytest.approx(1.0, abs=0.03)


def test_losses_fall_all_the_way_from_a_start_that_is_common_to_all():
    runs = Runs(Family(), 0)
    losses = runs.noiseless_curves(drawn(runs, 500))
    assert (np.diff(losses, axis=1) < 0).all()
    assert (losses[:, 0] < 2.0).all()
    assert losses[:, 0].std() < 0.3 * losses[:, -1].std()


def test_a_few_hyperparameters_matter_more_than_the_others():
    runs = Runs(PRESETS["width-40"], 0)
    configurations = drawn(runs, 300)
    losses = runs.noiseless_curves(configurations)[:, -1]

    def change(name):
        others = [{**each, name: other[name]} for each, other in itertools.pairwise(configurations)]
        return np.abs(runs.noiseless_curves(others)[:, -1] - losses[:-1]).mean()

    changes = np.sort([change(name) for name in runs.space.names])[::-1]
    assert changes[:6].sum() > 0.8 * changes.sum()
    assert (np.diff(changes[:4]) < 0).all()


@pytest.mark.parametrize("name", ["needles-1-early", "needles-2-late", "needles-4-late", "plateau", "tied"])
def test_a_share_leaves_chance_level_and_when_it_is_to(name):
    family, first = PRESETS[name], {0.0: 1, 0.1: 3, 0.35: 10}[PRESETS[name].leaves_at]
    runs = Runs(family, 0)
    configurations = drawn(runs, 20_000)
    losses = runs.noiseless_curves(configurations)
    leaves = losses[:, -1] < 1.0
    assert leaves.mean() == pytest.approx(family.share, rel=0.25)
    assert (losses[~leaves] == 1.0).all()
    assert (losses[leaves, : first - 1] == 1.0).all()
    assert (np.diff(losses[leaves][:, first - 1 :], axis=1) < 0).all()
    assert (losses[leaves, first - 1] < 1.0).all()
    # Those that leave are the best of the same landscape without chance level, in its order.
    whole = Runs(Family(), 0).noiseless_curves(configurations)[:, -1]
    assert whole[leaves].max() < whole[~leaves].min()
    assert (np.argsort(whole[leaves]) == np.argsort(losses[leaves, -1])).all()
    # Those that leave are not all alike: the best of them is far below chance.
    assert losses[:, -1].min() < 0.3


@pytest.mark.parametrize(("name", "deviation"), [("plateau", 0.01), ("needles-2-late", 0.01), ("tied", 0.0)])
def test_losses_at_chance_level_differ_a_little_or_are_equal(name, deviation):
    runs = Runs(PRESETS[name], 0)
    curves = [(runs.noiseless(each, EPOCHS), runs.curve(each, 0).metrics["loss"]) for each in drawn(runs, 300)]
    reported = np.array([losses for end, losses in curves if end == 1.0])
    assert reported.std() == pytest.approx(deviation, rel=0.05)
    for end, losses in curves:
        assert end == 1.0 or losses[-1] == end


@pytest.mark.parametrize(
    ("name", "at_first"), [("misleading-opposite", -0.5), ("misleading-unrelated", 0.0), ("misleading-half", 0.5)]
)
def test_early_losses_are_correlated_with_the_end_as_told_and_more_so_later(name, at_first):
    for instance in range(4):
        first, third, ninth, last = correlations(PRESETS[name], instance=instance)
        assert first == pytest.approx(at_first, abs=0.1)
        assert first < third < ninth < last == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["plain", "width-1", "width-40", "mixed"])
def test_where_nothing_misleads_the_first_epoch_shows_the_end(name):
    first, *_, last = correlations(PRESETS[name])
    assert 0.93 < first < last == pytest.approx(1.0)


@pytest.mark.parametrize(
    "family", [Family(noise=0.1), Family(noise=2.0), Family(noise=1.0, share=0.02, leaves_at=0.35)]
)
def test_noise_is_normal_with_the_deviation_of_the_best_tenth(family):
    runs = Runs(family, 0)
    configurations = drawn(runs, 4000)
    ends = np.sort(runs.noiseless_curves(configurations)[:, -1])
    expected = family.noise * ends[: len(ends) // 10].std()
    errors = np.array(
        [
            np.array(runs.curve(each, seed).metrics["loss"]) - runs.noiseless_curves([each])[0]
            for seed, each in enumerate(configurations[:N_SEEDS])
        ]
    )
    assert runs.noise_deviation == pytest.approx(expected, rel=0.15)
    assert errors.mean() == pytest.approx(0.0, abs=0.1 * expected)
    assert np.abs(errors / errors.std()).max() < 4.5
    # Neither epochs nor configurations nor seeds repeat each other.
    assert np.abs(np.corrcoef(errors.T) - np.eye(EPOCHS)).max() < 0.45
    assert np.unique(errors.round(12)).size == errors.size


@pytest.mark.parametrize("noise", [0.1, 1.0, 2.0])
def test_the_deviation_of_noise_is_in_the_unit_of_the_best_tenth(noise):
    one = Runs(Family(noise=1.0), 0).noise_deviation
    runs = Runs(Family(noise=noise), 0)
    errors = [
        np.array(runs.curve(each, 0).metrics["loss"]) - runs.noiseless_curves([each])[0] for each in drawn(runs, 200)
    ]
    assert runs.noise_deviation == pytest.approx(noise * one)
    assert np.std(errors) == pytest.approx(noise * one, rel=0.04)


def test_noise_differs_by_seed_configuration_instance_and_family_and_is_the_same_otherwise():
    configuration, other = drawn(Runs(Family(noise=1.0), 0), 2)

    def errors(runs, configuration, seed):
        return np.array(runs.curve(configuration, seed).metrics["loss"]) - runs.noiseless_curves([configuration])[0]

    one = errors(Runs(Family(noise=1.0), 0), configuration, 0)
    np.testing.assert_array_equal(errors(Runs(Family(noise=1.0), 0), configuration, 0), one)
    for runs, each, seed in (
        (Runs(Family(noise=1.0), 0), configuration, 1),
        (Runs(Family(noise=1.0), 0), other, 0),
        (Runs(Family(noise=1.0), 1), configuration, 0),
        (Runs(Family(noise=1.0, leaves_at=0.1), 0), configuration, 0),
    ):
        assert not np.isclose(errors(runs, each, seed), one).any()


PROGRAM = """
from tunekit_core import create
import attrs
import numpy as np
for family in ("noise-equal", "misleading-half", "mixed", "diverging-nan", "needles-2-noisy"):
    benchmark = create("benchmark", "synthetic", family=family, instance=7)
    drawn = benchmark.space.from_unit(np.random.default_rng(0).random((5, benchmark.space.n_draws)))
    print(benchmark.data_hash, dict(benchmark.best_configuration))
    print([benchmark.blackbox().curve(each, 3).metrics["loss"] for each in drawn])
"""


def test_another_process_has_the_same_numbers():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) == 10


def test_half_of_the_scripts_die_after_their_first_report_and_the_loss_falls_towards_them():
    benchmark = create("benchmark", "synthetic", family="failing", instance=3)
    curves = [(each["x1"], benchmark.blackbox().curve(each, 0)) for each in drawn(benchmark, 2000)]
    assert np.mean([curve.fails for _, curve in curves]) == pytest.approx(0.5, abs=0.05)
    assert all(curve.fails == (x1 > 0.5) for x1, curve in curves)
    assert {(len(curve.resources), curve.fails) for _, curve in curves} == {(1, True), (EPOCHS, False)}
    assert benchmark.best_configuration["x1"] == 0.5
    for each in drawn(benchmark, 50, seed=1):
        line = [benchmark.noiseless({**each, "x1": x1}, EPOCHS) for x1 in np.linspace(0.0, 0.5, 21).tolist()]
        firsts = [benchmark.noiseless({**each, "x1": x1}, 1) for x1 in np.linspace(0.5, 1.0, 21).tolist()]
        assert (np.diff(line) < 0).all()
        assert (np.diff(firsts) > -0.02).all()  # some are faster than others


def test_a_search_does_not_begin_at_the_edge_where_scripts_die():
    benchmark = create("benchmark", "synthetic", family="failing")
    assert benchmark.points_to_evaluate == ({"x1": 0.25},)
    assert create("benchmark", "synthetic").points_to_evaluate is None


@pytest.mark.parametrize(("name", "loss"), DIVERGED_LOSSES.items())
def test_a_share_diverges_and_reports_what_it_is_to(name, loss):
    runs = Runs(PRESETS[name], 1)
    configurations = drawn(runs, 4000)
    losses = runs.noiseless_curves(configurations)
    sound = Runs(Family(), 1).noiseless_curves(configurations)
    diverged = losses != sound
    assert diverged[:, -1].mean() == pytest.approx(0.3, abs=0.03)
    assert {repr(each) for each in losses[diverged].tolist()} == {repr(loss)}
    assert not diverged[:, 0].any()
    assert (np.diff(diverged.astype(int), axis=1) >= 0).all()  # what has diverged stays so
    starts = diverged.argmax(axis=1)[diverged[:, -1]] + 1
    assert {min(starts), max(starts)} == {2, 9}


def test_noise_does_not_hide_that_a_training_has_diverged():
    runs = Runs(Family(noise=1.0, diverging=0.4, diverged_loss=3e38), 0)
    ends = {runs.curve(each, 0).metrics["loss"][-1] for each in drawn(runs, 50)}
    assert max(ends) == 3e38
    assert all(each == 3e38 or abs(each) < 10 for each in ends)


@pytest.mark.parametrize("instance", range(6))
def test_what_diverges_is_one_region_that_good_configurations_adjoin(instance):
    runs = Runs(Family(dimensions=2, diverging=0.3), instance)
    assert runs.noiseless(runs.best_configuration, EPOCHS) == 0.0
    values = np.linspace(0.0, 1.0, 41).tolist()
    grid = [{"x1": x1, "x2": x2} for x1 in values for x2 in values]
    diverged = np.isnan(runs.noiseless_curves(grid)[:, -1]).reshape(41, 41)
    # A straight edge: in every row and column it changes once at most.
    assert (np.abs(np.diff(diverged.astype(int), axis=0)).sum(axis=0) <= 1).all()
    assert (np.abs(np.diff(diverged.astype(int), axis=1)).sum(axis=1) <= 1).all()
    x1, x2 = (runs.best_configuration[name] for name in ("x1", "x2"))
    far = np.hypot([each["x1"] - x1 for each in grid], [each["x2"] - x2 for each in grid])
    assert 0.09 < far[diverged.ravel()].min() < 0.3


@pytest.mark.parametrize("share", [0.05, 0.3, 0.49])
@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("dimensions", [1, 2, 6])
def test_the_optimum_never_diverges(share, mixed, dimensions):
    for instance in range(4):
        runs = Runs(Family(dimensions=dimensions, mixed=mixed, diverging=share), instance)
        assert runs.noiseless(runs.best_configuration, EPOCHS) == 0.0


def test_an_instance_is_another_problem_of_the_same_family():
    problems = [create("benchmark", "synthetic", instance=instance) for instance in range(10)]
    assert len({repr(dict(each.best_configuration)) for each in problems}) == 10
    assert len({each.data_hash for each in problems}) == 10
    assert [each.dataset for each in problems[:2]] == ["plain-0", "plain-1"]
    ends = [each.blackbox().noiseless_curves(drawn(each, 500))[:, -1] for each in problems[:4]]
    assert np.abs(np.corrcoef(ends) - np.eye(4)).max() < 0.8


def test_families_share_the_landscape_of_an_instance():
    plain = create("benchmark", "synthetic", instance=4)
    for name in ("needles-2-late", "misleading-opposite", "noise-high", "tied", "diverging-nan"):
        assert create("benchmark", "synthetic", family=name, instance=4).best_configuration == plain.best_configuration


@pytest.mark.parametrize("name", ["plain", "noise-equal", "diverging-1e30"])
def test_losses_have_nine_decimals(name):
    runs = Runs(PRESETS[name], 1)
    for configuration in drawn(runs, 50):
        losses = runs.curve(configuration, 0).metrics["loss"]
        assert all(loss in (round(loss, 9), 1e30) for loss in losses)


def test_the_mixed_space_has_every_kind_of_hyperparameter():
    assert create("benchmark", "synthetic", family="mixed").space.to_text() == {
        "x1": "uniform(0.0, 1.0)",
        "x2": "loguniform(0.0001, 1.0)",
        "x3": "randint(1, 16)",
        "x4": "choice(['amber', 'birch', 'cedar', 'dogwood', 'elm'])",
        "x5": "ordinal([1, 2, 5, 10, 20, 50, 100])",
        "x6": "uniform(0.0, 1.0)",
    }


def test_the_order_of_unordered_categories_differs_by_instance():
    def order(instance):
        runs = Runs(Family(dimensions=5, mixed=True), instance)
        values = runs.space["x4"].values()
        losses = [runs.noiseless({**runs.best_configuration, "x4": value}, EPOCHS) for value in values]
        return tuple(np.argsort(losses).tolist())

    assert len({order(instance) for instance in range(12)}) > 6


def test_the_plain_problem_takes_the_time_of_forty_complete_trials_on_four_workers():
    benchmark = create("benchmark", "synthetic")
    curve = benchmark.blackbox().curve(benchmark.space.default(), 0)
    assert curve.elapsed == tuple(map(float, range(1, 28)))
    assert list(curve.resources) == list(range(1, 28))
    assert benchmark.n_workers * benchmark.max_wallclock_time == 40 * curve.elapsed[-1]
    assert (benchmark.objective.metric, benchmark.objective.resource, benchmark.max_resource) == (
        ("loss",),
        "epoch",
        27,
    )


def test_a_seed_or_an_epoch_that_does_not_exist_is_refused():
    runs = Runs(Family(), 0)
    with pytest.raises(IndexError, match="seed=100"):
        runs.curve(runs.best_configuration, 100)
    with pytest.raises(IndexError, match="resource=28"):
        runs.noiseless(runs.best_configuration, 28)
    with pytest.raises(KeyError):
        runs.curve({"x1": 0.5}, 0)


def test_an_unknown_family_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigurationError, match="Did you mean 'needles-2-late'") as caught:
        create("benchmark", "synthetic", family="needles-2-lat")
    assert caught.value.option == "benchmark.family"
    assert str(caught.value).startswith("benchmark.family='needles-2-lat' is no family that synthetic has.")
    assert all(name in str(caught.value) for name in NAMES)


@pytest.mark.parametrize("instance", [-1, 2**32])
def test_an_instance_out_of_range_is_refused(instance):
    with pytest.raises(ConfigurationError, match=rf"benchmark\.instance={instance} must be at least 0 and at most"):
        create("benchmark", "synthetic", instance=instance)


@pytest.mark.parametrize(
    "knobs",
    [
        {"dimensions": 0},
        {"share": 0.0},
        {"share": 1.5},
        {"leaves_at": 1.0},
        {"correlation": -1.0},
        {"correlation": math.nan},
        {"noise": -0.1},
        {"noise": math.inf},
        {"chance_noise": -1.0},
        {"diverging": 0.5},
    ],
)
def test_knobs_out_of_range_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        Family(**knobs)


@pytest.mark.parametrize("knobs", [{"dimensions": 2.0}, {"mixed": 1}, {"share": "all"}, {"failing": "yes"}])
def test_knobs_of_another_type_are_refused(knobs):
    with pytest.raises(TypeError, match=next(iter(knobs))):
        Family(**knobs)


@pytest.mark.parametrize(
    "path", ["docs/explanation/synthetic-families.md", "benchmarks/tunekit_benchmarks/synthetic/README.md"]
)
def test_the_pages_name_every_family(path):
    page = (Path(__file__).parents[2] / path).read_text(encoding="utf-8")
    families = next(row for row in page.splitlines() if row.startswith("| families |")) if "README" in path else page
    named = re.findall(r"`([a-z0-9-]+)`", "".join(row for row in families.splitlines() if row.startswith("| ")))
    assert set(NAMES) <= set(named)


@pytest.mark.parametrize("scheduler", ["asha_stopping", "asha_promotion"])
@pytest.mark.parametrize(("name", "loss"), [("failing", None), *DIVERGED_LOSSES.items()])
def test_an_experiment_goes_on_where_runs_fail_and_diverge_and_its_record_says_so(name, loss, scheduler, tmp_path):
    benchmark = create("benchmark", "synthetic", family=name, instance=1)
    problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)
    streams = Streams(0)
    result = Tuner(
        scheduler=create("scheduler", scheduler, problem, streams, create("searcher", "random", problem, streams)),
        backend=create("backend", "simulator", problem, benchmark, None, streams),
        stopping=[create("stopping", "max_wallclock_time", problem, seconds=60)],
        n_workers=4,
        record=ExperimentRecord(tmp_path / "experiment"),
    ).run()
    assert 0.0 < result.incumbent.report.metrics["loss"] < 1.0
    experiment = load_experiment(tmp_path / "experiment")
    assert experiment.best_configuration() == dict(result.incumbent.configuration)
    losses = experiment.results["loss"]
    if loss is None:
        assert len(experiment.failed_trials) > 5
    else:
        huge = losses.isna() if math.isnan(loss) else losses == loss
        assert huge.sum() > 2  # some of those that go on beyond the first epoch
        assert (losses[~huge] < 2.0).all()
