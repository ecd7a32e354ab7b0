import math
from collections import Counter

import attrs
import pytest

from tunekit_core import Cause, ConfigurationError, Report, Status, Streams, Trial, TrialEnded, TrialReported, create
from tunekit_core.testing import BackendContract, ToyBenchmark, toy_problem


def simulator(problem=None, benchmark=None, seed=0, **options):
    benchmark = benchmark or ToyBenchmark()
    problem = problem or toy_problem(benchmark)
    return create("backend", "simulator", problem, benchmark, None, Streams(seed), **options)


class TestWithCheckpoints(BackendContract):
    @pytest.fixture
    def make(self):
        return simulator

    @pytest.fixture
    def make_failing(self):
        return lambda problem, benchmark: simulator(problem, benchmark, failure_rate=1.0)


class TestWithoutCheckpoints(BackendContract):
    @pytest.fixture
    def make(self):
        return lambda problem, benchmark: simulator(problem, benchmark, checkpoint=False)


class TestWithDelays(BackendContract):
    @pytest.fixture
    def make(self):
        return lambda problem, benchmark: simulator(
            problem, benchmark, start_delay=0.05, report_delay=0.05, complete_delay=0.05, stop_delay=0.1
        )


def trial(backend, trial_id=0, **values):
    return Trial(trial_id, backend.problem.space.complete(values))


def run(backend, n_running):
    events = []
    while n_running:
        (event,) = backend.wait(None)
        events.append(event)
        n_running -= isinstance(event, TrialEnded)
    return events


SLOW = {"units": 8, "x": 0.0}  # 3 s an epoch
FAST = {"units": 4, "x": 0.0}  # 2 s an epoch


def test_times_are_those_of_the_curve_and_the_declared_delays():
    backend = simulator(start_delay=10, report_delay=1, complete_delay=0.5)
    backend.start(trial(backend, **FAST), 2, None)
    assert [(type(e).__name__, e.time) for e in run(backend, 1)] == [
        ("TrialReported", 13.0),
        ("TrialReported", 15.0),
        ("TrialEnded", 15.5),
    ]


def test_a_resumed_trial_takes_the_time_since_its_checkpoint():
    backend = simulator(checkpoint_delay=5)
    first = trial(backend, **FAST)
    backend.start(first, 2, None)
    for event in run(backend, 1):
        if isinstance(event, TrialReported):
            first = attrs.evolve(first, last_report=_report(event))
    assert backend.now() == 4.0
    backend.resume(first, 3)
    assert [event.time for event in run(backend, 1)] == [11.0, 11.0]


def test_without_checkpoints_a_resumed_trial_reports_from_the_beginning():
    backend = simulator(checkpoint=False)
    first = trial(backend, **FAST)
    backend.start(first, 2, None)
    for event in run(backend, 1):
        if isinstance(event, TrialReported):
            first = attrs.evolve(first, last_report=_report(event))
    backend.resume(first, 3)
    assert [e.metrics["epoch"] for e in run(backend, 1) if isinstance(e, TrialReported)] == [1, 2, 3]
    assert backend.now() == 10.0


def test_at_one_instant_trials_end_before_others_report_and_lower_ids_come_first():
    backend = simulator()
    trials = [trial(backend, i, **FAST) for i in range(3)]
    for each in reversed(trials):
        backend.start(each, None, None)
    (first,) = backend.wait(None)
    assert first.trial_id == 0
    backend.stop(trials[0])
    assert [(type(e).__name__, e.trial_id) for _ in range(3) for e in backend.wait(None)] == [
        ("TrialEnded", 0),
        ("TrialReported", 1),
        ("TrialReported", 2),
    ]


def test_what_a_stopping_trial_reports_within_the_delay_still_arrives():
    backend = simulator(stop_delay=4.0)
    only = trial(backend, **FAST)
    backend.start(only, None, None)
    backend.wait(None)
    backend.stop(only)
    assert [(type(e).__name__, e.time) for e in run(backend, 1)] == [("TrialReported", 4.0), ("TrialEnded", 6.0)]


@pytest.mark.parametrize("deadline", [1e300, math.inf])
def test_a_deadline_may_be_later_than_any_event(deadline):
    backend = simulator(complete_delay=1e12)
    backend.start(trial(backend, **FAST), 1, None)
    assert [event.time for event in (*backend.wait(deadline), *backend.wait(None))] == [2.0, pytest.approx(1e12 + 2)]


def test_a_report_at_the_deadline_still_counts():
    backend = simulator()
    backend.start(trial(backend, **FAST), None, None)
    (event,) = backend.wait(2.0)
    assert event.time == 2.0
    assert backend.wait(3.9) == []
    assert backend.now() == 3.9


def test_every_row_has_the_time_of_the_worker():
    backend = simulator()
    backend.start(trial(backend, **SLOW), 2, None)
    assert [e.metrics["st_worker_time"] for e in run(backend, 1) if isinstance(e, TrialReported)] == [3.0, 6.0]


def test_faults_are_the_same_for_the_same_seed_and_happen_at_their_rate():
    def outcome(seed):
        backend = simulator(seed=seed, failure_rate=0.3, slow_rate=0.5, slow_factor=3, preemption_rate=0.2)
        for i in range(200):
            backend.start(trial(backend, i, **FAST), None, None)
        return [(e.trial_id, e.status, e.cause, e.time) for e in run(backend, 200) if isinstance(e, TrialEnded)]

    assert outcome(1) == outcome(1)
    assert outcome(1) != outcome(2)
    failed = Counter(cause for _, status, cause, _ in outcome(1) if status is Status.FAILED)
    assert 40 <= failed[Cause.SCRIPT] <= 80
    assert 20 <= failed[Cause.INFRASTRUCTURE] <= 60


def test_a_slow_worker_takes_so_many_times_as_long():
    backend = simulator(slow_rate=1.0, slow_factor=3.0)
    backend.start(trial(backend, **FAST), 1, None)
    assert run(backend, 1)[0].time == 6.0


def test_a_preempted_run_is_lost_and_the_next_one_waits_and_repeats_what_was_not_checkpointed():
    def ends(**options):
        """When trials end whose first run is lost and whose second is not."""
        for seed in range(40):
            backend = simulator(seed=seed, preemption_rate=0.5, preemption_delay=100.0, **options)
            first = trial(backend, **FAST)
            backend.start(first, None, None)
            *reports, end = run(backend, 1)
            if end.cause is not Cause.INFRASTRUCTURE:
                continue
            assert (end.status, end.reason) == (Status.FAILED, "its worker was preempted")
            assert 2.0 * len(reports) <= end.time < 2.0 * len(reports) + 2.0
            last = _report(reports[-1]) if reports else None
            backend.resume(attrs.evolve(first, n_runs=2, last_report=last), None)
            end = run(backend, 1)[-1]
            if end.status is Status.COMPLETED:
                assert end.run == 1
                yield end.time

    with_checkpoint, without = list(ends()), list(ends(checkpoint=False))
    assert len(with_checkpoint) == len(without) > 5
    assert all(118.0 <= seconds < 120.0 for seconds in with_checkpoint)
    assert all(some <= others < 118.0 + 18.0 for some, others in zip(with_checkpoint, without, strict=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start_delay": -1.0}, r"backend\.start_delay=-1\.0 must be at least 0"),
        ({"report_delay": float("nan")}, r"backend\.report_delay=nan must be at least 0"),
        ({"stop_delay": float("inf")}, r"backend\.stop_delay=inf must be at least 0 and at most 1e\+12"),
        ({"start_delay": 1e300}, r"backend\.start_delay=1e\+300 must be at least 0 and at most 1e\+12"),
        ({"slow_factor": 1e300}, r"backend\.slow_factor=1e\+300 must be at least 1 and at most 1e\+12"),
        ({"failure_rate": 1.5}, r"backend\.failure_rate=1\.5 must be at least 0 and at most 1"),
        ({"slow_rate": -0.5}, r"backend\.slow_rate=-0\.5 must be at least 0"),
        ({"slow_factor": 0.5}, r"backend\.slow_factor=0\.5 must be at least 1"),
        ({"preemption_rate": 2.0}, r"backend\.preemption_rate=2\.0 must be at least 0"),
        ({"preemption_delay": -1.0}, r"backend\.preemption_delay=-1\.0 must be at least 0"),
        ({"table_seed": -1}, r"backend\.table_seed=-1 must be at least 0"),
        ({"table_seed": 3}, r"backend\.table_seed=3 must be at most 0: the table of 'toy' has 1 run"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigurationError, match=message):
        simulator(**options)


def test_a_benchmark_without_recorded_runs_is_refused():
    class Bare:
        name = "bare"

    with pytest.raises(ConfigurationError, match="'bare' has no recorded runs"):
        simulator(toy_problem(ToyBenchmark()), Bare())


def _report(event):
    return Report(event.trial_id, event.run, event.metrics["epoch"], event.metrics, (0.0,), event.time)


class Dying(ToyBenchmark):
    """Runs fail after their third report."""

    def curve(self, configuration, seed):
        whole = super().curve(configuration, seed)
        metrics = {name: values[:3] for name, values in whole.metrics.items()}
        return attrs.evolve(whole, resources=[1, 2, 3], elapsed=whole.elapsed[:3], metrics=metrics, fails=True)


class TestRecordedFailures(BackendContract):
    @pytest.fixture
    def make(self):
        return simulator

    @pytest.fixture
    def make_failing(self):
        return lambda problem, _: simulator(problem, Dying())


def test_a_recorded_run_that_fails_does_so_after_its_last_report():
    backend = simulator(benchmark=Dying(), complete_delay=0.5)
    backend.start(trial(backend, **FAST), None, None)
    *reports, end = run(backend, 1)
    assert [event.metrics["epoch"] for event in reports] == [1, 2, 3]
    assert (end.status, end.cause, end.time) == (Status.FAILED, Cause.SCRIPT, 6.5)
    assert end.reason == "the recorded run fails here"


@pytest.mark.parametrize("n_reports", [1, 3])
def test_a_run_that_would_fail_and_is_asked_to_end_before_does_not(n_reports):
    backend = simulator(benchmark=Dying())
    only = trial(backend, **FAST)
    backend.start(only, None, None)
    for _ in range(n_reports):
        backend.wait(None)
    backend.stop(only)
    assert run(backend, 1)[-1].status is Status.COMPLETED


@pytest.mark.parametrize("until", [2, 3])
def test_a_run_that_would_fail_and_is_sent_to_one_of_its_reports_fails_when_it_goes_on(until):
    backend = simulator(benchmark=Dying())
    first = trial(backend, **FAST)
    backend.start(first, until, None)
    *reports, end = run(backend, 1)
    assert (end.status, end.time) == (Status.COMPLETED, 2.0 * until)
    backend.resume(attrs.evolve(first, n_runs=2, last_report=_report(reports[-1])), None)
    *reports, end = run(backend, 1)
    assert (len(reports), end.status, end.time) == (3 - until, Status.FAILED, 6.0)


@pytest.mark.parametrize("loss", [math.nan, math.inf, 3e38, 1.7e308])
def test_losses_that_are_huge_or_not_finite_are_reported_as_they_are(loss):
    class Diverging(ToyBenchmark):
        def curve(self, configuration, seed):
            whole = super().curve(configuration, seed)
            return attrs.evolve(whole, metrics={**whole.metrics, "score": [loss] * len(whole.resources)})

    backend = simulator(benchmark=Diverging())
    backend.start(trial(backend, **FAST), 1, None)
    assert repr(run(backend, 1)[0].metrics["score"]) == repr(loss)
