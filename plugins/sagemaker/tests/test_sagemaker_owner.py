"""Two processes that would tune one experiment, from copies of its folder."""

import shutil

import boto3
import pytest

from tunekit_core import Trial
from tunekit_sagemaker.backend import owner
from tunekit_sagemaker.backend.claims import ClaimedByAnother

from .experiment import Setup, sagemaker, tune
from .observing import epochs_of, running, until

LONG = Setup(count=1, epochs=400, seconds=0.2)


@pytest.fixture(autouse=True)
def quick(at_any_rate, monkeypatch):
    monkeypatch.setattr(owner, "SECONDS_TO_RENEW", 0.2)


@pytest.fixture
def begun(tmp_path, emulator):
    """The backend of an experiment one of whose trials runs, and a copy of its folder."""
    backend = sagemaker(tmp_path / "first", LONG)
    backend.open(1)
    backend.start(Trial(0, backend.problem.space.default()), None, None)
    until(lambda: backend.wait(0.0) or running(emulator))
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    yield backend
    backend.close()


def test_a_copy_is_refused_while_the_experiment_is_tuned_and_its_jobs_run_on(tmp_path, emulator, begun):
    with pytest.raises(ClaimedByAnother, match=r"tuned by another process, on .* in .*/first, which was seen \d+ sec"):
        tune(tmp_path / "copy", LONG)
    assert len(running(emulator)) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
def test_an_object_of_the_owner_that_is_damaged_is_written_anew(tmp_path, emulator, begun, content):
    s3 = boto3.client("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    (owner_key,) = [key for key in keys if key.endswith("/owner")]
    begun.close()
    s3.put_object(Bucket=bucket, Key=owner_key, Body=content)
    assert tune(tmp_path / "copy", Setup(count=1, epochs=2)).n_failed == 0


def test_a_copy_goes_on_at_once_when_the_experiment_was_left(tmp_path, emulator, begun):
    begun.close()
    assert tune(tmp_path / "copy", Setup(count=1, epochs=2)).n_failed == 0
    assert epochs_of(tmp_path / "copy") == {0: [1, 2]}


def test_who_was_taken_for_dead_stops_and_leaves_the_jobs_to_the_other(tmp_path, emulator, begun, monkeypatch):
    monkeypatch.setattr(owner, "SECONDS_OF_LEASE", 0.0)
    other = sagemaker(tmp_path / "copy", LONG)
    other.open(1)
    other.restore([], 0.0)
    other.start(Trial(0, other.problem.space.default()), None, None)
    until(lambda: other.wait(0.0) or running(emulator))
    names = running(emulator)
    with pytest.raises(ClaimedByAnother, match=r"Another process tunes this experiment now, on .* in .*/copy: this"):
        until(lambda: begun.wait(0.0) and False)
    begun.close()
    assert running(emulator) == names
    other.close()
