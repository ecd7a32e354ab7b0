"""Contract tests that a plugin inherits, and the toy problem that they run on. Needs pytest.

A plugin subclasses the contract of its kind and overrides one fixture:

    class TestMySearcher(SearcherContract):
        @pytest.fixture
        def make(self):
            return MySearcher
"""

from pkgutil import iter_modules

import pytest

# Before they are imported: a test that fails shows the values that it compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))

from tunekit_core.testing.backend_contract import BackendContract  # noqa: E402
from tunekit_core.testing.benchmark_contract import BenchmarkContract  # noqa: E402
from tunekit_core.testing.composer_contract import ComposerContract  # noqa: E402
from tunekit_core.testing.criterion_contract import CriterionContract  # noqa: E402
from tunekit_core.testing.experiments import Lived, Setup, live, run_toy  # noqa: E402
from tunekit_core.testing.launcher_contract import LauncherContract  # noqa: E402
from tunekit_core.testing.observer_contract import ObserverContract  # noqa: E402
from tunekit_core.testing.replay import check_fold_equals_live  # noqa: E402
from tunekit_core.testing.scheduler_contract import SchedulerContract  # noqa: E402
from tunekit_core.testing.searcher_contract import SearcherContract  # noqa: E402
from tunekit_core.testing.toy import ToyBenchmark, toy_problem  # noqa: E402
from tunekit_core.testing.toy_backend import ToyBackend  # noqa: E402
from tunekit_core.testing.toy_launch import toy_launch  # noqa: E402

__all__ = [
    "BackendContract",
    "BenchmarkContract",
    "ComposerContract",
    "CriterionContract",
    "LauncherContract",
    "Lived",
    "ObserverContract",
    "SchedulerContract",
    "SearcherContract",
    "Setup",
    "ToyBackend",
    "ToyBenchmark",
    "check_fold_equals_live",
    "live",
    "run_toy",
    "toy_launch",
    "toy_problem",
]
