"""PED-ANOVA: the numbers of Optuna, a slow obvious version, and which trials count."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import norm

from tests.app.figures.made import experiment, trial
from tunekit.results.importance import Grid, density, grid_cells, importance, is_best, pearson_divergence
from tunekit.results.trial_reports import NothingToShow, common_resource, read_trial_reports
from tunekit_core import SearchSpace

SPACE = SearchSpace.parse(
    {
        "lr": "loguniform(1e-4, 1e-1)",
        "momentum": "uniform(0.0, 0.9)",
        "layers": "randint(1, 6)",
        "width": "randint(8, 300)",
        "units": "lograndint(16, 512)",
        "activation": ["relu", "tanh", "gelu"],
        "decay": "uniform(0.0, 1.0)",
    }
)
# optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()) of Optuna 5.0.0, for the 120
# trials below, in distributions that are the same but for "units", IntDistribution(16, 512, log=True).
OPTUNA = {
    "lr": 0.8304313912670088,
    "layers": 0.05587522656638056,
    "activation": 0.0394933369416594,
    "momentum": 0.03510280286826633,
    "width": 0.02154562672221343,
    "decay": 0.010504163313459405,
    "units": 0.00704745232101203,
}


def trials_of_optuna():
    draws = np.random.default_rng(7)
    configurations, losses = [], []
    for _ in range(120):
        each = {
            "lr": float(np.exp(draws.uniform(np.log(1e-4), np.log(1e-1)))),
            "momentum": float(draws.uniform(0, 0.9)),
            "layers": int(draws.integers(1, 7)),
            "width": int(draws.integers(8, 301)),
            "units": round(float(np.exp(draws.uniform(np.log(16), np.log(512))))),
            "activation": ["relu", "tanh", "gelu"][draws.integers(3)],
            "decay": float(draws.uniform()),
        }
        loss = (np.log10(each["lr"]) + 2) ** 2 + 0.5 * abs(each["momentum"] - 0.7) + 0.1 * each["layers"]
        configurations.append(each)
        losses.append(float(loss + (each["activation"] == "tanh") * 0.4 + 0.1 * np.log(each["units"])))
    return configurations, losses


def reports(folder, rows, **told):
    return read_trial_reports(experiment(folder, rows, **told))


def test_the_numbers_are_those_of_optuna(tmp_path):
    configurations, losses = trials_of_optuna()
    rows = [
        trial(i, [loss], configuration=each)[0]
        for i, (each, loss) in enumerate(zip(configurations, losses, strict=True))
    ]
    found = importance(reports(tmp_path / "x", rows, space=SPACE))
    assert list(found.shares) == list(OPTUNA)
    assert found.shares == pytest.approx(OPTUNA, rel=1e-9)
    assert (found.n_best, found.n_trials, found.resource) == (12, 120, 1)
    assert found.clear == ["lr"]
    assert list(found.divergences.values()) == sorted(found.divergences.values(), reverse=True)


def test_two_that_matter_alike_are_both_clear_of_chance(tmp_path):
    """The share of one in a draw at random is often as large as theirs; the divergence is not."""
    draws = np.random.default_rng(1)
    rows = []
    for i in range(400):
        x, y = (float(each) for each in draws.uniform(0, 1, 2))
        rows += trial(i, [x + y], configuration={"x": x, "y": y})
    found = importance(reports(tmp_path / "x", rows, space={"x": "uniform(0, 1)", "y": "uniform(0, 1)"}))
    assert sorted(found.clear) == ["x", "y"]
    assert max(found.shares.values()) < 0.7


def obvious_density(n, counts, is_ordered):
    """Kernel by kernel and cell by cell."""
    values = [cell for cell in range(n) for _ in range(counts[cell])]
    distinct = sorted(set(values))
    if not is_ordered:
        spread = 1 / (len(distinct) + 1)
        kernels = [[((cell == value) + spread) / (1 + n * spread) for cell in range(n)] for value in values]
        kernels.append([1 / n] * n)
        return np.mean(kernels, axis=0)
    deviation = math.sqrt(sum((value - np.mean(values)) ** 2 for value in values) / max(1, len(values) - 1))
    first = min(value for value in distinct if sum(v <= value for v in values) >= len(values) // 4)
    above = [value for value in distinct if sum(v <= value for v in values) > len(values) * 3 // 4]
    quartiles = (above[0] if above else distinct[-1]) - first
    width = max(1.059 * min(quartiles / 1.34, deviation) * len(values) ** -0.2, 0.5 / 1.64)
    kernels = []
    for centre, scale in [*((value, width) for value in values), ((n - 1) / 2, n)]:
        mass = [norm.cdf((cell + 0.5 - centre) / scale) - norm.cdf((cell - 0.5 - centre) / scale) for cell in range(n)]
        kernels.append(np.array(mass) / sum(mass))
    return np.mean(kernels, axis=0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=12).filter(any), st.booleans())
def test_a_density_is_that_of_the_obvious_version(counts, is_ordered):
    found = density(Grid(len(counts), is_ordered), np.array(counts))
    np.testing.assert_allclose(found, obvious_density(len(counts), counts, is_ordered), rtol=1e-9, atol=1e-15)
    assert found.sum() == pytest.approx(1)


def test_equal_densities_do_not_diverge():
    cells = np.arange(10) % 5
    assert pearson_divergence(Grid(5, is_ordered=True), cells, np.ones(10, bool)) == 0


@pytest.mark.parametrize(
    ("domain", "values", "n", "cells"),
    [
        ("uniform(0, 1)", [0.0, 0.5, 1.0], 50, [0, 24, 49]),
        ("loguniform(0.01, 1)", [0.01, 0.1, 1.0], 50, [0, 24, 49]),
        ("randint(1, 5)", [1, 3, 5], 5, [0, 2, 4]),
        ("randint(1, 1000)", [1, 1000], 50, [0, 49]),
        ("lograndint(16, 512)", [16, 512], 10, [0, 9]),
        ("logfinrange(8, 64, 4)", [8, 16, 64], 4, [0, 1, 3]),
        ("ordinal(['s', 'm', 'l'])", ["s", "l"], 3, [0, 2]),
        ("choice(['a', None, 3])", ["a", None, 3], 3, [0, 1, 2]),
    ],
)
def test_every_kind_of_domain_has_its_grid(domain, values, n, cells):
    grid, found = grid_cells(SearchSpace.parse({"x": domain}).domains["x"], values)
    assert (grid.n, found.tolist()) == (n, cells)
    assert grid.is_ordered == (not domain.startswith("choice"))


def test_the_best_are_a_tenth_and_what_ties_with_the_last_of_them():
    assert is_best(np.arange(20.0), 0.1).sum() == 2
    assert is_best(np.array([1.0, 1.0, 1.0, *range(2, 19)]), 0.1).sum() == 3
    assert is_best(np.array([np.inf] * 19 + [0.0]), 0.1).all()


def lengths(folder, *pairs, **told):
    """Trials, so many of each length."""
    ids = iter(range(10_000))
    rows = [row for n, length in pairs for _ in range(n) for row in trial(next(ids), [1.0] * length)]
    return reports(folder, rows, **told)


@pytest.mark.parametrize(
    ("pairs", "resource"),
    [
        ([(400, 1), (130, 3), (70, 9)], 3),  # 600, 200 and 70 trials
        ([(400, 1), (50, 3), (110, 9)], 3),  # of 560 a fifth is 112
        ([(37, 9), (4, 5)], 9),
        ([(20, 1), (5, 3)], 1),
        ([(100, 3), (99, 9)], 3),
        ([(100, 3), (100, 9)], 9),
        ([(1, 9)], 9),
    ],
)
def test_trials_are_compared_where_enough_have_reported(pairs, resource, tmp_path):
    assert common_resource(lengths(tmp_path / "x", *pairs)) == resource


def test_failed_trials_do_not_count(tmp_path):
    found = lengths(tmp_path / "x", (10, 9), (30, 3), failed=range(10))
    assert common_resource(found) == 3
    assert len(found.at(3)) == 30
    with pytest.raises(NothingToShow, match="all trials that have reported have failed"):
        common_resource(lengths(tmp_path / "y", (3, 9), failed=range(3)))


def test_of_a_trial_that_reports_twice_the_last_counts(tmp_path):
    rows = trial(0, [1.0, 0.5]) + trial(0, [0.8, 0.4], start=5)
    found = reports(tmp_path / "x", rows)
    assert found.values[found.at(1), 0].tolist() == [0.8]


def test_without_a_named_resource_reports_are_counted(tmp_path):
    rows = [{**row, "epoch": 7} for row in trial(0, [1.0, 0.5, 0.2])]
    assert reports(tmp_path / "x", rows, resource=None).resources.tolist() == [1, 2, 3]


def test_too_few_trials_are_refused(tmp_path):
    with pytest.raises(NothingToShow, match="takes 20 trials that have reported at the same epoch, and there are 19"):
        importance(lengths(tmp_path / "x", (19, 2)))


def test_trials_that_do_not_differ_are_refused(tmp_path):
    with pytest.raises(NothingToShow, match="the trials do not differ in loss at epoch 2"):
        importance(lengths(tmp_path / "x", (30, 2)))


def test_what_does_not_meet_the_constraint_is_not_among_the_best(tmp_path):
    rows = [trial(i, [i / 100], limit=1.0 if i < 10 else -1.0)[0] for i in range(40)]
    found = reports(tmp_path / "x", rows, constraint="limit")
    best = is_best(found.losses[found.at(1), 0], 0.1)
    assert np.flatnonzero(best).tolist() == [10, 11, 12, 13]
