"""Faults at random: whatever fails for now, an experiment comes to its end with all its trials and leaves no job.

``pytest plugins/sagemaker/tests/fault_sweep.py`` takes a quarter of an hour; some of it is in the suite.
"""

import random

import pytest

from tunekit_sagemaker.aws import clients

from .experiment import Setup, tune
from .observing import check_order, epochs_of

OPERATIONS = [
    "CreateTrainingJob",
    "DescribeTrainingJob",
    "ListTrainingJobs",
    "StopTrainingJob",
    "GetLogEvents",
    "DescribeLogStreams",
    "PutObject",
    "GetObject",
    "HeadObject",
    "ListObjectsV2",
    "HeadBucket",
    "CreateBucket",
    "GetCallerIdentity",
    "ListRoles",
]
CODES = ["throttled", "InternalFailure", "lost answer", "timeout"]
SCHEDULERS = ["random", "asha_stopping", "asha_promotion"]


@pytest.fixture
def impatient(at_any_rate, monkeypatch):
    """AWS has to answer within a second, and is asked again at once."""
    monkeypatch.setattr(clients, "ATTEMPTS", 4)
    monkeypatch.setattr(clients, "READ_TIMEOUT", 1.0)
    monkeypatch.setattr("tunekit_sagemaker.backend.starter.FIRST_PAUSE", 0.1)
    monkeypatch.setattr("tunekit_sagemaker.backend.starter.FIRST_CAPACITY_PAUSE", 0.1)
    monkeypatch.setattr("tunekit_sagemaker.backend.connection.SECONDS_BETWEEN_TRIES", 0.1)
    monkeypatch.setattr("tunekit_sagemaker.aws.errors.FIRST_PAUSE", 0.05)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.02)


def sweep(emulator, folder, seed):
    """Run a small experiment with the faults of a seed."""
    draws = random.Random(seed)
    for operation in draws.sample(OPERATIONS, 6):
        code = draws.choice(CODES)
        if code == "throttled":  # in the words of the service
            code = "SlowDown" if "Bucket" in operation or "Object" in operation else "ThrottlingException"
        emulator.add_fault(operation, code, times=draws.randint(1, 3), after=draws.randint(0, 5))
    setup = Setup(scheduler=SCHEDULERS[seed % 3], seed=seed, count=2, n_workers=2, epochs=3, seconds=0.02)
    result = tune(folder, setup)
    assert (result.failed, result.n_failed) == (False, 0)
    assert result.reason == "2 trials were finished"
    assert any(call.status >= 400 or not call.status for call in emulator.calls)
    check_order(emulator, folder)
    if setup.scheduler == "random":
        assert sorted(epochs_of(folder).values())[-2:] == [[1, 2, 3]] * 2


@pytest.mark.parametrize("seed", range(100, 200))
def test_whatever_fails_for_now_all_trials_come_to_their_end(tmp_path, emulator, impatient, seed):
    sweep(emulator, tmp_path, seed)


def test_with_fifty_trials_aws_is_asked_no_more_often_than_it_allows(tmp_path, emulator):
    tune(tmp_path, Setup(count=50, n_workers=10, epochs=1, options={"poll_interval": 1.0}))
    allowed = {"CreateTrainingJob": 2.5, "ListTrainingJobs": 2.0, "GetLogEvents": 10.0, "DescribeLogStreams": 25.0}
    for operation, per_second in allowed.items():
        times = [call.time for call in emulator.calls if call.operation == operation]
        assert len(times) / max(1.0, times[-1] - times[0]) < per_second
        for begin in times:
            assert sum(begin <= time < begin + 10.0 for time in times) <= 10 * per_second + 10
