"""Fold equals live, in a thousand generated experiments. Type `nox -s fold`."""

import time

import pytest

from tests.fold.generated import experiment

BEGAN = time.monotonic()
totals = {"experiments": 0, "events": 0, "folds": 0}


@pytest.mark.parametrize("number", range(1000))
def test_the_fold_of_any_prefix_suggests_what_was_suggested_live(number, tmp_path):
    compared = experiment(number).check(tmp_path)
    totals["experiments"] += 1
    totals["events"] += compared.n_events
    totals["folds"] += compared.n_folded


def test_the_figures_are_printed(capsys):
    with capsys.disabled():
        print(f"\n{totals} in {time.monotonic() - BEGAN:.0f} s")
