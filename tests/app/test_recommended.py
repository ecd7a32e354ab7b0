"""The end of a run tells which trial is recommended, where it is another than the one with the best report."""

import pytest

from tunekit.results.answer import answer
from tunekit_core import load_experiment

PICKS_THE_FIRST = """
from tunekit_core.builtin.random_search import RandomSearch


class PicksTheFirst(RandomSearch):
    name = "picks_the_first"

    def recommended_trial(self):
        return 0


@hookimpl
def tunekit_register_searchers():
    return [PicksTheFirst]
"""


@pytest.fixture
def run(tunekit, results, site):
    """A run of this many trials with a searcher that recommends the first: what was printed, and the experiment."""
    site.add("tunekit-picks", PICKS_THE_FIRST)

    def run(n):
        finished = tunekit(
            "searcher=picks_the_first", "scheduler=fifo", "seed=2", f"stopping.max_num_trials_finished={n}"
        )
        assert finished.status == 0
        return finished, load_experiment(results.folders()[0])

    return run


def test_another_trial_than_the_best_is_told_in_one_line_with_its_configuration(run, tunekit):
    finished, experiment = run(6)
    best = experiment.metadata["incumbent"]
    lines = [line for line in finished.out.splitlines() if "recommended" in line]
    assert best["trial_id"] != 0
    assert len(lines) == 1
    assert lines[0].startswith(
        f"By the model's mean, trial 0 is recommended rather than trial {best['trial_id']}, whose "
        f"{best['metrics']['metric_valid_loss']:.6g} at hp_epoch {best['resource']} may be luck: "
    )
    rate = experiment.recommended_configuration()["hp_init_lr"]
    assert lines[0].endswith("}")
    assert f'"hp_init_lr": {rate}' in lines[0]
    for text in (tunekit("show", str(experiment.path)).out, answer(experiment.path, experiment.metadata)):
        assert lines[0] in text.splitlines()


def test_nothing_is_told_where_it_is_the_best(run):
    finished, experiment = run(1)
    assert experiment.metadata["recommended"]["trial_id"] == experiment.metadata["incumbent"]["trial_id"] == 0
    assert "recommended" not in finished.out
