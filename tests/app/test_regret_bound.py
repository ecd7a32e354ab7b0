"""A run that ends by what its model says is still to gain."""

import pytest

from tunekit_core import load_experiment

BO = ("method=BO", "benchmark=synthetic", "benchmark.family=width-2", "stopping.max_wallclock_time=1000")
BELOW = "stopping.regret_bound=0.1"


@pytest.fixture
def ended(tunekit, results):
    def run(*arguments):
        finished = tunekit(*BO, *arguments)
        assert finished.status == 0
        return load_experiment(results.folders()[0])

    return run


def test_the_reason_says_how_much(ended):
    experiment = ended(BELOW)
    assert experiment.metadata["n_completed"] == 20
    assert experiment.metadata["reason"].startswith("the model sees at most ")
    assert experiment.metadata["reason"].endswith(" to be gained, no more than below=0.1")
    assert experiment.best_value() < 0.1  # the optimum is 0


def test_until_it_ends_a_run_is_the_one_that_goes_on_without_it(ended, results, tunekit):
    first = ended(BELOW)
    tunekit(*BO[:3], "stopping.max_num_trials_completed=22")
    (other,) = [folder for folder in results.folders() if folder != first.path]
    rows, more = first.results, load_experiment(other).results
    assert 27 * 20 <= len(rows) < len(more)
    assert rows.drop(columns="st_decision").equals(more.iloc[: len(rows)].drop(columns="st_decision"))


@pytest.mark.parametrize("what", [("method=RS",), ("method=ASHA",), ("searcher=grid",)])
def test_a_method_without_a_model_is_refused_before_anything_starts(what, tunekit, results):
    finished = tunekit(*what, "stopping.regret_bound=noise")
    assert finished.status == 2
    assert "stopping.regret_bound" in finished.err
    assert "has no model that says so. Use one that has, such as that of method=BO" in finished.err
    assert results.folders() == []
