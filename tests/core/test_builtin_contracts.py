import pytest

from tunekit_core import Streams
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.grid_search import GridSearch, GridSearchOptions
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import BackendContract, SchedulerContract, SearcherContract, ToyBackend


class TestRandomSearch(SearcherContract):
    @pytest.fixture
    def make(self):
        return RandomSearch


class TestGridSearch(SearcherContract):
    n_shared = 1

    @pytest.fixture
    def make(self):
        return lambda problem, streams: GridSearch(problem, streams, GridSearchOptions(num_samples=8))


class TestFifo(SchedulerContract):
    @pytest.fixture
    def make(self):
        return Fifo


class TestToyBackend(BackendContract):
    @pytest.fixture
    def make(self):
        return lambda problem, benchmark: ToyBackend(problem, benchmark, None, Streams(0))
