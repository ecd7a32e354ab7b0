import pytest

from tunekit_coordinate_search.coordinate_search import CoordinateSearch, CoordinateSearchOptions
from tunekit_core import InvalidOption, Report, Streams, Trial
from tunekit_core.testing import SearcherContract, ToyBenchmark, toy_problem


def coordinate_search(problem, streams, **options):
    return CoordinateSearch(problem, streams, CoordinateSearchOptions(**options))


class TestCoordinateSearch(SearcherContract):
    @pytest.fixture
    def make(self):
        return coordinate_search


def test_after_the_initial_configurations_it_changes_one_hyperparameter_of_the_best():
    searcher = coordinate_search(toy_problem(ToyBenchmark()), Streams(0), num_initial=2)
    for trial_id, loss in enumerate([0.2, 0.1, 0.3]):
        trial = Trial(trial_id, searcher.suggest(trial_id, resource=9).configuration)
        searcher.on_start(trial)
        searcher.on_report(trial, Report(trial_id, 0, 9, {}, (loss,), 0.0))
        if loss == 0.1:
            best = trial.configuration
    proposed = searcher.suggest(3, resource=9).configuration
    assert sum(proposed[name] != best[name] for name in best) == 1


def test_it_needs_an_initial_configuration():
    with pytest.raises(InvalidOption, match="num_initial=0 must be at least 1"):
        CoordinateSearchOptions(num_initial=0)
