"""Trials that wait for each other's devices."""

import errno

import pytest

from tunekit_core import StartFailed, Trial
from tunekit_local.devices import Devices
from tunekit_local.options import LocalOptions
from tunekit_local.running_trial import RunningTrial
from tunekit_local.start_queue import StartQueue
from tunekit_local.trial_folder import TrialFolder


class FakeLauncher:
    """Starts nothing, and fails for some trials."""

    def __init__(self):
        self.started = []
        self.errors = {}

    def launch(self, running, devices):
        if running.trial.id in self.errors:
            raise OSError(self.errors[running.trial.id], "no")
        self.started.append(running.trial.id)
        return object()


@pytest.fixture
def launcher():
    return FakeLauncher()


@pytest.fixture
def devices():
    """Of a machine on which one trial can run at a time."""
    found = Devices(LocalOptions(num_gpus_per_trial=0), {})
    found.split_cpus(1)
    return found


@pytest.fixture
def begun():
    """Those that the queue says to have begun."""
    return []


@pytest.fixture
def queue(launcher, devices, begun):
    return StartQueue(launcher, devices, begun.append)


@pytest.fixture
def trials(tmp_path):
    nowhere = {"number": 0, "until": None, "target": None, "resource": None}
    folders = [TrialFolder(tmp_path / str(i)) for i in range(4)]
    return [RunningTrial(trial=Trial(i, {}), folder=folder, **nowhere) for i, folder in enumerate(folders)]


def test_trials_are_started_in_the_order_in_which_they_came(queue, launcher, devices, trials, begun):
    for running in trials:
        queue.start(running)
    for trial_id in range(4):
        assert launcher.started == [*range(trial_id + 1)]
        assert begun == trials[: trial_id + 1]
        devices.release(trial_id)
        assert queue.start_waiting() == []


def test_a_trial_that_is_removed_is_not_started(queue, launcher, devices, trials):
    for running in trials[:3]:
        queue.start(running)
    queue.remove(trials[1])
    devices.release(0)
    queue.start_waiting()
    assert launcher.started == [0, 2]


def test_a_trial_that_cannot_be_started_holds_no_devices_and_the_next_is_started(queue, launcher, devices, trials):
    launcher.errors = {1: errno.EAGAIN}
    for running in trials[:3]:
        queue.start(running)
    devices.release(0)
    ((failed, error),) = queue.start_waiting()
    assert failed is trials[1]
    assert str(error).startswith("Its script cannot be started: ")
    assert launcher.started == [0, 2]


def test_a_trial_that_need_not_wait_and_cannot_be_started_is_a_failed_start(queue, launcher, trials):
    launcher.errors = {0: errno.EMFILE}
    with pytest.raises(StartFailed, match="Its script cannot be started"):
        queue.start(trials[0])
    queue.start(trials[1])
    assert launcher.started == [1]


def test_a_full_disk_is_no_failure_of_one_trial(queue, launcher, trials):
    launcher.errors = {0: errno.ENOSPC}
    with pytest.raises(OSError, match="no") as caught:
        queue.start(trials[0])
    assert caught.value.errno == errno.ENOSPC
