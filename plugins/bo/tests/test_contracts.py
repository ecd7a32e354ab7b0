import pytest

from tunekit_core import Decision, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.testing import SearcherContract


class Rungs(Fifo):
    """Runs every trial to its end and shows the searcher the reports at 1, 3 and 9 epochs."""

    name = "rungs"

    def on_start(self, trial):
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, 1)

    def on_report(self, trial, report):
        if report.resource in (1, 3, 9):
            self.searcher.on_report(trial, report)
        if report.resource in (1, 3):
            self.searcher.on_target(trial, 3 * report.resource)
        return Decision.CONTINUE


class TestBayesianOptimisation(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "bo", problem, streams)


class TestMobster(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 6

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "mobster", problem, streams)

    def make_scheduler(self, problem, streams, searcher):
        return Rungs(problem, streams, searcher)


class TestMobsterWithAllReports(TestMobster):
    max_evaluations = 70

    def make_scheduler(self, problem, streams, searcher):
        return Fifo(problem, streams, searcher)


class TestBoTorch(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    max_evaluations = 36

    @pytest.fixture
    def make(self):
        pytest.importorskip("botorch")
        return lambda problem, streams: create("searcher", "botorch", problem, streams)
