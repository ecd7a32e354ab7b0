"""Locks and syncs as the command and ``tune`` have them: what cannot be locked, who is overtaken, what is synced."""

import errno
import fcntl
import os
import signal
import time

import pytest

import tunekit as package
from tunekit_core import load_experiment
from tunekit_core.engine.events import Started, TunerStarted
from tunekit_core.errors import LockingError
from tunekit_core.records.load import read_events

ASHA = ("method=ASHA", "benchmark=fcnet", "stopping.max_wallclock_time=50")


@pytest.fixture
def without_locks(monkeypatch):
    def refuse(file, operation):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_a_run_fails_at_once_with_what_to_do(without_locks, tunekit, results):
    finished = tunekit(*ASHA)
    assert finished.status == 1
    assert "cannot be locked: Function not implemented." in " ".join(finished.err.split())
    assert "by results_dir=FOLDER or the variable TUNEKIT_RESULTS" in " ".join(finished.err.split())
    assert "Traceback" not in finished.err
    assert results.folders() == []


def test_a_sweep_says_so_too_and_comes_to_an_end(without_locks, tunekit, results):
    finished = tunekit(*ASHA, "seed=0,1", "--multirun", "hydra.sweeper.n_jobs=1")
    assert finished.status == 1
    assert "cannot be locked: Function not implemented." in " ".join(finished.err.split())
    assert "Traceback" not in finished.err


def test_what_lies_where_a_lock_belongs_and_is_none_is_refused_before_anything_starts(tunekit, results):
    quick = ("method=RS", "backend=local", "benchmark=height", "benchmark.sleep_time=0.001")
    command = (*quick, "stopping.max_num_trials_finished=1")
    assert tunekit(*command).status == 0
    (folder,) = results.folders()
    complete = (folder / "metadata.json").read_text()
    (folder / "metadata.json").write_text(complete.replace('"completed"', '"interrupted"'))
    lock = folder / ".lock"
    for kind, make, remove in (
        ("symbolic link", lambda: lock.symlink_to("elsewhere"), lock.unlink),
        ("folder", lock.mkdir, lock.rmdir),
    ):
        make()
        for words in (command, ("resume", str(folder)), ("resume", str(folder), "stopping.max_num_trials_finished=2")):
            finished = tunekit(*words)
            assert (finished.status, finished.out) == (2, ""), words
            assert f".lock is a {kind}, where the file belongs" in finished.err
        remove()


def test_a_lock_that_cannot_be_read_is_said_to_be_that(tunekit, results):
    assert tunekit(*ASHA).status == 0
    (folder,) = results.folders()
    (folder / ".lock").write_text("{rubbish")
    finished = tunekit("rm", str(folder), "--yes")
    assert "another process (its lock cannot be read: " in finished.err
    assert "counts for 10 s only" in finished.err


def test_of_a_sweep_of_simulations_the_index_alone_is_synced(tunekit, results, monkeypatch):
    fsync, synced = os.fsync, []

    def noted(file):
        synced.append(os.fstat(file).st_ino)
        fsync(file)

    monkeypatch.setattr(os, "fsync", noted)
    assert tunekit(*ASHA, "seed=0,1", "--multirun", "hydra.sweeper.n_jobs=1").status == 0
    tag = results.root / "default"
    assert synced == [(tag / "index.csv").stat().st_ino, tag.stat().st_ino]


def test_a_function_is_not_tuned(without_locks, results):
    with pytest.raises(LockingError, match="cannot be locked"):
        package.tune(lambda x: x, {"x": "uniform(0,1)"}, metric="y", overrides=["stopping.max_num_trials_started=1"])


def test_a_command_that_another_has_taken_over_from_ends_its_trials_and_waits_for_it(start, results):
    command = ["method=RS", "backend=local", "benchmark=checkpoint_example", "benchmark.sleep_time=0.05", "n_workers=2"]
    command.append("stopping.max_num_trials_finished=4")
    first = start(*command)
    wait_for(lambda: first.poll() is None and n_reports(results) > 4)
    os.kill(first.pid, signal.SIGSTOP)
    (folder,) = results.folders()
    (folder / ".lock").unlink()
    second = start(*command)
    wait_for(lambda: (folder / "events.jsonl").read_bytes().count(b"tuner_started") == 2)
    os.kill(first.pid, signal.SIGCONT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 0  # it has waited for the other
    assert f"is not this process's to write any more: .lock is that of process {second.pid} on " in " ".join(
        said.split()
    )
    assert second.wait(timeout=100) == 0
    events = read_events(folder)
    started = [event.trial_id for event in events if isinstance(event, Started)]
    assert started == [*range(len(started))]
    assert sum(isinstance(event, TunerStarted) for event in events) == 2
    experiment = load_experiment(folder)
    assert experiment.metadata["status"] == "completed"
    assert len(experiment.results) == experiment.metadata["n_reports"]


def n_reports(results):
    return sum(file.read_bytes().count(b'"report"') for file in results.root.glob("*/*/*/events.jsonl"))


def wait_for(condition):
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)
