"""What the end of a run is told to have been."""

import json
import re
import signal
import sys
import tempfile
import time

import psutil
import pytest

from tunekit_core import Cause, Status, TrialEnded, TrialPlaced, TrialReported, UnfinishedTrial
from tunekit_local import backend as backend_module
from tunekit_local.run_records import read_exit, read_processes

from .snippet import Snippet, local_backend, trial_of, until_idle

COMPLETED = (Status.COMPLETED, Cause.SCRIPT)
HOW_FAR = "end = int(sys.argv[sys.argv.index('--steps') + 1])\n"
REPORTS_ALL = HOW_FAR + "report = Reporter()\nfor step in range(1, end + 1): report(step=step, loss=1 / step)\n"


@pytest.fixture
def make(tmp_path):
    backends = []

    def build(code, *, told="steps", max_resource=9, **options):
        benchmark = Snippet(code, told=told, max_resource=max_resource)
        backends.append(local_backend(benchmark, tmp_path, **options))
        return backends[-1]

    yield build
    for backend in backends:
        backend.close()


def end_of(backend, n_running=1):
    ended = until_idle(backend, n_running)[-1]
    return ended.status, ended.cause


def wait_for_report(backend):
    while not any(isinstance(event, TrialReported) for event in backend.wait(None)):
        pass


def supervisor_and_script(folder, trial_id=0, run=0):
    claim = folder / str(trial_id) / "runs" / str(run)
    while len(found := read_processes(claim)) < 2:
        time.sleep(0.005)
    return [psutil.Process(record["pid"]) for record in found]


@pytest.mark.parametrize("until", [3, None])
@pytest.mark.parametrize(
    ("last_words", "expected"),
    [
        ("sys.exit(0)", COMPLETED),
        ("sys.exit(1)", (Status.FAILED, Cause.SCRIPT)),
        ("raise RuntimeError('while it was saved')", (Status.FAILED, Cause.SCRIPT)),
        ("os.kill(os.getpid(), signal.SIGKILL)", (Status.FAILED, Cause.SCRIPT)),
        ("os.kill(os.getpid(), signal.SIGTERM)", (Status.FAILED, Cause.SCRIPT)),
    ],
)
def test_a_script_that_reports_its_target_and_ends_by_itself_has_failed_unless_with_0(
    make, until, last_words, expected
):
    backend = make(REPORTS_ALL + last_words)
    backend.start(trial_of(backend, until=until), until, None)
    assert end_of(backend) == expected


@pytest.mark.parametrize(
    ("last_words", "expected"),
    [("sys.exit(0)", COMPLETED), ("sys.exit(1)", (Status.FAILED, Cause.SCRIPT))],
)
def test_a_script_that_was_told_where_it_is_sent_ends_by_itself_there_though_it_is_to_pause(make, last_words, expected):
    backend = make(REPORTS_ALL + f"time.sleep(0.5)\n{last_words}")
    trial = trial_of(backend, until=3)
    backend.start(trial, 3, None)
    while not any(isinstance(event, TrialReported) and event.metrics["step"] == 3 for event in backend.wait(None)):
        pass
    backend.pause(trial)
    assert end_of(backend) == expected


def test_a_script_that_does_not_end_where_it_was_sent_is_asked_to_after_the_grace_period(make):
    backend = make(REPORTS_ALL + "time.sleep(600)", grace_period=0.2)
    trial = trial_of(backend, until=3)
    backend.start(trial, 3, None)
    while not any(isinstance(event, TrialReported) and event.metrics["step"] == 3 for event in backend.wait(None)):
        pass
    backend.pause(trial)
    assert end_of(backend) == COMPLETED


def test_one_that_was_to_pause_when_its_tuner_died_is_asked_to_after_the_grace_period(make):
    before = make(REPORTS_ALL + "time.sleep(600)", on_tuner_death="keep")
    before.start(trial_of(before, until=3), 3, None)
    while not any(isinstance(event, TrialReported) and event.metrics["step"] == 3 for event in before.wait(None)):
        pass
    after = make(REPORTS_ALL, on_tuner_death="keep", grace_period=0.2)
    trial = trial_of(after, until=3)
    after.restore([UnfinishedTrial(trial, 3, True)], 1.0)
    after.pause(trial)
    assert isinstance(after.wait(None)[0], TrialPlaced)
    (ended,) = after.wait(after.now() + 20)
    assert (ended.status, ended.cause) == COMPLETED


def test_a_script_that_reports_more_than_it_was_told_to_is_asked_to_end(make):
    backend = make(
        "report = Reporter()\nfor step in range(1, 600):\n    report(step=step, loss=1)\n    time.sleep(0.1)"
    )
    trial = trial_of(backend, until=3)
    backend.start(trial, 3, None)
    while not any(isinstance(event, TrialReported) and event.metrics["step"] == 3 for event in backend.wait(None)):
        pass
    backend.pause(trial)
    *reports, ended = until_idle(backend)
    assert (ended.status, ended.cause) == COMPLETED
    assert len(reports) < 200


ON_SIGTERM = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\nReporter()(step=1, loss=0)\ntime.sleep(60)"


@pytest.mark.parametrize("how", ["pause", "stop"])
def test_a_script_that_answers_our_signal_with_an_error_has_not_failed(make, how):
    backend = make(ON_SIGTERM)
    trial = trial_of(backend)
    backend.start(trial, None, None)
    wait_for_report(backend)
    getattr(backend, how)(trial)
    assert end_of(backend) == COMPLETED


def test_a_script_that_cannot_be_told_how_far_to_go_and_answers_our_signal_with_an_error_has_not_failed(make):
    backend = make(ON_SIGTERM, told=None)
    backend.start(trial_of(backend, until=1), 1, None)
    assert end_of(backend) == COMPLETED


def test_a_script_that_has_ended_with_an_error_before_it_is_asked_to_end_has_failed(make, tmp_path):
    go_on = tmp_path / "report has come"  # alone, since the end may come with it
    backend = make(
        f"Reporter()(step=1, loss=0)\nwhile not Path({str(go_on)!r}).exists(): time.sleep(0.005)\nsys.exit(1)"
    )
    trial = trial_of(backend)
    backend.start(trial, None, None)
    wait_for_report(backend)
    go_on.touch()
    while json.loads((tmp_path / "0/runs/0/exit.json").read_text().strip() or "null") is None:
        time.sleep(0.005)
    backend.stop(trial)
    assert end_of(backend) == (Status.FAILED, Cause.SCRIPT)


def test_a_script_that_dies_while_its_supervisor_is_held_up_and_is_then_asked_to_end_has_failed(make, tmp_path):
    backend = make("Reporter()(step=1, loss=0)\ntime.sleep(60)")
    trial = trial_of(backend)
    backend.start(trial, None, None)
    wait_for_report(backend)
    its_supervisor, script = supervisor_and_script(tmp_path)
    its_supervisor.suspend()
    script.kill()
    while script.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.005)
    backend.stop(trial)
    its_supervisor.resume()
    assert end_of(backend) == (Status.FAILED, Cause.SCRIPT)
    assert read_exit(tmp_path / "0/runs/0")["cause"] == "ended"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_script_that_somebody_else_ends_has_failed(make, tmp_path, number):
    backend = make("Reporter()(step=1, loss=0)\ntime.sleep(60)")
    backend.start(trial_of(backend), None, None)
    wait_for_report(backend)
    supervisor_and_script(tmp_path)[1].send_signal(number)
    ended = until_idle(backend)[-1]
    assert (ended.status, ended.cause) == (Status.FAILED, Cause.SCRIPT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_whose_supervisor_somebody_else_ends_is_lost(make, tmp_path, number):
    backend = make("Reporter()(step=1, loss=0)\ntime.sleep(60)")
    backend.start(trial_of(backend), None, None)
    wait_for_report(backend)
    supervisor_and_script(tmp_path)[0].send_signal(number)
    assert end_of(backend) == (Status.FAILED, Cause.INFRASTRUCTURE)


def test_a_run_that_is_asked_to_end_and_loses_its_supervisor_has_not_failed(make, tmp_path):
    backend = make("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nReporter()(step=1, loss=0)\ntime.sleep(60)")
    trial = trial_of(backend)
    backend.start(trial, None, None)
    wait_for_report(backend)
    backend.stop(trial)
    supervisor_and_script(tmp_path)[0].kill()
    assert end_of(backend) == COMPLETED


def test_a_time_limit_is_a_cause_of_its_own(make):
    backend = make("time.sleep(60)", trial_timeout=0.3)
    backend.start(trial_of(backend), None, None)
    assert end_of(backend) == (Status.FAILED, Cause.LIMIT)


def test_a_limit_of_memory_is_one_too(make):
    backend = make("x = b'x' * 300_000_000\ntime.sleep(600)", memory_per_trial="150MB")
    backend.start(trial_of(backend), None, None)
    ended = until_idle(backend)[-1]
    assert (ended.status, ended.cause) == (Status.FAILED, Cause.LIMIT)
    assert re.match(
        r"it used [0-9]+ MB of memory, more than backend\.memory_per_trial=150MB allows\. It wrote no errors\.$",
        ended.reason,
    )


def test_a_script_that_reports_its_target_and_then_hangs_has_met_its_time_limit(make):
    backend = make(REPORTS_ALL + "time.sleep(60)", trial_timeout=1.0)
    backend.start(trial_of(backend, until=3), 3, None)
    assert end_of(backend) == (Status.FAILED, Cause.LIMIT)


def test_a_script_that_got_where_it_was_sent_before_its_tuner_died_is_not_lost(make, tmp_path):
    before = make(REPORTS_ALL + "time.sleep(60)")
    before.start(trial_of(before, until=3), 3, None)
    reports = tmp_path / "0" / "runs" / "0" / "reports.jsonl"
    while not reports.exists() or len(reports.read_text().splitlines()) < 3:
        time.sleep(0.005)
    before.close()
    after = make(REPORTS_ALL)
    after.restore([UnfinishedTrial(trial_of(after, until=3), 0, False)], 1.0)
    assert end_of(after) == COMPLETED


def test_a_failed_trial_is_not_tried_again_by_the_backend_which_says_how_often_it_may_be(make, tmp_path):
    backend = make("sys.exit(3)", trial_retries=2)
    backend.start(trial_of(backend), None, None)
    assert end_of(backend) == (Status.FAILED, Cause.SCRIPT)
    assert backend.max_retries == 2
    assert len(list((tmp_path / "0" / "runs").iterdir())) == 1


def test_a_run_is_placed_when_it_begins_and_every_event_bears_its_number(make, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # nobody else takes cores there
    backend = make(REPORTS_ALL, n_workers=1)
    for trial_id in range(2):
        backend.start(trial_of(backend, trial_id, run=4), 2, None)
    events = until_idle(backend, 2)
    first, second = ([event for event in events if event.trial_id == trial_id] for trial_id in range(2))
    for mine in (first, second):
        assert [type(event) for event in mine] == [TrialPlaced, TrialReported, TrialReported, TrialEnded]
        assert {event.run for event in mine} == {4}
        assert mine[0].place.startswith("CPU 0")
    assert second[0].time >= first[-1].time  # it has waited for the only place


def test_the_errors_that_are_told_are_those_of_the_run_that_failed(make):
    code = "if 'runs/0/' in os.environ['TUNEKIT_REPORTS']: print('only at first', file=sys.stderr)\nsys.exit(1)"
    backend = make(code)
    backend.start(trial_of(backend), None, None)
    # Without the folder of the experiment, which has another name once the experiment goes on with another end.
    assert until_idle(backend)[-1].reason == "it ended with exit status 1. The end of 0/stderr.log:\nonly at first"
    backend.resume(trial_of(backend, run=1), None)
    assert until_idle(backend)[-1].reason == "it ended with exit status 1. It wrote no errors."


def test_what_a_superseded_run_still_writes_is_never_told(make, tmp_path):
    code = "Reporter()(step=1, loss=0)\ntime.sleep(60)"
    backend = make(code)
    backend.start(trial_of(backend), None, None)
    wait_for_report(backend)
    old = tmp_path / "0" / "runs" / "0" / "reports.jsonl"
    supervisor_and_script(tmp_path)[0].kill()
    assert end_of(backend) == (Status.FAILED, Cause.INFRASTRUCTURE)
    trial = trial_of(backend, run=1)
    backend.resume(trial, None)
    with open(old, "a") as file:
        file.write('{"step": 7, "loss": 0}\n')
    wait_for_report(backend)
    backend.stop(trial)
    assert until_idle(backend)[-1].run == 1
    backend.close()
    after = make(code)
    after.restore([UnfinishedTrial(trial_of(after, run=1), 0, True)], 1.0)
    told = [(event.run, event.metrics["step"]) for event in until_idle(after) if isinstance(event, TrialReported)]
    assert told == [(1, 1)]


def test_reports_are_counted_anew_in_each_run_where_no_resource_is_named(tmp_path):
    code = "report = Reporter()\nfor _ in range(400):\n    report(loss=0)\n    time.sleep(0.05)\n"
    backend = local_backend(Snippet(code, resource=None, max_resource=400), tmp_path)
    for run, until in enumerate([2, 4]):
        trial = trial_of(backend, run=run, until=until)
        backend.start(trial, until, None) if run == 0 else backend.resume(trial, until)
        events = until_idle(backend)
        assert events[-1].status is Status.COMPLETED
        assert until <= sum(isinstance(event, TrialReported) for event in events) < 300
    backend.close()


def test_time_before_the_restoration_is_not_on_the_clock(make):
    backend = make("time.sleep(60)")
    time.sleep(0.5)
    began = time.monotonic()
    backend.restore([], 100.0)
    assert 100.0 <= backend.now() <= 100.0 + time.monotonic() - began


def test_a_script_gets_the_environment_of_the_tuner_and_the_files_hold_only_changes(make, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "very")
    backend = make("Reporter()(step=1, loss=0, secret=os.environ['SECRET'])")
    backend.start(trial_of(backend), None, None)
    (report,) = (event for event in until_idle(backend) if isinstance(event, TrialReported))
    assert report.metrics["secret"] == "very"
    spec = tmp_path / "0" / "runs" / "0" / "spec.json"
    assert "very" not in spec.read_text()
    assert spec.stat().st_mode & 0o777 == 0o600
    assert not {"SECRET", "PATH", "HOME"} & set(json.loads(spec.read_text())["environment"])


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize(
    ("last_words", "status", "reason"),
    [
        (
            "Reporter()(step=1, loss=0.5)",
            Status.COMPLETED,
            "Not all that it wrote could be kept (stderr.log: Too many levels of symbolic links)",
        ),
        (
            "sys.exit(3)",
            Status.FAILED,
            "it ended with exit status 3. Not all that it wrote could be kept (stderr.log: Too many levels of symbolic "
            "links).",
        ),
    ],
)
def test_a_trial_whose_log_could_not_be_written_says_so_and_is_warned_of_once(make, last_words, status, reason):
    full_disk = "Path(os.environ['TUNEKIT_CONFIGURATION']).with_name('stderr.log').symlink_to('/dev/full')\n"
    backend = make(f"{full_disk}print('x', file=sys.stderr, flush=True)\n{last_words}")
    for trial_id in range(2):
        backend.start(trial_of(backend, trial_id), None, None)
    with pytest.warns(RuntimeWarning, match="Logs of trial . lack something") as warned:
        ends = [event for event in until_idle(backend, 2) if isinstance(event, TrialEnded)]
    assert [(end.status, end.reason) for end in ends] == [(status, reason)] * 2
    assert len(warned) == 1


STOPS_ITS_SUPERVISOR = "Reporter()(step=1, loss=0.5)\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(60)"


def until_stopped(folder):
    process, _ = supervisor_and_script(folder)
    while process.status() != psutil.STATUS_STOPPED:
        time.sleep(0.005)


def test_a_trial_that_stops_its_supervisor_meets_its_time_limit(make):
    backend = make(STOPS_ITS_SUPERVISOR, trial_timeout=1.0, grace_period=0.5)
    backend.start(trial_of(backend), None, None)
    assert end_of(backend) == (Status.FAILED, Cause.LIMIT)


def test_a_trial_that_stops_its_supervisor_can_be_stopped(make, tmp_path):
    backend = make(STOPS_ITS_SUPERVISOR, grace_period=0.5)
    trial = trial_of(backend)
    backend.start(trial, None, None)
    wait_for_report(backend)
    until_stopped(tmp_path)
    backend.stop(trial)
    assert end_of(backend) == COMPLETED


def test_a_trial_that_stops_its_supervisor_again_and_again_is_ended_by_force(make, monkeypatch):
    monkeypatch.setattr(backend_module, "SECONDS_TO_CLOSE", 1.0)
    again = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nReporter()(step=1, loss=0.5)\n"
    backend = make(again + "while True: os.kill(os.getppid(), signal.SIGSTOP)", grace_period=0.5)
    trial = trial_of(backend)
    backend.start(trial, None, None)
    wait_for_report(backend)
    backend.stop(trial)
    assert end_of(backend) == COMPLETED


def test_closing_ends_a_trial_that_stopped_its_supervisor(make, tmp_path):
    backend = make(STOPS_ITS_SUPERVISOR, grace_period=0.5)
    backend.start(trial_of(backend), None, None)
    until_stopped(tmp_path)
    began = time.monotonic()
    backend.close()
    assert time.monotonic() - began < 10
    assert read_exit(tmp_path / "0/runs/0")["cause"] == "asked"


def test_a_trial_whose_supervisor_is_stopped_is_found_again_and_ends(make, tmp_path):
    first = make(STOPS_ITS_SUPERVISOR, trial_timeout=2.0, grace_period=0.5)
    first.start(trial_of(first), None, None)
    until_stopped(tmp_path)
    second = make(STOPS_ITS_SUPERVISOR, trial_timeout=2.0, grace_period=0.5)
    second.restore([UnfinishedTrial(trial_of(second), 0, False)], 1.0)
    assert end_of(second) == (Status.FAILED, Cause.LIMIT)


def test_secrets_are_masked_in_the_reason_of_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "abcdefgh")
    backend = local_backend(Snippet("sys.exit('cannot log in with ' + os.environ['SOME_API_KEY'])"), tmp_path)
    backend.start(trial_of(backend), None, None)
    (end,) = [event for event in until_idle(backend) if isinstance(event, TrialEnded)]
    backend.close()
    assert "cannot log in with ***" in end.reason
    assert "abcdefgh" not in end.reason
