"""Freeze-thaw search as it is meant to run: the searchers of one plugin choose for another's scheduler."""

import pytest

from tunekit_core import create
from tunekit_core.engine.events import Resumed, Started
from tunekit_core.testing import SearcherContract
from tunekit_core.testing.experiments import run_toy


class TestFreezeThaw(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 6
    max_evaluations = 48

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "freeze_thaw", problem, streams)

    def make_scheduler(self, problem, streams, searcher):
        return create("scheduler", "freeze_thaw", problem, streams, searcher)

    def test_trials_are_started_and_resumed(self, scheduler, tmp_path):
        _, events = run_toy(scheduler, tmp_path, max_evaluations=self.max_evaluations)
        assert sum(isinstance(event, Started) for event in events) > 6
        assert sum(isinstance(event, Resumed) for event in events) > 6


class TestDyHpo(TestFreezeThaw):
    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "dyhpo", problem, streams)

    def make_scheduler(self, problem, streams, searcher):
        options = {"min_resource": 1, "rung_increment": 2, "probability_sh": 0.25}
        return create("scheduler", "freeze_thaw", problem, streams, searcher, **options)
