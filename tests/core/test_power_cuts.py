"""After a power cut at any moment an experiment is what it was, as far as it is promised, and goes on to its end."""

import itertools
import os
import random
import shutil
import time

import pytest

from tests.core.power_cuts import Disk, rebuild
from tunekit_core import ExperimentRecord, Streams, Tuner, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError
from tunekit_core.records.load import read_events
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

FOLDER = "tag/method/run"
N_EVALUATIONS = 24


def run(root, *, n=N_EVALUATIONS, keep_events=True):
    benchmark, streams = ToyBenchmark(), Streams(3)
    problem = toy_problem(benchmark)
    return Tuner(
        scheduler=Fifo(problem, streams, RandomSearch(problem, streams)),
        backend=ToyBackend(problem, benchmark, None, streams, fail_at={2: 1}),
        stopping=[create("stopping", "max_num_evaluations", problem, count=n)],
        n_workers=1,
        record=ExperimentRecord(root / FOLDER, keep_events=keep_events),
    ).run()


def nothing(root):
    """It begins."""


def killed_in_the_middle_of_a_line(root):
    run(root)
    path = root / FOLDER / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:20]) + lines[20][:7])


def ended_earlier(root):
    run(root, n=10)


@pytest.fixture
def clock(monkeypatch):
    """Goes on by 20 ms whenever somebody looks at it."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks) * 0.02)
    return time.monotonic


def rows(folder):
    return load_experiment(folder).results.drop(columns="st_tuner_time")


def n_ends(folder):
    """So many trials are known to have ended."""
    if not (folder / "events.jsonl").exists():
        return 0
    return sum(isinstance(event, TrialEnded) for event in read_events(folder))


@pytest.mark.parametrize("before", [nothing, killed_in_the_middle_of_a_line, ended_earlier])
def test_nothing_is_wrong_after_a_power_cut_and_the_experiment_ends_as_if_there_had_been_none(
    before, clock, tmp_path, monkeypatch
):
    run(tmp_path / "undisturbed")
    expected = rows(tmp_path / "undisturbed" / FOLDER)
    root = tmp_path / "disk"
    root.mkdir()
    before(root)
    disk = Disk(root, clock)
    with disk.recording():
        run(root)
    monkeypatch.setattr("os.fsync", lambda file: None)  # for speed, of what follows
    seen, rng = set(), random.Random(0)
    for n_steps in range(disk.at_first, len(disk.steps) + 1):
        for name, state in disk.states(n_steps, rng):
            key = tuple(sorted(state.items()))
            if key in seen:
                continue
            seen.add(key)
            target = tmp_path / "after"
            rebuild(state, root, target)
            begin_anew(target / FOLDER)
            check_is_never_wrong(target / FOLDER)
            if (target / FOLDER / "events.jsonl").exists() and name != "kept":
                recorded = read_events(target / FOLDER)
                assert read_events(root / FOLDER)[: len(recorded)] == recorded
            run(target)
            assert rows(target / FOLDER).equals(expected), (name, n_steps)
            assert load_experiment(target / FOLDER).metadata["status"] == "completed"
            shutil.rmtree(target)
    assert len(seen) > 50


def begin_anew(folder):
    """The machine has taken some seconds to start."""
    for lock in folder.glob(".lock*"):
        os.utime(lock, (time.time() - 60, time.time() - 60))


def check_is_never_wrong(folder):
    """What is taken for complete has all its rows; what is not there is said."""
    try:
        experiment = load_experiment(folder, results_dir=folder)
        if experiment.metadata["status"] == "completed":
            assert len(experiment.results) == experiment.metadata["n_reports"]
        else:
            assert experiment.metadata["status"] == "interrupted"
    except RecordError as error:
        said = str(error)
    else:
        return
    assert "found no experiment" in said or "results.csv.zip does not exist" in said


def test_a_trial_that_ended_a_tenth_of_a_second_before_something_was_recorded_is_known(clock, tmp_path, monkeypatch):
    root = tmp_path / "disk"
    root.mkdir()
    disk = Disk(root, clock)
    with disk.recording():
        run(root)
    monkeypatch.setattr("os.fsync", lambda file: None)
    is_end = [isinstance(event, TrialEnded) for event in read_events(root / FOLDER)]
    n_known = 0
    for number, (n_steps, _) in enumerate(disk.appended[1:], start=1):
        last = disk.appended[number - 1][1]
        promised = sum(
            end for end, (_, when) in zip(is_end[:number], disk.appended, strict=False) if last - when >= 0.1
        )
        lost = next(state for name, state in disk.states(n_steps, random.Random(0)) if name == "lost")
        rebuild(lost, root, tmp_path / "after")
        assert n_ends(tmp_path / "after" / FOLDER) >= promised
        n_known = max(n_known, promised)
        shutil.rmtree(tmp_path / "after")
    assert n_known >= 2


def test_once_it_has_ended_all_of_it_outlasts_a_power_cut(clock, tmp_path):
    root = tmp_path / "disk"
    root.mkdir()
    disk = Disk(root, clock)
    with disk.recording():
        run(root)
    rng = random.Random(0)
    files = {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for number, (_, state) in enumerate(disk.states(len(disk.steps), rng)):
        target = tmp_path / str(number)
        rebuild(state, root, target)
        found = {path.relative_to(target): path.read_bytes() for path in target.rglob("*") if path.is_file()}
        assert {path: found.get(path) for path in files if path.name != ".lock"} == {
            path: content for path, content in files.items() if path.name != ".lock"
        }


def test_the_first_line_is_there_before_a_trial_can_have_been_started(clock, tmp_path):
    root = tmp_path / "disk"
    root.mkdir()
    disk = Disk(root, clock)
    with disk.recording():
        run(root)
    first_start = disk.appended[2][0]  # after tuner_started and workers
    for number, (_, state) in enumerate(disk.states(first_start, random.Random(0))):
        rebuild(state, root, tmp_path / str(number))
        events = tmp_path / str(number) / FOLDER / "events.jsonl"
        assert events.read_bytes().startswith(b'{"number": 0, "event": "tuner_started"')


def test_what_is_not_kept_event_by_event_is_not_synced(tmp_path, monkeypatch):
    def refuse(file):
        raise AssertionError("nothing is to be synced")

    monkeypatch.setattr("os.fsync", refuse)
    run(tmp_path, keep_events=False)
    assert load_experiment(tmp_path / FOLDER).metadata["status"] == ExperimentStatus.COMPLETED.value


def test_syncs_are_at_least_a_tenth_of_a_second_apart(tmp_path, monkeypatch):
    syncs = []
    monkeypatch.setattr("os.fsync", syncs.append)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    run(tmp_path)
    folders_made, begin, first_line, end = 3, 3, 2, 5
    assert len(syncs) == folders_made + begin + first_line + end
