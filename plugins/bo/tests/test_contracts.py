import pytest
from tunekit_bo._bo import BayesianOptimisation
from tunekit_bo._mobster import Mobster
from tunekit_core.testing import SearcherContract


class TestBayesianOptimisation(SearcherContract):
    n_shared = 3

    @pytest.fixture
    def make(self):
        return BayesianOptimisation


class TestMobster(SearcherContract):
    n_shared = 6

    @pytest.fixture
    def make(self):
        return Mobster
