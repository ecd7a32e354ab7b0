"""The local backend with real processes."""

import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from tunekit_core import (
    Benchmark,
    Cause,
    Checkpoint,
    ConfigurationError,
    ExperimentRecord,
    Objective,
    Problem,
    Script,
    SearchSpace,
    Status,
    Streams,
    Trial,
    TrialEnded,
    TrialPlaced,
    TrialReported,
    Tuner,
    UnfinishedTrial,
    create,
    load_experiment,
    uniform,
)
from tunekit_core.testing import BackendContract, ToyBenchmark, toy_problem
from tunekit_local import backend as backend_module, recovery, supervisor
from tunekit_local.backend import LocalBackend
from tunekit_local.notices import Notices
from tunekit_local.options import LocalOptions, bytes_in

from .snippet import Snippet, local_backend, trial_of

TRAIN = Path(__file__).parent / "train.py"
ENDLESS = {"seconds": 0.1, "ends_after": "/nowhere/at/all"}


class Training(Benchmark):
    """``train.py`` with a value of x, nine epochs, and constants as given."""

    name = "training"
    max_resource = 9
    n_workers = 2
    max_wallclock_time = 60.0

    def __init__(self, *, told_how_far=True, **constants):
        self.max_resource_attr = "epochs" if told_how_far else None
        self.space = SearchSpace({"x": uniform(0.0, 1.0), "epochs": 9, **constants})
        self.objective = Objective("score", "min", "epoch")

    def script(self):
        return Script((sys.executable, str(TRAIN), "--st_checkpoint_dir", "{checkpoint}"))


class FakeProcess:
    """A supervisor that is slow to begin."""

    def poll(self):
        return 0

    def wait(self, timeout):
        return 0


class ToyTraining(ToyBenchmark):
    """The toy benchmark as a script, with arguments as given."""

    def __init__(self, *arguments):
        super().__init__()
        self.arguments = arguments

    def script(self):
        return Script(
            (sys.executable, str(TRAIN), "--seconds", "0.2", *self.arguments, "--st_checkpoint_dir", "{checkpoint}")
        )

    def backend(self, folder):
        return LocalBackend(toy_problem(self), self, folder, Streams(0), LocalOptions())


class TestContract(BackendContract):
    @pytest.fixture
    def make(self, tmp_path):
        return lambda problem, benchmark: ToyTraining("--saves_first").backend(tmp_path)

    @pytest.fixture
    def make_failing(self, tmp_path):
        return lambda problem, benchmark: ToyTraining("--mishap", "error").backend(tmp_path)


class TestContractOfPublishedCheckpoints(TestContract):
    @pytest.fixture
    def make(self, tmp_path):
        return lambda problem, benchmark: ToyTraining("--publishes").backend(tmp_path)


def opened(backend, n_workers=2):
    backend.open(n_workers)
    return backend


def problem_of(benchmark):
    return Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)


@pytest.fixture
def make(tmp_path):
    backends = []

    def build(benchmark=None, n_workers=2, **options):
        benchmark = benchmark or Training()
        backends.append(LocalBackend(problem_of(benchmark), benchmark, tmp_path, Streams(0), LocalOptions(**options)))
        return opened(backends[-1], n_workers)

    yield build
    for backend in backends:
        backend.close()


def trial(backend, trial_id=0, n_runs=1, until=None, parent=None, **values):
    configuration = backend.problem.space.complete(values)
    return Trial(trial_id, configuration, until=until, parent=parent, n_runs=n_runs)


def until_idle(backend, n_running=1):
    """Reports and ends until so many runs are over."""
    events = []
    while n_running:
        for event in backend.wait(None):
            events.append(event)
            n_running -= isinstance(event, TrialEnded)
    return [event for event in events if not isinstance(event, TrialPlaced)]


def first_reports(backend):
    """What is told until a trial has reported."""
    while True:
        reports = [event for event in backend.wait(None) if isinstance(event, TrialReported)]
        if reports:
            return reports


def until(condition, seconds=30.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.005)


def unfinished(trial, n_recorded=0, *, is_ending=False):
    return UnfinishedTrial(trial, n_recorded, is_ending)


def epochs(events):
    return [event.metrics.get("epoch") for event in events if isinstance(event, TrialReported)]


def test_a_script_is_told_how_far_to_go_where_it_can_be(make):
    backend = make(Training(seconds=0.0))
    backend.start(trial(backend), 3, None)
    assert epochs(until_idle(backend)) == [1, 2, 3]
    backend.resume(trial(backend, n_runs=2), 9)
    assert epochs(until_idle(backend)) == [4, 5, 6, 7, 8, 9]


def test_reports_arrive_at_once(make):
    backend = make(Training(seconds=0.3))
    backend.start(trial(backend), None, None)
    delays, has_ended = [], False
    while not has_ended:  # it may end at once with its last report
        for event in backend.wait(None):
            has_ended |= isinstance(event, TrialEnded)
            if isinstance(event, TrialReported):
                delays.append(time.time() - event.metrics["st_worker_timestamp"])
    assert len(delays) == 9
    assert sorted(delays)[4] < 0.2


@pytest.mark.usefixtures("memory_lasts")
@pytest.mark.parametrize(
    ("mishap", "n_reports", "reason"),
    [
        ("error", 2, "exit status 1"),
        ("error", 2, "the learning rate was too high"),
        ("killed", 2, "it was ended by SIGKILL"),
    ],
)
def test_a_script_that_dies_has_failed_and_the_end_of_its_errors_is_told(make, mishap, n_reports, reason):
    backend = make(Training(mishap=mishap))
    backend.start(trial(backend), None, None)
    *reports, ended = until_idle(backend)
    assert len(reports) == n_reports
    assert ended.status is Status.FAILED
    assert reason in ended.reason


def test_a_script_that_hangs_is_ended_after_its_time(make):
    backend = make(Training(mishap="hang"), trial_timeout=0.5)
    backend.start(trial(backend), None, None)
    (ended,) = until_idle(backend)
    assert ended.status is Status.FAILED
    assert "trial_timeout" in ended.reason


@pytest.mark.parametrize("mishap", ["ignores_sigterm", "fork", "prints_much"])
def test_a_script_that_is_stopped_leaves_nothing_behind(make, tmp_path, mishap):
    backend = make(Training(mishap=mishap), grace_period=0.3, log_bytes=10_000)
    first = trial(backend)
    backend.start(first, None, None)
    while not backend.wait(backend.now() + 0.1):
        pass
    backend.stop(first)
    until_idle(backend)
    assert sum(file.stat().st_size for file in (tmp_path / "0").glob("stdout.log*")) <= 10_000


def test_a_script_that_cannot_be_started_has_failed(make):
    benchmark = Training()
    benchmark.script = lambda: Script(("no-such-program-anywhere",))
    backend = make(benchmark)
    backend.start(trial(backend), None, None)
    (ended,) = until_idle(backend)
    assert ended.status is Status.FAILED
    assert "no-such-program-anywhere" in ended.reason


def test_what_is_strange_in_a_configuration_arrives_as_it_is(make, tmp_path):
    strange = {
        "text": "two words; $HOME 'and' \"quotes\" é\n",
        "dash": "-v",
        "number": -1e-5,
        "minus": -3,
        "flag": True,
    }
    benchmark = Training(**strange)
    code = "import json, os, sys; from tunekit import Reporter; Reporter()(epoch=1, score=0, seen=sys.argv[1:])"
    benchmark.script = lambda: Script(
        (sys.executable, "-c", code, "{arguments}", "--st_checkpoint_dir", "{checkpoint}")
    )
    backend = make(benchmark)
    backend.start(trial(backend, x=0.25), None, None)
    report, _ = until_idle(backend)
    assert report.metrics["seen"] == [
        *["--x", "0.25", "--epochs", "9", "--text", strange["text"], "--dash=-v", "--number=-1e-05"],
        *["--minus", "-3", "--flag", "True", "--st_checkpoint_dir", str((tmp_path / "0" / "checkpoint").resolve())],
    ]
    assert json.loads((tmp_path / "0" / "config.json").read_text()) == {"x": 0.25, "epochs": 9, **strange}


def test_a_trial_can_start_from_the_checkpoint_of_another(make):
    backend = make(Training(seconds=0.0))
    backend.start(trial(backend), 3, None)
    until_idle(backend)
    backend.start(trial(backend, 1, parent=Checkpoint(0, 3)), None, Checkpoint(0, 3))
    assert epochs(until_idle(backend)) == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("delete", [True, False])
def test_checkpoints_that_are_of_no_more_use_are_removed_if_wanted(make, tmp_path, delete):
    backend = make(Training(seconds=0.0), delete_checkpoints=delete)
    backend.start(trial(backend), 3, None)
    until_idle(backend)
    backend.release((0,))
    assert (tmp_path / "0" / "checkpoint").exists() is not delete


def ends_soon(pid):
    """Whether a process that was killed is gone, or waits to be reaped: it takes a moment."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_a_supervisor_that_is_killed_takes_its_trial_with_it(make, tmp_path):
    backend = make(Training(mishap="hang"))
    backend.start(trial(backend), None, None)
    claim = tmp_path / "0" / "runs" / "0" / "process.jsonl"
    while not claim.exists() or claim.read_text().count("\n") < 2:
        time.sleep(0.01)
    its_supervisor, child = (json.loads(line)["pid"] for line in claim.read_text().splitlines())
    psutil.Process(its_supervisor).kill()
    (ended,) = until_idle(backend)
    assert (ended.status, ended.cause) == (Status.FAILED, Cause.INFRASTRUCTURE)
    assert "supervisor was killed" in ended.reason
    assert ends_soon(child)


def test_what_is_left_of_a_killed_supervisor_is_ended(make, tmp_path):
    benchmark = Training()
    benchmark.script = lambda: Script(("sh", "-c", "sleep 600 & sleep 600", "{none}"))
    backend = make(benchmark)
    backend.start(trial(backend), None, None)
    claim = tmp_path / "0" / "runs" / "0" / "process.jsonl"
    while not claim.exists() or claim.read_text().count("\n") < 2:
        time.sleep(0.01)
    its_supervisor, child = (json.loads(line)["pid"] for line in claim.read_text().splitlines())
    while len(psutil.Process(child).children()) < 2:
        time.sleep(0.01)
    sleepers = psutil.Process(child).children()
    psutil.Process(its_supervisor).kill()
    until_idle(backend)
    _, alive = psutil.wait_procs(sleepers, timeout=30)
    assert not alive


def test_a_trial_whose_checkpoint_was_dropped_starts_over(make):
    backend = make(Training(seconds=0.0))
    backend.start(trial(backend), 3, None)
    until_idle(backend)
    backend.drop_checkpoint(0)
    backend.resume(trial(backend, n_runs=2), 9)
    assert epochs(until_idle(backend)) == [*range(1, 10)]


def test_a_trial_that_was_not_resumed_any_more_when_the_tuner_died_is_resumed(make):
    before = make(Training(seconds=0.0))
    before.start(trial(before), 3, None)
    until_idle(before)
    before.close()
    after = make(Training(seconds=0.0))
    again = trial(after, n_runs=2, until=9)
    after.restore([unfinished(again)], 1.0)
    *reports, ended = until_idle(after)
    assert epochs(reports) == [4, 5, 6, 7, 8, 9]
    assert {event.run for event in [*reports, ended]} == {1}


def test_a_trial_that_came_where_it_was_sent_while_nobody_watched_has_completed(make):
    before = make(Training(seconds=0.0))
    before.start(trial(before), 3, None)
    until_idle(before)
    before.close()
    after = make(Training(seconds=0.0))
    after.restore([unfinished(trial(after, until=3), 2)], 1.0)
    report, ended = until_idle(after)
    assert (report.run, report.metrics["epoch"]) == (0, 3)
    assert (ended.run, ended.status, ended.has_checkpoint) == (0, Status.COMPLETED, True)


def test_a_trial_that_had_reached_its_target_when_the_tuner_died_is_ended(make):
    before = make(Training(told_how_far=False, seconds=0.5), on_tuner_death="keep")
    before.start(trial(before), 9, None)
    reports = first_reports(before)
    after = make(Training(told_how_far=False, seconds=0.5), on_tuner_death="keep")
    after.restore([unfinished(trial(after, until=1), len(reports))], 1.0)
    *more, ended = until_idle(after)
    assert ended.status is Status.COMPLETED
    assert len(more) < 8
    until_idle(before)


def test_a_run_that_dies_while_it_is_restored_is_lost(make, monkeypatch):
    before = make(Training(**ENDLESS), on_tuner_death="keep")
    before.start(trial(before), None, None)
    reports = first_reports(before)

    def find_and_kill(running, *arguments):
        recovery.find_run(running, *arguments)
        running.process.end_by_force()
        until(running.process.is_over)  # killing takes a moment

    monkeypatch.setattr(backend_module, "find_run", find_and_kill)
    after = make(Training(seconds=0.0), on_tuner_death="keep")
    after.restore([unfinished(trial(after), len(reports))], 1.0)
    *_, ended = until_idle(after)
    assert (ended.run, ended.status, ended.cause) == (0, Status.FAILED, Cause.INFRASTRUCTURE)
    after.resume(trial(after, n_runs=2), None)
    *more, ended = until_idle(after)
    assert ended.status is Status.COMPLETED, ended.reason
    assert more[-1].metrics["epoch"] == 9


def test_a_trial_that_waits_for_what_such_a_run_has_held_is_begun(make, monkeypatch):
    before = make(Training(**ENDLESS), on_tuner_death="keep")
    before.start(trial(before, 1), None, None)
    reports = first_reports(before)

    def find_and_kill(running, *arguments):
        recovery.find_run(running, *arguments)
        if running.process is not None:
            running.process.end_by_force()
            until(running.process.is_over)

    monkeypatch.setattr(backend_module, "find_run", find_and_kill)
    after = make(Training(seconds=0.0), n_workers=1, num_gpus_per_trial=0, on_tuner_death="keep")
    after.restore([unfinished(trial(after, 0), 0), unfinished(trial(after, 1), len(reports))], 1.0)
    events = [event for _ in range(20) for event in after.wait(after.now() + 0.5)]
    assert {event.trial_id: event.status for event in events if isinstance(event, TrialEnded)} == {
        0: Status.COMPLETED,
        1: Status.FAILED,
    }


@pytest.mark.parametrize("is_found_alive", [True, False])
def test_a_run_that_was_ended_with_its_tuner_is_lost(make, is_found_alive):
    before = make(Training(**ENDLESS))
    before.start(trial(before), None, None)
    reports = first_reports(before)
    if not is_found_alive:
        before.close()
    after = make(Training(seconds=0.0))
    after.restore([unfinished(trial(after), len(reports))], 1.0)
    before.close()
    *_, ended = until_idle(after)
    assert (ended.status, ended.cause) == (Status.FAILED, Cause.INFRASTRUCTURE)
    assert "cut off" in ended.reason


def test_a_trial_that_was_stopped_before_the_tuner_died_has_not_failed(make):
    before = make(Training(**ENDLESS))
    stopped = trial(before)
    before.start(stopped, None, None)
    reports = first_reports(before)
    before.stop(stopped)
    before.close()
    after = make(Training(seconds=0.1))
    after.restore([unfinished(trial(after), len(reports), is_ending=True)], 1.0)
    *_, ended = until_idle(after)
    assert ended.status is Status.COMPLETED, ended.reason


@pytest.mark.filterwarnings("ignore:Logs of trial")  # they may be written where the folder was
@pytest.mark.parametrize("moment", range(2))
def test_a_run_that_goes_on_in_a_folder_that_was_moved_is_lost(tmp_path, moment):
    it_may_end = tmp_path / "it may end"
    # Once it has reported, it writes nothing while its folder is moved.
    benchmark = Training(epochs=2, saves_first=True, ends_after=str(it_may_end))
    options = LocalOptions(on_tuner_death="keep")
    before, after = (
        LocalBackend(problem_of(benchmark), benchmark, tmp_path / name, Streams(0), options) for name in ("old", "new")
    )
    opened(before).start(trial(before), None, None)
    reports = first_reports(before)
    (tmp_path / "old").rename(tmp_path / "new")
    opened(after).restore([unfinished(trial(after), len(reports))], 1.0)
    *more, ended = until_idle(after)
    assert ended.cause is Cause.INFRASTRUCTURE
    it_may_end.touch()
    after.resume(trial(after, n_runs=2), 2)
    *more, ended = until_idle(after)
    assert ended.status is Status.COMPLETED, ended.reason
    assert more[-1].metrics["epoch"] == 2
    before.close()
    after.close()


@pytest.mark.filterwarnings("ignore:Logs of trial")
def test_nothing_runs_on_in_a_folder_that_was_moved(tmp_path):
    benchmark = Snippet("Reporter()(step=1, loss=0.5)\ntime.sleep(60)\n")
    options = LocalOptions(on_tuner_death="keep")
    before, after = (
        LocalBackend(problem_of(benchmark), benchmark, tmp_path / name, Streams(0), options) for name in ("old", "new")
    )
    opened(before).start(trial(before), None, None)
    reports = first_reports(before)
    assert len(of_the_run(tmp_path / "old")) == 2
    (tmp_path / "old").rename(tmp_path / "new")
    opened(after).restore([unfinished(trial(after), len(reports))], 1.0)
    assert until_idle(after)[-1].cause is Cause.INFRASTRUCTURE
    until(lambda: not of_the_run(tmp_path / "old"))
    before.close()
    after.close()


def of_the_run(folder):
    """Supervisor and script of a run that was begun in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            texts = [*process.cmdline(), *process.environ().values()]
            if process.status() != psutil.STATUS_ZOMBIE and any(text.startswith(f"{folder}/") for text in texts):
                found.append(process)
    return found


def test_what_several_trials_reported_meanwhile_is_told_in_the_order_in_which_it_was_made(make):
    before = make(Training(seconds=0.1))
    for number in range(2):
        before.start(trial(before, number), None, None)
    made = {}
    for event in until_idle(before, 2):
        if isinstance(event, TrialReported):
            made[event.trial_id, event.metrics["epoch"]] = event.metrics["st_worker_timestamp"]
    before.close()
    after = make(Training(seconds=0.0))
    after.restore([unfinished(trial(after, number)) for number in range(2)], 1.0)
    told = [event for event in until_idle(after, 2) if isinstance(event, TrialReported)]
    assert [(event.trial_id, event.metrics["epoch"]) for event in told] == sorted(made, key=made.__getitem__)
    assert len({event.trial_id for event in told[:9]}) == 2  # the two have run at the same time


@pytest.mark.parametrize("what_is_there", ["nothing", "a folder", "a run without its spec", "an empty spec"])
@pytest.mark.parametrize("is_ending", [False, True])
def test_a_trial_that_was_hardly_started_when_the_tuner_died_is_started_unless_it_is_to_end(
    make, tmp_path, what_is_there, is_ending
):
    if what_is_there != "nothing":
        (tmp_path / "0").mkdir()
    if what_is_there in ("a run without its spec", "an empty spec"):
        (tmp_path / "0" / "runs" / "0").mkdir(parents=True)
    if what_is_there == "an empty spec":  # as a machine may leave it that goes down
        (tmp_path / "0" / "runs" / "0" / "spec.json").touch()
    backend = make(Training(seconds=0.0))
    backend.restore([unfinished(trial(backend), is_ending=is_ending)], 1.0)
    *reports, ended = until_idle(backend)
    assert epochs(reports) == ([] if is_ending else [*range(1, 10)])
    assert (ended.run, ended.status) == (0, Status.COMPLETED)


def test_a_run_whose_supervisor_had_not_begun_when_the_tuner_died_never_begins(make, tmp_path, monkeypatch):
    before = make(Training(seconds=0.0), on_tuner_death="keep")
    late = []
    monkeypatch.setattr(supervisor, "launch", lambda *arguments: late.append(arguments) or FakeProcess())
    before.start(trial(before), None, None)
    monkeypatch.undo()
    after = make(Training(seconds=0.0))
    after.restore([unfinished(trial(after))], 1.0)
    (ended,) = until_idle(after)
    assert (ended.run, ended.status, ended.cause) == (0, Status.FAILED, Cause.INFRASTRUCTURE)
    with supervisor.launch(*late[0]) as process:
        assert process.wait(20) == supervisor.ALREADY_CLAIMED
    assert not (tmp_path / "0" / "runs" / "0" / "reports.jsonl").exists()


def test_closing_ends_what_runs(make):
    backend = make(Training(seconds=30.0))
    for number in range(2):
        backend.start(trial(backend, number), None, None)
    began = time.monotonic()
    backend.close()
    assert time.monotonic() - began < 60


def test_a_benchmark_without_a_script_is_refused():
    benchmark = ToyBenchmark()
    with pytest.raises(ConfigurationError, match="has no script"):
        create("backend", "local", toy_problem(benchmark), benchmark, None, Streams(0))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("num_gpus_per_trial", -1),
        ("grace_period", -1.0),
        ("trial_timeout", 0.0),
        ("max_checkpoints", -1),
        ("trial_retries", -1),
        ("log_bytes", 1),
    ],
)
def test_options_out_of_range_are_refused(option, value):
    benchmark = Training()
    with pytest.raises(ConfigurationError, match=rf"^backend\.{option}={value} must be at least") as caught:
        create("backend", "local", problem_of(benchmark), benchmark, None, Streams(0), **{option: value})
    assert (caught.value.option, caught.value.value) == (f"backend.{option}", value)


@pytest.mark.parametrize(("number", "meant"), [(4, "4GB"), (0.5, "0.5GB"), (-1, "4GB"), (0, "4GB")])
def test_an_amount_of_memory_without_its_unit_is_refused_with_one(number, meant):
    benchmark = Training()
    with pytest.raises(ConfigurationError) as caught:
        create("backend", "local", problem_of(benchmark), benchmark, None, Streams(0), memory_per_trial=number)
    assert str(caught.value) == (
        f"backend.memory_per_trial={number} must be a number above 0 with a unit: MB, GB, TB, MiB, GiB, TiB. Type "
        f"backend.memory_per_trial={meant}."
    )


@pytest.mark.parametrize("amount", ["4", "4G", "0GB", "-1GB", "lots", "1e3MB", "4GB/s", "٤GB"])
def test_what_is_no_amount_of_memory_is_refused(amount):
    benchmark = Training()
    with pytest.raises(ConfigurationError) as caught:
        create("backend", "local", problem_of(benchmark), benchmark, None, Streams(0), memory_per_trial=amount)
    assert str(caught.value) == (
        f"backend.memory_per_trial='{amount}' must be a number above 0 with a unit: MB, GB, TB, MiB, GiB, TiB. Type "
        "backend.memory_per_trial=4GB."
    )


@pytest.mark.parametrize(
    ("amount", "n_bytes"),
    [("4GB", 4_000_000_000), ("1.5 gib", 1_610_612_736), ("512MiB", 536_870_912), ("0.5MB", 500_000)],
)
def test_an_amount_of_memory_has_a_unit(amount, n_bytes):
    assert bytes_in(amount) == n_bytes


@pytest.mark.parametrize(
    ("option", "value", "meant"),
    [
        ("log_bytes", "1MB", "It is in bytes: type backend.log_bytes=1000000. "),
        ("log_bytes", "64 KiB", "It is in bytes: type backend.log_bytes=65536. "),
        ("grace_period", "5s", "It is in seconds: type backend.grace_period=5. "),
        ("trial_timeout", "1h", "It is in seconds: type backend.trial_timeout=3600. "),
    ],
)
def test_an_amount_with_a_unit_is_refused_with_the_number_of_the_unit_that_is_taken(option, value, meant):
    benchmark = Training()
    with pytest.raises(ConfigurationError) as caught:
        create("backend", "local", problem_of(benchmark), benchmark, None, Streams(0), **{option: value})
    assert f"backend.{option}={value!r} does not fit. {meant}Allowed: " in str(caught.value)


def test_what_becomes_of_trials_when_the_tuner_dies_is_one_of_two():
    benchmark = Training()
    with pytest.raises(ConfigurationError, match=r"backend\.on_tuner_death='kepe' does not fit\. Did you mean 'keep'"):
        create("backend", "local", problem_of(benchmark), benchmark, None, Streams(0), on_tuner_death="kepe")


@pytest.mark.parametrize(("scheduler", "n_workers"), [("asha_stopping", 2), ("asha_promotion", 2), ("fifo", 3)])
def test_a_whole_experiment(tmp_path, scheduler, n_workers):
    benchmark, streams = Training(seconds=0.0), Streams(1)
    problem = problem_of(benchmark)
    result = Tuner(
        scheduler=create("scheduler", scheduler, problem, streams, create("searcher", "random", problem, streams)),
        backend=create("backend", "local", problem, benchmark, tmp_path, streams),
        stopping=[create("stopping", "max_num_trials_finished", problem, count=6)],
        n_workers=n_workers,
        record=ExperimentRecord(tmp_path, keep_events=True),
    ).run()
    results = load_experiment(tmp_path).results
    assert result.n_failed == 0
    assert not results.duplicated(["trial_id", "epoch"]).any()
    assert (results["score"] == results["config_x"] + 1 / results["epoch"]).all()


@pytest.mark.parametrize(
    ("mishap", "reason"), [("silent", "without a report"), ("rubbish", "it reported {'unreadable'")]
)
def test_a_trial_that_says_nothing_of_use_fails_and_the_experiment_goes_on(tmp_path, mishap, reason):
    benchmark, streams = Training(seconds=0.0, mishap=mishap), Streams(1)
    problem = problem_of(benchmark)
    result = Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams)),
        backend=create("backend", "local", problem, benchmark, tmp_path, streams),
        stopping=[create("stopping", "max_num_trials_started", problem, count=2)],
        n_workers=1,
        record=ExperimentRecord(tmp_path, keep_events=True),
    ).run()
    assert result.n_failed == 2
    assert reason in load_experiment(tmp_path).metadata["failures"][0]["reason"]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_without_a_folder_nothing_is_left_behind(temporary):
    backend = local_backend(Snippet("Reporter()(step=1, loss=0.5)"), None)
    backend.start(trial_of(backend), None, None)
    until_idle(backend)
    assert [path.name for path in temporary.glob("tunekit-*/0/config.json")] == ["config.json"]
    backend.close()
    backend.close()
    assert list(temporary.iterdir()) == []


def test_without_a_folder_nothing_is_left_of_a_trial_that_runs_when_it_is_closed(temporary):
    backend = local_backend(Snippet("Reporter()(step=1, loss=0.5)\ntime.sleep(60)"), None)
    backend.start(trial_of(backend), None, None)
    backend.wait(None)
    backend.close()
    assert list(temporary.iterdir()) == []


def test_without_a_folder_nothing_is_left_where_it_cannot_be_opened(temporary, monkeypatch):
    def full(folder):
        raise OSError("no socket can be made")

    monkeypatch.setattr(backend_module, "Notices", full)
    with pytest.raises(OSError, match="no socket"):
        local_backend(Snippet(""), None)
    assert list(temporary.iterdir()) == []


def test_without_a_folder_nothing_is_left_where_closing_is_interrupted(temporary, monkeypatch):
    backend = local_backend(Snippet("time.sleep(60)"), None)
    backend.start(trial_of(backend), None, None)
    wait = Notices.wait

    def interrupted(*arguments):
        monkeypatch.setattr(Notices, "wait", wait)
        raise KeyboardInterrupt

    monkeypatch.setattr(Notices, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        backend.close()
    sockets = temporary / f"tunekit-{os.getuid()}"  # there unless the path is too long for one
    assert [path for path in temporary.iterdir() if path != sockets] == []
    backend.close()
    assert list(temporary.iterdir()) == []
