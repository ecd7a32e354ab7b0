"""Where nothing can be locked, and where another process writes: the command and ``tune`` say so and come to an end."""

import errno
import fcntl
import os

import pytest

import tunekit as package
from tunekit_core.errors import LockingError

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


def test_a_function_is_not_tuned(without_locks, results):
    with pytest.raises(LockingError, match="cannot be locked"):
        package.tune(lambda x: x, {"x": "uniform(0,1)"}, metric="y", overrides=["stopping.max_num_trials_started=1"])
