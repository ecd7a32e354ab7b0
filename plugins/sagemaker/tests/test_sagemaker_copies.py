"""Checkpoints in S3: copied for other trials, and removed where nobody needs them."""

import json
import threading
import time
from pathlib import Path

import boto3
import boto3.s3.inject
import pytest

from tunekit_core import Checkpoint, Script, Status, Streams, Trial
from tunekit_core.testing import ToyBenchmark, toy_problem
from tunekit_core.testing.driven_backend import DrivenBackend, resources
from tunekit_sagemaker.backend.backend import SageMakerBackend
from tunekit_sagemaker.backend.copies import Copies, NotCopied
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.places import Places
from tunekit_sagemaker.backend.trial_job import TrialJob

HERE = Path(__file__).parent
PLACES = Places("bucket", "trials/", "0123456789ab")
CONFIGURATION = toy_problem(ToyBenchmark()).space.default()


@pytest.fixture
def s3(emulator):
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    return client


@pytest.fixture
def copies(s3):
    made = Copies(s3, PLACES)
    yield made
    made.close()


def put(s3, name, content):
    s3.put_object(Bucket="bucket", Key=PLACES.checkpoints(0) + name, Body=content)


def found(s3, trial_id):
    folder = PLACES.checkpoints(trial_id)
    objects = s3.list_objects_v2(Bucket="bucket", Prefix=folder).get("Contents", ())
    bodies = {each["Key"]: s3.get_object(Bucket="bucket", Key=each["Key"])["Body"].read() for each in objects}
    return {key.removeprefix(folder): body.decode() for key, body in bodies.items()}


def from_trial_0(resource):
    trial = Trial(1, CONFIGURATION, parent=Checkpoint(0, resource))
    return TrialJob(trial=trial, number=0, until=None, target=9, resource="epoch")


def copied(copies, job, *, donor_runs=False):
    copies.add(job, donor_runs=donor_runs)
    limit = time.monotonic() + 30.0
    while time.monotonic() < limit:
        if done := copies.take_done():
            assert [each for each, _ in done] == [job]
            return done[0][1]
        time.sleep(0.01)
    raise AssertionError("it is not done")


@pytest.mark.parametrize("donor_runs", [True, False])
def test_what_was_published_is_copied_whole_also_while_the_donor_runs(s3, copies, donor_runs):
    put(s3, "3/model.pt", "abc")
    put(s3, "3/deep/er.pt", "")
    put(s3, "3.json", json.dumps({"model.pt": 3, "deep/er.pt": 0}))
    put(s3, "30/model.pt", "not this")
    assert copied(copies, from_trial_0(3), donor_runs=donor_runs) is None
    assert found(s3, 1) == {"3/model.pt": "abc", "3/deep/er.pt": "", "3.json": '{"deep/er.pt": 0, "model.pt": 3}'}


def test_a_version_of_which_not_all_has_come_is_none(s3, copies):
    put(s3, "3/model.pt", "ab")
    put(s3, "3.json", json.dumps({"model.pt": 3}))
    assert copied(copies, from_trial_0(3)) == NotCopied("There is no checkpoint of trial 0 at 3.")
    assert found(s3, 1) == {}


def test_what_a_donor_that_has_ended_has_written_itself_becomes_a_version(s3, copies):
    put(s3, "checkpoint/model.pt", "abc")
    put(s3, "reached.json", json.dumps({"resource": 3}))
    assert copied(copies, from_trial_0(3)) is None
    assert found(s3, 1) == {"3/model.pt": "abc", "3.json": '{"model.pt": 3}'}


def test_what_a_donor_that_runs_has_written_itself_is_not_copied(s3, copies):
    put(s3, "checkpoint/model.pt", "abc")
    put(s3, "reached.json", json.dumps({"resource": 3}))
    assert copied(copies, from_trial_0(3), donor_runs=True) == NotCopied("There is no checkpoint of trial 0 at 3.")
    assert copied(copies, from_trial_0(2)) == NotCopied("There is no checkpoint of trial 0 at 2.")


def test_what_was_copied_before_is_not_copied_again(s3, copies):
    s3.put_object(Bucket="bucket", Key=PLACES.checkpoints(1) + "3.json", Body="{}")
    assert copied(copies, from_trial_0(3)) is None


def test_a_copy_that_cannot_be_made_now_may_be_made_later(s3, copies, emulator):
    s3 = boto3.client("s3")
    put(s3, "3/model.pt", "abc")
    put(s3, "3.json", json.dumps({"model.pt": 3}))
    emulator.add_fault("CopyObject", "SlowDown", times=20)
    failure = copied(copies, from_trial_0(3))
    assert failure.passes
    assert failure.reason.startswith("It cannot be copied: the checkpoint of trial 0 at 3: SlowDown")
    assert "3.json" not in found(s3, 1)


def test_a_run_that_is_stopped_waits_for_no_copy(s3, copies):
    job = from_trial_0(3)
    copies.add(job, donor_runs=False)
    assert copies.remove(job)
    assert not copies.remove(job)
    assert copies.take_done() == []


# The backend


class Training(ToyBenchmark):
    def __init__(self, *arguments):
        super().__init__()
        command = ("python", "train.py", "--seconds", "0.1", *arguments)
        self.script = lambda: Script(command, HERE, sources=(Path("train.py"),))

    def backend(self, folder, **options):
        options = SageMakerOptions(**{"image": "image", "poll_interval": 0.05, "settle_time": 2.0, **options})
        return SageMakerBackend(toy_problem(self), self, folder, Streams(0), options)


@pytest.fixture
def drive(emulator, tmp_path):
    opened = []

    def opened_and_driven(training, **options):
        backend = training.backend(tmp_path / "tag/method/run", **options)
        backend.open(4)
        opened.append(backend)
        return DrivenBackend(backend, 60.0)

    yield opened_and_driven
    for backend in opened:
        backend.close()


def test_a_trial_starts_from_what_one_that_runs_has_published(drive):
    driven = drive(Training("--publishes", "--seconds", "0.6"))
    donor = driven.start()
    while donor.reached < 3:
        driven.next()
    trial = driven.start(checkpoint_of=Checkpoint(donor.id, 2))
    assert donor.status is Status.RUNNING
    assert resources(driven.until_idle(), trial) == list(range(3, 10))


@pytest.fixture
def copying(monkeypatch):
    """Copies within S3 wait until this is set."""
    goes_on = threading.Event()
    copy = boto3.s3.inject.copy

    def waits(*arguments, **options):
        assert goes_on.wait(60)
        return copy(*arguments, **options)

    monkeypatch.setattr(boto3.s3.inject, "copy", waits)
    yield goes_on
    goes_on.set()


def test_a_trial_that_waits_for_its_copy_holds_up_nobody_and_can_be_stopped(copying, drive):
    driven = drive(Training())
    donor = driven.start(3)
    driven.until_idle()
    trial, other = driven.start(checkpoint_of=Checkpoint(donor.id, 3)), driven.start()
    while other.reached < 3:
        driven.next()
    assert trial.n_reports == 0
    driven.ask_to_end(trial, "stop")
    driven.next()
    assert trial.status is Status.STOPPED


def test_a_donor_keeps_its_checkpoint_until_it_is_copied(copying, drive):
    driven = drive(Training(), delete_checkpoints=True)
    driven.start(x=0.3)
    donor = driven.start(3)
    driven.until_idle()
    trial = driven.start(checkpoint_of=Checkpoint(donor.id, 3))
    driven.backend.release((donor.id,))
    assert folders(donor.id)
    copying.set()
    assert resources(driven.until_idle(), trial) == list(range(4, 10))
    assert not folders(donor.id)


def folders(trial_id):
    s3 = boto3.client("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    return [key for key in keys if f"/{trial_id}/checkpoints/" in key]


def test_checkpoints_that_are_of_no_more_use_are_removed_on_demand(drive):
    driven = drive(Training(), delete_checkpoints=True)
    trials = [driven.start(x=x) for x in (0.9, 0.3, 0.5)]
    driven.until_idle()
    driven.backend.release((trials[0].id, trials[2].id))
    assert [bool(folders(number)) for number in range(3)] == [False, True, False]


def test_unless_that_is_asked_for_they_stay(drive):
    driven = drive(Training())
    trials = [driven.start(x=x) for x in (0.9, 0.3)]
    driven.until_idle()
    driven.backend.release(tuple(trial.id for trial in trials))
    assert all(folders(trial.id) for trial in trials)


def test_checkpoints_that_cannot_be_removed_end_no_experiment(drive, emulator):
    driven = drive(Training())
    trial = driven.start(3)
    driven.until_idle()
    emulator.add_fault("DeleteObjects", "AccessDenied", times=1)
    with pytest.warns(RuntimeWarning, match=r"Checkpoints cannot be removed from S3.*AccessDenied.*s3:DeleteObject"):
        driven.backend.drop_checkpoint(trial.id)


def test_the_number_of_paused_trials_with_checkpoints_is_that_of_the_option(tmp_path):
    assert Training().backend(tmp_path, max_checkpoints=3).max_checkpoints == 3
    assert Training().backend(tmp_path).max_checkpoints is None
