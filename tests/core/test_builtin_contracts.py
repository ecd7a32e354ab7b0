"""The components that come with the core keep the contracts of their kinds."""

import functools

import pytest

from tunekit_core import RegretBound, Streams
from tunekit_core.builtin import criteria
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.grid_search import GridSearch, GridSearchOptions
from tunekit_core.builtin.no_success import NoSuccess
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.builtin.regret_bound import RegretBoundCriterion
from tunekit_core.builtin.rung_sizes import RungSizes
from tunekit_core.contracts.benchmarks import Curve
from tunekit_core.testing import (
    BackendContract,
    BenchmarkContract,
    ComposerContract,
    CriterionContract,
    SchedulerContract,
    SearcherContract,
    ToyBackend,
    ToyBenchmark,
)
from tunekit_core.testing.components import PausesAndStops
from tunekit_core.testing.experiments import Setup, live


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


class TestPausesAndStops(SchedulerContract):
    @pytest.fixture
    def make(self):
        return PausesAndStops


class TestToyBackend(BackendContract):
    @pytest.fixture
    def make(self):
        return lambda problem, benchmark: ToyBackend(problem, benchmark, None, Streams(0))

    @pytest.fixture
    def make_failing(self):
        return lambda problem, benchmark: ToyBackend(problem, benchmark, None, Streams(0), fail_at={0: 3})


class TestToyBackendWithLag(BackendContract):
    @pytest.fixture
    def make(self):
        return lambda problem, benchmark: ToyBackend(problem, benchmark, None, Streams(0), lag=2.0)


class TestToyBenchmark(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return ToyBenchmark


class TestToyBenchmarkThatJumps(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return functools.partial(ToyBenchmark, reports_every=4)


class TestRungSizes(ComposerContract):
    @pytest.fixture
    def make(self):
        return RungSizes


def criterion(factory, **options):
    return lambda problem: factory(problem, factory.Options(**options))


class TestNoSuccess(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(NoSuccess, count=5)

    @pytest.fixture
    def events(self, tmp_path):
        def scheduler(problem, streams):
            return PausesAndStops(problem, streams, RandomSearch(problem, streams))

        setup = Setup(max_trials=30, fail_at=dict.fromkeys(range(30), 0))
        return live(scheduler, setup, tmp_path).events


class TestMaxWallclockTime(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxWallclockTime, seconds=100.0)


class TestMaxNumEvaluations(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxNumEvaluations, count=250)


class TestMaxNumTrialsStarted(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxNumTrialsStarted, count=40)


class TestMaxNumTrialsCompleted(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxNumTrialsCompleted, count=5)


class TestMaxNumTrialsFinished(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxNumTrialsFinished, count=20)


class Costly(ToyBenchmark):
    """Says what its trials cost."""

    def __init__(self):
        super().__init__()
        self.metrics |= {"st_worker_cost"}

    def curve(self, configuration, seed):
        curve = super().curve(configuration, seed)
        return Curve(curve.resources, curve.elapsed, {**curve.metrics, "st_worker_cost": curve.elapsed})


class TestMaxCost(CriterionContract):
    def make_benchmark(self):
        return Costly()

    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxCost, cost=200.0)


class TestMinMetricValue(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.MinMetricValue, value=0.35)


class TestMaxMetricValue(CriterionContract):
    def make_benchmark(self):
        return ToyBenchmark(mode="max")

    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxMetricValue, value=-0.35)


class TestMaxFailures(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.MaxFailures, count=1)


class TestNoImprovement(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(criteria.NoImprovement, trials=5)


class GainsLess(RandomSearch):
    """With each report less is to be gained."""

    n_reports = 0

    def on_report(self, trial, report):
        self.n_reports += 1

    def regret_bound(self):
        return RegretBound(1 / self.n_reports, 0.01) if self.n_reports else None


class TestRegretBound(CriterionContract):
    @pytest.fixture
    def make(self):
        return criterion(RegretBoundCriterion, trials=3)

    def make_searcher(self, problem, streams):
        return GainsLess(problem, streams)
