"""Experiments that were run elsewhere get their folders here: all of it or nothing, and nothing is lost."""

import json
import shutil

import pytest

from tunekit_core import ExperimentRecord, Streams, Tuner, create, load_experiment, receive_experiment
from tunekit_core.records.lock import FolderLock
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

HASH = "0123456789ab"
FILES = ["events.jsonl", "metadata.json", "results.csv.zip"]


def run(folder, count=5):
    benchmark, streams = ToyBenchmark(), Streams(0)
    problem = toy_problem(benchmark)
    return Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams)),
        backend=ToyBackend(problem, benchmark, None, streams),
        stopping=[create("stopping", "max_num_trials_finished", problem, count=count)],
        n_workers=1,
        record=ExperimentRecord(folder, keep_events=True),
        metadata={"hash": HASH},
    ).run()


@pytest.fixture
def elsewhere(tmp_path):
    """The folder of a complete experiment."""
    run(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "results/tag/method/run"


def from_(folder):
    def fetch(target):
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns(".lock"))
        return True

    return fetch


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def change(folder, **entries):
    path = folder / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_a_complete_experiment_comes_as_it_is(elsewhere, home):
    assert receive_experiment(home, HASH, from_(elsewhere)) == "completed"
    assert names(home) == FILES
    assert [(home / name).read_bytes() for name in FILES] == [(elsewhere / name).read_bytes() for name in FILES]
    assert load_experiment(home).metadata["n_completed"] == 5


def test_what_is_not_there_leaves_nothing(home):
    assert receive_experiment(home, HASH, lambda target: False) is None
    assert not home.exists()


@pytest.mark.parametrize("damage", ["results", "status", "hash"])
def test_what_is_not_whole_or_another_run_does_not_come(elsewhere, home, damage):
    if damage == "results":  # which are written before it is said that it is complete, and may come after that
        (elsewhere / "results.csv.zip").unlink()
    else:
        change(elsewhere, **{"status": {"status": "interrupted"}, "hash": {"hash": "another"}}[damage])
    assert receive_experiment(home, HASH, from_(elsewhere)) is None
    assert not home.exists()


def test_what_is_complete_here_stays(elsewhere, home):
    run(home, count=3)
    before = (home / "metadata.json").read_bytes()
    assert receive_experiment(home, HASH, from_(elsewhere)) is None
    assert (home / "metadata.json").read_bytes() == before


def test_what_a_process_writes_here_stays(elsewhere, home):
    with FolderLock(home):
        assert receive_experiment(home, HASH, from_(elsewhere)) is None
    assert names(home) == []


def test_what_is_here_and_not_complete_is_set_aside(elsewhere, home):
    run(home, count=3)
    change(home, status="interrupted")
    before = {name: (home / name).read_bytes() for name in FILES}
    assert receive_experiment(home, HASH, from_(elsewhere)) == "completed"
    assert load_experiment(home).metadata["n_completed"] == 5
    assert {name: (home / f"{name}.set-aside-1").read_bytes() for name in FILES} == before


def test_one_that_has_failed_comes_once(elsewhere, home):
    change(elsewhere, status="failed")
    assert receive_experiment(home, HASH, from_(elsewhere)) == "failed"
    assert receive_experiment(home, HASH, from_(elsewhere)) is None
    assert names(home) == FILES


@pytest.mark.parametrize("n_renamed", [0, 1, 2])
def test_who_dies_on_the_way_has_made_nothing_complete_and_it_comes_again(elsewhere, home, n_renamed, monkeypatch):
    from tunekit_core.records import received

    rename, left = received.os.rename, [n_renamed]

    def dying(*arguments):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        rename(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(received.os, "rename", dying)
        with pytest.raises(KeyboardInterrupt):
            receive_experiment(home, HASH, from_(elsewhere))
    assert not (home / "metadata.json").exists()
    assert receive_experiment(home, HASH, from_(elsewhere)) == "completed"
