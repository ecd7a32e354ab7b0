"""Two writers of one experiment can't both go on, whatever becomes of the file that locks it: real processes."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunekit_core import ExperimentRecord, load_experiment
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.events import Started, TunerStarted
from tunekit_core.errors import ExperimentLocked, LockLost
from tunekit_core.records.load import read_events
from tunekit_core.records.lock import FolderLock, is_locked, writer_of

WRITER = """
import os, signal, sys, time
from pathlib import Path
from tunekit_core import ExperimentRecord, Streams, Tuner, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ExperimentLocked, LockLost
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

N_TRIALS, SECONDS = int(sys.argv[2]), float(sys.argv[3])

class Slow(ToyBackend):
    def wait(self, deadline):
        time.sleep(SECONDS)
        if os.path.exists(sys.argv[1] + ".stop"):  # here, and not between its look at the lock and what it writes then
            os.unlink(sys.argv[1] + ".stop")
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().wait(deadline)

def run():
    record = ExperimentRecord(Path(sys.argv[1]), keep_events=True)
    if record.status() is ExperimentStatus.COMPLETED:
        record.release()
        return "found complete"
    benchmark, streams = ToyBenchmark(), Streams(0)
    problem = toy_problem(benchmark)
    Tuner(
        scheduler=Fifo(problem, streams, RandomSearch(problem, streams)),
        backend=Slow(problem, benchmark, None, streams),
        stopping=[create("stopping", "max_num_trials_finished", problem, count=N_TRIALS)],
        record=record,
    ).run()
    return "completed"

outcome = ""
print("ready", flush=True)
sys.stdin.readline()
while not outcome:
    try:
        outcome = run()
    except ExperimentLocked:
        time.sleep(0.02)
    except LockLost as error:
        outcome = f"lost: {error}"
print(outcome, flush=True)
"""


@pytest.fixture
def start(tmp_path):
    """Starts a process that runs the experiment in a folder; none outlives the test."""
    started = []

    def run(folder, n_trials=40, seconds=0.002, *, waits=False):
        command = [sys.executable, "-c", WRITER, *map(str, (folder, n_trials, seconds))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, **pipes))
        if not waits:
            go(started[-1])
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def go(process):
    """Let it begin, once it has started."""
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def outcome(process):
    return process.communicate(timeout=100)[0].splitlines()[-1]


def n_lines(folder):
    events = folder / "events.jsonl"
    return events.read_bytes().count(b"\n") if events.exists() else 0


def wait_for(condition):
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


def stop(process, folder):
    """Let it stand still where it waits for trials, until SIGCONT."""
    folder.with_name(f"{folder.name}.stop").touch()
    wait_for(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")


def check_is_whole(folder, n_trials):
    """The record of one experiment, as if one process after the other had written it."""
    events = read_events(folder)  # numbers and checksums are right
    started = [event.trial_id for event in events if isinstance(event, Started)]
    assert started == [*range(len(started))]
    experiment = load_experiment(folder)
    assert experiment.metadata["status"] == "completed"
    assert experiment.metadata["n_completed"] >= n_trials
    assert len(experiment.results) == experiment.metadata["n_reports"]
    assert {file.name for file in folder.iterdir()} - {".lock"} == {"events.jsonl", "metadata.json", "results.csv.zip"}


def test_who_is_overtaken_while_it_stands_still_stops_and_the_other_completes(start, tmp_path):
    folder = tmp_path / "run"
    first = start(folder, seconds=0.05)
    wait_for(lambda: n_lines(folder) > 20)
    stop(first, folder)
    (folder / ".lock").unlink()
    second = start(folder)
    wait_for(lambda: (folder / "events.jsonl").read_bytes().count(b"tuner_started") == 2)
    os.kill(first.pid, signal.SIGCONT)
    assert outcome(first).startswith(
        f"lost: {folder} is not this process's to write any more: .lock is that of process {second.pid} on "
        f"{platform.node()} since "
    )
    assert outcome(second) == "completed"
    check_is_whole(folder, 40)
    assert sum(isinstance(event, TunerStarted) for event in read_events(folder)) == 2


def test_who_comes_after_the_other_has_ended_leaves_what_that_wrote(start, tmp_path):
    folder = tmp_path / "run"
    first = start(folder, seconds=0.05)
    wait_for(lambda: n_lines(folder) > 20)
    stop(first, folder)
    (folder / ".lock").unlink()
    assert outcome(start(folder)) == "completed"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    os.kill(first.pid, signal.SIGCONT)
    assert outcome(first).startswith("lost: ")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    check_is_whole(folder, 40)


def test_a_lock_that_was_removed_and_that_nobody_took_is_put_back(start, tmp_path):
    folder = tmp_path / "run"
    process = start(folder, 60, 0.005)
    wait_for(lambda: n_lines(folder) > 20)
    (folder / ".lock").unlink()
    wait_for(lambda: (writer := writer_of(folder)) is not None and writer.nonce)  # the file may not be written yet
    with pytest.raises(ExperimentLocked, match=f"{folder} is being written by process {process.pid} on "):
        FolderLock(folder)
    assert outcome(process) == "completed"
    check_is_whole(folder, 60)


def test_a_folder_that_was_moved_away_is_written_no_more_and_none_is_made_in_its_place(start, tmp_path):
    folder = tmp_path / "run"
    process = start(folder, seconds=0.05)
    wait_for(lambda: n_lines(folder) > 20)
    folder.rename(tmp_path / "moved")
    assert outcome(process).startswith(f"lost: {folder}")
    assert not folder.exists()
    assert load_experiment(tmp_path / "moved").metadata["status"] == "interrupted"
    assert len(read_events(tmp_path / "moved")) > 20


@pytest.mark.parametrize("with_lock", [True, False])
def test_a_folder_that_another_was_put_in_the_place_of_is_written_no_more(start, tmp_path, with_lock):
    folder = tmp_path / "run"
    process = start(folder, seconds=0.05)
    wait_for(lambda: n_lines(folder) > 20)
    shutil.copytree(folder, tmp_path / "other", ignore=None if with_lock else shutil.ignore_patterns(".lock"))
    before = {file.name: file.read_bytes() for file in (tmp_path / "other").iterdir()}
    folder.rename(tmp_path / "moved")
    (tmp_path / "other").rename(folder)
    assert outcome(process).startswith("lost: ")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_eight_writers_and_a_cleaner_end_with_one_whole_experiment(start, tmp_path):
    folder = tmp_path / "run"
    writers = [start(folder, 60, waits=True) for _ in range(8)]
    for writer in writers:
        go(writer)
    n_removed = 0
    while any(writer.poll() is None for writer in writers):
        try:
            (folder / ".lock").unlink()
            n_removed += 1
        except FileNotFoundError:
            pass
        time.sleep(0.03)
    outcomes = [outcome(writer) for writer in writers]
    assert n_removed > 10
    assert {each.partition(":")[0] for each in outcomes} <= {"completed", "found complete", "lost"}
    if outcomes.count("completed") == 0:  # the last one was overtaken by one that was overtaken in turn
        assert outcome(start(folder, 60)) == "completed"
    assert outcomes.count("completed") <= 1
    check_is_whole(folder, 60)


# What a process sees, step by step


def test_the_lock_says_who_holds_it(tmp_path):
    with FolderLock(tmp_path):
        says = json.loads((tmp_path / ".lock").read_text())
        assert (says["host"], says["pid"]) == (platform.node(), os.getpid())
        with pytest.raises(ExperimentLocked) as caught:
            FolderLock(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} is being written by process {os.getpid()} on {platform.node()} since {says['since']}."
    )


@pytest.mark.parametrize("says", [b"", b"{", b"[]", b"null", b'{"pid": "1"}', b"\xff", b"[" * 5000])
def test_a_lock_that_says_nothing_is_that_of_another_process(tmp_path, says):
    with FolderLock(tmp_path):
        (tmp_path / ".lock").write_bytes(says)
        with pytest.raises(ExperimentLocked, match="is being written by another process"):
            FolderLock(tmp_path)


def test_a_lock_that_was_removed_before_it_was_had_is_not_taken_for_the_one_that_stands(tmp_path, monkeypatch):
    import fcntl

    flock, others = fcntl.flock, []

    def slow(file, operation):
        if not others:
            others.append(None)
            (tmp_path / ".lock").unlink()
            others[0] = FolderLock(tmp_path)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", slow)
    with pytest.raises(ExperimentLocked):
        FolderLock(tmp_path)
    others[0].release()
    FolderLock(tmp_path).release()


def test_where_the_working_folder_changes_the_lock_is_still_found(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with FolderLock(type(tmp_path)("run")) as lock:
        monkeypatch.chdir(tmp_path / "elsewhere")
        lock.check()
    assert list((tmp_path / "elsewhere").iterdir()) == []


COUNTS = {"n_started": 0, "n_completed": 0, "n_paused": 0, "n_reports": 0, "n_failed": 0, "time": 0.0}


def test_an_experiment_without_a_record_of_events_writes_no_results_over_those_of_another(tmp_path, problem):
    record = ExperimentRecord(tmp_path)
    record.begin(problem, 1, [], {"tags": {"by": "first"}})
    (tmp_path / ".lock").unlink()
    other = ExperimentRecord(tmp_path)
    other.begin(problem, 1, [], {"tags": {"by": "other"}})
    with pytest.raises(LockLost):
        record.finish(ExperimentStatus.COMPLETED, "done", COUNTS)
    other.finish(ExperimentStatus.COMPLETED, "done", COUNTS)
    assert load_experiment(tmp_path).metadata["tags"] == {"by": "other"}
    assert len(load_experiment(tmp_path).results) == 0


@pytest.mark.parametrize("change", [lambda c: c[:-10], lambda c: c + b"x\n", lambda c: b""])
def test_a_record_that_somebody_else_has_changed_is_written_no_more(tmp_path, problem, change):
    record = ExperimentRecord(tmp_path, keep_events=True)
    record.begin(problem, 1, [], {})
    record.write(TunerStarted(2, 0.0))
    events = tmp_path / "events.jsonl"
    time.sleep(0.002)  # until then it is the same batch
    events.write_bytes(change(events.read_bytes()))
    changed = events.read_bytes()
    with pytest.raises(LockLost, match=r"events\.jsonl was changed by another process: it has \d+ bytes where this"):
        record.write(Started(0, problem.space.default(), None, None, {}, 0.0))
    record.finish(ExperimentStatus.FAILED, "it was changed", {})
    assert events.read_bytes() == changed
    assert json.loads((tmp_path / "metadata.json").read_text())["status"] == "running"
    assert not is_locked(tmp_path)
