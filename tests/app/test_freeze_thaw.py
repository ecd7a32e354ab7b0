"""Freeze-thaw search as it is meant to run: the searchers of one plugin choose for another's scheduler."""

import pytest

from tunekit_asha.freeze_thaw import FreezeThaw
from tunekit_bo.searchers.dyhpo import DyHpo
from tunekit_bo.searchers.freeze_thaw import FreezeThaw as FreezeThawSearcher
from tunekit_core.testing import SearcherContract
from tunekit_core.testing.experiments import run_toy


class TestFreezeThaw(SearcherContract):
    n_shared = 6
    max_evaluations = 48

    @pytest.fixture
    def make(self):
        return FreezeThawSearcher

    def make_scheduler(self, problem, streams, searcher):
        return FreezeThaw(problem, streams, searcher)

    def test_trials_are_started_and_resumed(self, scheduler, tmp_path):
        _, events = run_toy(scheduler, tmp_path, max_evaluations=self.max_evaluations)
        kinds = [event["event"] for event in events]
        assert kinds.count("start") > 6
        assert kinds.count("resume") > 6


class TestDyHpo(TestFreezeThaw):
    @pytest.fixture
    def make(self):
        return DyHpo

    def make_scheduler(self, problem, streams, searcher):
        return FreezeThaw(problem, streams, searcher, min_resource=1, rung_increment=2, probability_sh=0.25)
