"""Two experiments on one machine do not pin their trials to the same cores."""

import os
import subprocess
import sys
import tempfile
from unittest.mock import patch

import pytest

from tunekit_local.core_leases import CoreLeases
from tunekit_local.devices import Devices
from tunekit_local.options import LocalOptions

from .snippet import Snippet, local_backend, trial_of

HOLDS = """
import sys
from pathlib import Path
from tunekit_local.core_leases import CoreLeases
leases = CoreLeases(Path(sys.argv[1]))
print(leases.take(range(3), 2), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def experiment(tmp_path):
    """Makes the devices of one more experiment on a machine with eight cores."""
    made = []

    def make(n_workers=2, **options):
        some = Devices(LocalOptions(num_gpus_per_trial=0, **options), {}, CoreLeases(tmp_path))
        some.split_cpus(n_workers)
        made.append(some)
        return some

    with patch.object(os, "sched_getaffinity", lambda pid: set(range(8)), create=True):
        yield make
    for each in made:
        each.close()


def test_what_another_process_has_taken_is_free_once_it_is_gone(tmp_path):
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "(0, 1)\n"
        leases = CoreLeases(tmp_path)
        assert leases.take(range(3), 2) is None
        assert leases.take(range(3), 1) == (2,)
        leases.free([2])
        process.kill()
        process.wait()
    assert leases.take(range(3), 3) == (0, 1, 2)
    leases.close()


def test_trials_of_two_experiments_get_different_cores(experiment):
    first, second = experiment(num_cpus_per_trial=2), experiment(num_cpus_per_trial=3)
    assert first.assign(0).cpus == (0, 1)
    assert second.assign(0).cpus == (3, 4, 5)
    assert first.assign(1).cpus == (6, 7)


def test_a_trial_gets_other_cores_than_its_share_where_that_is_taken_in_part(experiment):
    first, second = experiment(num_cpus_per_trial=1), experiment(n_workers=4)
    assert [first.assign(t).cpus for t in range(4)] == [(0,), (1,), (2,), (3,)]
    first.release(1), first.release(2)
    assert [second.assign(t).cpus for t in range(3)] == [(4, 5), (6, 7), (1, 2)]


def test_a_trial_for_which_too_few_are_left_is_not_pinned_and_does_not_wait(experiment):
    first, second = experiment(), experiment()
    assert [first.assign(t).cpus for t in range(2)] == [(0, 1, 2, 3), (4, 5, 6, 7)]
    other = second.assign(0)
    assert (other.cpus, other.environment["OMP_NUM_THREADS"]) == (None, "4")
    first.release(1)
    assert second.assign(1).cpus == (4, 5, 6, 7)


def test_an_experiment_that_has_ended_gives_all_back(experiment):
    first, second = experiment(), experiment(n_workers=1)
    first.assign(0)
    assert second.assign(0).cpus is None
    first.close()
    assert second.assign(1) is None  # it has one worker
    second.release(0)
    assert second.assign(1).cpus == tuple(range(8))


def test_trials_that_run_on_keep_their_cores_when_their_experiment_goes_on(experiment):
    before = experiment()
    runs_on = before.assign(7)
    before.close()  # as when its process dies
    after, other = experiment(), experiment()
    after.claim(7, runs_on)
    assert other.assign(0).cpus == (4, 5, 6, 7)


def test_two_backends_pin_their_trials_to_different_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cores = sorted(os.sched_getaffinity(0))
    n_workers = len(cores)  # a core for each
    code = "Reporter()(step=1, loss=0)\ntime.sleep(600)"
    backends = [local_backend(Snippet(code), tmp_path / name, n_workers, num_gpus_per_trial=0) for name in "ab"]
    for backend in backends:
        backend.start(trial_of(backend), None, None)
    places = [backend.devices_of(0) for backend in backends]
    for backend in backends:
        backend.close()
    assert places == [f"CPU {core}" for core in cores[:2]] + [""] * (n_workers == 1)


@pytest.mark.parametrize("kind", ["open to others", "link", "file"])
def test_a_folder_that_is_not_private_is_not_used(tmp_path, kind):
    folder = tmp_path / "cores"
    if kind == "open to others":
        folder.mkdir()
        folder.chmod(0o777)
    elif kind == "link":
        (tmp_path / "other").mkdir()
        folder.symlink_to(tmp_path / "other")
    else:
        folder.touch()
    leases = [CoreLeases(folder) for _ in range(2)]
    assert [each.take(range(4), 2) for each in leases] == [(0, 1), (0, 1)]  # as if nobody else were there
    assert folder.is_file() or not list(folder.iterdir())


def test_nothing_is_left_of_what_was_given_back(tmp_path):
    folder = tmp_path / "cores"
    first, second = CoreLeases(folder), CoreLeases(folder)
    first.take([0], 1), second.take([1], 1)
    first.close()
    assert [path.name for path in folder.iterdir()] == ["1"]
    second.close()
    assert not folder.exists()
