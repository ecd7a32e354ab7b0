import threading
import time

import pytest

from tunekit_core import ConfigurationError, Problem, Status, Streams, Trial, TrialEnded, TrialReported, Tuner, create
from tunekit_core.testing import BackendContract, ToyBenchmark, toy_problem
from tunekit_threads.threads import Threads, ThreadsOptions
from tunekit_threads.zlib_benchmark import Zlib


class TrainedToy(ToyBenchmark):
    """The toy benchmark as a function that trains."""

    def train(self, configuration, report):
        curve = self.curve(configuration, 0)
        for i, epoch in enumerate(curve.resources):
            time.sleep(0.1)
            report({"epoch": epoch, **{name: values[i] for name, values in curve.metrics.items()}})


class BreakingToy(ToyBenchmark):
    """Fails after its first report."""

    error = OSError("no such device")

    def train(self, configuration, report):
        report({"epoch": 1, "score": 0.5})
        raise self.error


class ExitingToy(BreakingToy):
    error = SystemExit(3)


def threads(problem, benchmark):
    return Threads(problem, benchmark, None, Streams(0), ThreadsOptions())


class TestThreads(BackendContract):
    @pytest.fixture
    def make(self):
        return lambda problem, benchmark: threads(problem, TrainedToy())

    @pytest.fixture
    def make_failing(self):
        return lambda problem, benchmark: threads(problem, BreakingToy())


def events_of_one_trial(benchmark):
    backend = threads(toy_problem(benchmark), benchmark)
    backend.start(Trial(0, benchmark.space.default()), None, None)
    events = []
    while not any(isinstance(event, TrialEnded) for event in events):
        events += backend.wait(None)
    backend.close()
    return events


def test_a_function_that_raises_is_a_trial_that_failed_with_its_reason():
    reported, ended = events_of_one_trial(BreakingToy())
    assert isinstance(reported, TrialReported)
    assert (ended.status, ended.reason) == (Status.FAILED, "OSError: no such device")


def test_a_function_that_exits_is_a_trial_that_failed():
    _, ended = events_of_one_trial(ExitingToy())
    assert (ended.status, ended.reason) == (Status.FAILED, "SystemExit: 3")


def test_a_benchmark_without_a_function_is_refused():
    benchmark = ToyBenchmark()
    with pytest.raises(ConfigurationError, match="The benchmark 'toy' has no function that trains"):
        threads(toy_problem(benchmark), benchmark)


def test_closing_waits_for_the_threads():
    benchmark = TrainedToy()
    backend = threads(toy_problem(benchmark), benchmark)
    before = threading.active_count()
    backend.start(Trial(0, benchmark.space.default()), None, None)
    backend.close()
    assert threading.active_count() == before


def test_more_memory_and_a_higher_level_compress_better():
    def ratio(**configuration):
        reports, benchmark = [], Zlib()
        benchmark.train(benchmark.space.complete({"window": 15, **configuration}), reports.append)
        return reports[-1]["ratio"]

    assert ratio(level=9, memory=9) < ratio(level=1, memory=1) < 1


def test_a_whole_experiment_runs_in_this_process():
    benchmark, streams = Zlib(), Streams(0)
    problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)
    searcher = create("searcher", "random", problem, streams)
    result = Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, searcher),
        backend=threads(problem, benchmark),
        stopping=[create("stopping", "max_num_trials_started", problem, count=6)],
        n_workers=2,
    ).run()
    assert (result.n_trials, result.n_reports, result.n_failed) == (6, 54, 0)
