"""PASHA as it is meant to run: from the command line, beside ASHA, and with a searcher of another plugin."""

import pytest

from tunekit_core import create, load_experiment
from tunekit_core.testing import SearcherContract

SHORT = "stopping.max_num_evaluations=400"


class TestMobsterWithPasha(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 3
    max_evaluations = 40

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "mobster", problem, streams)

    def make_scheduler(self, problem, streams, searcher):
        return create("scheduler", "pasha", problem, streams, searcher)


def test_its_recipes_run_and_tell_how_far_trials_went(tunekit, results):
    for method in ("PASHA", "PASHA-BO"):
        tunekit(f"method={method}", "benchmark.dataset=diabetes", "composers.pasha=true", SHORT)
    for folder in results.folders():
        table = load_experiment(folder).results
        assert table["pasha_max_resource"].iloc[0] == 3
        assert table["pasha_unlocked_rungs"].is_monotonic_increasing
        assert (table["hp_epoch"] <= table["pasha_max_resource"]).all()
        assert table["pasha_epsilon"].iloc[-1] > 0


def test_a_sweep_compares_it_with_asha(tunekit):
    answer = tunekit("method=ASHA,PASHA", "seed=range(2)", SHORT, "--multirun").out
    assert [line.split()[:2] for line in answer.splitlines() if line.startswith(("  ASHA ", "  PASHA "))] == [
        ["ASHA", "2"],
        ["PASHA", "2"],
    ]
