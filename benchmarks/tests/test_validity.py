"""Simulated differences have the true values that they are said to have; a small simulation prints its tables."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))
from validity import measure
from validity.differences import DIFFERENCES, OTHER_DIFFERENCES, Searches

from tunekit.studies.statistics.aggregates import iqm

SHORT = Searches(np.positive, 0.5, times=10, trials=10)


@pytest.mark.parametrize("name", [*DIFFERENCES, *OTHER_DIFFERENCES])
def test_the_true_values_are_those_of_many_values(name):
    differences = {**DIFFERENCES, **OTHER_DIFFERENCES}[name]
    values = differences.draw(np.random.default_rng(0), (400_000,))
    if name != "Cauchy":  # which has none
        assert values.mean() == pytest.approx(differences.truth["mean"], abs=0.05 if "sigma 2" not in name else 0.5)
    assert iqm(values) == pytest.approx(differences.truth["iqm"], abs=0.03)
    median = np.median(values) if "two modes, 6" not in name else differences.truth["median"]  # hardly any are near it
    assert median == pytest.approx(differences.truth["median"], abs=0.03)


def test_curves_are_differences_of_two_searches_with_the_same_first_trials():
    differences = Searches(np.positive, 0.5, times=30).differences(np.random.default_rng(0), 3, 200)
    assert differences.shape == (3, 200, 30)
    assert not differences[..., 0].any()
    assert differences[..., -1].mean() == pytest.approx(-0.5, abs=0.1)
    changes = np.diff(differences, axis=-1) != 0
    assert 0 < changes.mean() < 0.5


@pytest.mark.parametrize("part", measure.PARTS)
def test_each_part_prints_its_tables(part, monkeypatch, capsys):
    monkeypatch.setattr(measure, "SEEDS", (5, 10))
    monkeypatch.setattr(measure, "SEEDS_OF_BANDS", (10,))
    monkeypatch.setattr(measure, "SEARCHES", {"normal": SHORT})
    monkeypatch.setattr(measure, "OTHER_SEARCHES", {})
    measure.main(argparse.Namespace(parts=(part,), repeats=200 if part == "bands" else 24))
    printed = capsys.readouterr().out
    assert "normal" in printed
    assert "nan" not in printed
