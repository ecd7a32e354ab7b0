"""Fold equals live, in a tenth of the experiments that `nox -s fold` runs."""

import pytest

from tests.fold.generated import all_pairs, experiment


@pytest.mark.parametrize("number", range(100))
def test_the_fold_of_any_prefix_suggests_what_was_suggested_live(number, tmp_path):
    experiment(number).check(tmp_path)


def test_every_scheduler_and_every_searcher_takes_part():
    pairs = all_pairs()
    assert {"fifo", "asha_stopping", "asha_promotion", "freeze_thaw"} <= {scheduler for scheduler, _ in pairs}
    assert {"random", "grid", "bo", "mobster", "hypertune", "dyhpo", "freeze_thaw"} == {
        searcher for _, searcher in pairs
    }
    assert len(pairs) <= 100
