"""Contract tests that a plugin inherits, and the toy problem that they run on. Needs pytest.

A plugin subclasses the contract of its kind and overrides one fixture:

    class TestMySearcher(SearcherContract):
        @pytest.fixture
        def make(self):
            return MySearcher
"""

from tunekit_core.testing.backend_contract import BackendContract
from tunekit_core.testing.experiments import Live, live_experiment, run_toy
from tunekit_core.testing.scheduler_contract import SchedulerContract
from tunekit_core.testing.searcher_contract import SearcherContract
from tunekit_core.testing.toy import ToyBackend, ToyBenchmark, toy_problem

__all__ = [
    "BackendContract",
    "Live",
    "SchedulerContract",
    "SearcherContract",
    "ToyBackend",
    "ToyBenchmark",
    "live_experiment",
    "run_toy",
    "toy_problem",
]
