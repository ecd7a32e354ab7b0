"""Hyper-Tune as it is meant to run: the searcher of one plugin weighs the brackets of another's scheduler."""

from pathlib import Path

import pytest

from tunekit_core import create
from tunekit_core.engine.events import Started
from tunekit_core.testing import SearcherContract
from tunekit_core.testing.experiments import run_toy


class TestHyperTuneWithPromotion(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 6
    max_evaluations = 60

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "hypertune", problem, streams)

    def make_scheduler(self, problem, streams, searcher):
        return create("scheduler", "asha_promotion", problem, streams, searcher, brackets="all")

    def test_trials_begin_at_every_level(self, scheduler, tmp_path: Path):
        _, events = run_toy(scheduler, tmp_path, max_evaluations=self.max_evaluations)
        assert {event.note["bracket"] for event in events if isinstance(event, Started)} == {0, 1, 2}
