"""Launches that are killed, repeated, at the same time: no run is in two jobs, and none is forgotten."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import attrs
import boto3
import pytest

from tunekit_core import ConfigurationError, RecordError
from tunekit_sagemaker.aws import errors
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.launcher import launcher as launcher_module, starting
from tunekit_sagemaker.launcher.packing import Packed
from tunekit_sagemaker.study import log
from tunekit_sagemaker.study.places import StudyPlaces
from tunekit_sagemaker.study.study import Study

from . import launching
from .launching import TAG, launch
from .observing import until

LAUNCHING = Path(__file__).with_name("launching.py")
BUCKET = "sagemaker-us-east-1-123456789012"
CREATE = "tunekit_sagemaker.jobs.job_client:JobClient.create"
APPEND = "tunekit_sagemaker.study.log:LaunchLog.append"
FINAL = ("Completed", "Failed", "Stopped")


@pytest.fixture(autouse=True)
def nothing_begins(emulator, at_any_rate, monkeypatch):
    """Jobs wait for an instance until they are stopped, so nothing needs to travel."""
    monkeypatch.setattr(launcher_module, "pack", lambda launch, options: Packed([], {}, {}))
    emulator.settings.delays = attrs.evolve(emulator.settings.delays, starting=1000.0)


@pytest.fixture
def study(emulator):
    return Study(Clients("us-east-1"), StudyPlaces(BUCKET, "", TAG))


def launcher(results, seeds, die_at=None, **options):
    environment = os.environ if die_at is None else {**os.environ, "DIE_AT": die_at}
    arguments = [sys.executable, str(LAUNCHING), str(results), json.dumps({"seeds": seeds, **options})]
    return subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True)


def begun(emulator):
    """The seeds of each job that was created, as the console shows them."""
    return [json.loads(job.request["HyperParameters"]["seeds"]) for job in emulator.jobs]


def stop_all(emulator):
    for job in emulator.jobs:
        boto3.client("sagemaker").stop_training_job(TrainingJobName=job.name)
    until(lambda: all(job.status in FINAL for job in emulator.jobs))


@pytest.mark.parametrize(
    "moment",
    [f"{APPEND}:before:1", f"{APPEND}:after:1", f"{CREATE}:before:2", f"{CREATE}:after:2", f"{CREATE}:after:3"],
)
def test_killed_at_any_moment_and_typed_again_each_run_is_in_one_job(tmp_path, emulator, study, moment):
    process = launcher(tmp_path, [0, 1, 2], moment)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, said
    assert launch(tmp_path, [0, 1, 2])
    assert sorted(begun(emulator)) == ["0", "1", "2"]
    assert launch(tmp_path, [0, 1, 2])
    assert len(emulator.jobs) == 3
    assert Counter(each for job in study.log.read() for each in job.runs).most_common(1)[0][1] == 1


def test_of_launches_at_the_same_time_each_run_is_in_one_job(tmp_path, emulator):
    asked = ([0, 1, 2, 3], [2, 3, 4, 5], [0, 5, 6, 7])
    processes = [launcher(tmp_path / str(number), seeds) for number, seeds in enumerate(asked)]
    ends = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    assert sorted(begun(emulator)) == [str(seed) for seed in range(8)]


def test_a_launch_begins_what_is_missing_alone(tmp_path, emulator):
    launch(tmp_path, [0, 1])
    lines = []
    assert launch(tmp_path, [1, 2], lines.append)
    assert begun(emulator) == ["0", "1", "2"]
    assert "1 run in 1 job that are not over yet." in lines
    assert "Begins 1 job." in lines
    assert "To see how it goes, type: python -m tunekit remote status study" in lines


def test_runs_whose_job_is_over_and_that_are_not_complete_are_begun_again_from_what_is_there(tmp_path, emulator, study):
    launch(tmp_path, [0])
    (first,) = emulator.jobs
    key = f"tunekit/study/{first.name}/results/study/ASHA/fcnet-0/events.jsonl"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"{}\n")
    stop_all(emulator)
    launch(tmp_path, [0])
    assert begun(emulator) == ["0", "0"]
    second = emulator.jobs[1].name
    assert study.left_behind()[second].keys() == {"study/ASHA/fcnet-0/events.jsonl"}
    uris = [job.request["CheckpointConfig"]["S3Uri"] for job in emulator.jobs]
    assert uris == [f"s3://{BUCKET}/tunekit/study/{name}/" for name in (first.name, second)]


def test_where_the_quota_is_used_up_the_rest_is_begun_later(tmp_path, emulator):
    emulator.settings.quotas = {"ml.m5.large": 2}
    lines = []
    assert not launch(tmp_path, [0, 1, 2, 3], lines.append)
    assert begun(emulator) == ["0", "1"]
    assert "2 of 4 jobs were begun. SageMaker takes no more now: ResourceLimitExceeded: " in "\n".join(lines)
    assert "To begin the rest, type the same command again: python -m tunekit +method=ASHA" in lines
    emulator.settings.quotas = {}
    assert launch(tmp_path, [0, 1, 2, 3])
    assert begun(emulator) == ["0", "1", "2", "3"]


def test_a_quota_is_waited_for(tmp_path, emulator):
    emulator.settings.quotas = {"ml.m5.large": 1}
    process = launcher(tmp_path, [0, 1], wait_for_quota=60)
    until(lambda: len(emulator.jobs) == 1)
    until(lambda: [call for call in emulator.calls if call.operation == "CreateTrainingJob" and call.status == 400])
    stop_all(emulator)
    assert process.wait(timeout=60) == 0
    process.communicate()
    assert begun(emulator) == ["0", "1"]


def test_jobs_that_the_list_does_not_have_yet_are_asked_for_by_name(tmp_path, emulator, monkeypatch):
    launch(tmp_path, [0, 1])
    monkeypatch.setattr("tunekit_sagemaker.jobs.job_client.JobClient.statuses", lambda *_: iter(()))
    launch(tmp_path, [0, 1])
    assert begun(emulator) == ["0", "1"]


def test_a_lost_answer_to_an_entry_of_the_log_begins_nothing_twice(tmp_path, emulator, monkeypatch):
    put_once = log.put_once
    monkeypatch.setattr(log, "put_once", lambda *arguments: put_once(*arguments) and False)
    launch(tmp_path, [0, 1])
    assert begun(emulator) == ["0", "1"]


def test_throttled_creations_are_tried_again(tmp_path, emulator, monkeypatch):
    monkeypatch.setattr(starting, "FIRST_PAUSE", 0.01)
    emulator.add_fault("CreateTrainingJob", "ThrottlingException", times=3)
    assert launch(tmp_path, [0, 1])
    assert begun(emulator) == ["0", "1"]


FAULTS = [
    ("ListObjectsV2", "SlowDown"),
    ("PutObject", "InternalError"),
    ("PutObject", "lost answer"),
    ("GetObject", "InternalError"),
    ("HeadObject", "InternalError"),
    ("ListTrainingJobs", "ThrottlingException"),
    ("DescribeTrainingJob", "ThrottlingException"),
    ("CreateTrainingJob", "lost answer"),
    ("CreateTrainingJob", "InternalFailure"),
]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_fails_for_a_while_each_run_is_in_one_job(tmp_path, emulator, monkeypatch, seed):
    monkeypatch.setattr(errors, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(starting, "FIRST_PAUSE", 0.01)
    draw = random.Random(seed)
    for seeds in ([0, 1], [1, 2], [0, 1, 2, 3]):
        for operation, code in draw.sample(FAULTS, 4):
            emulator.add_fault(operation, code, times=draw.randint(1, 2), after=draw.randint(0, 3))
        assert launch(tmp_path, seeds)
    assert begun(emulator) == ["0", "1", "2", "3"]


def test_a_job_that_is_refused_is_told_with_what_to_do(tmp_path, emulator):
    emulator.add_fault("CreateTrainingJob", "ValidationException")
    with pytest.raises(ConfigurationError, match="hydra/launcher=sagemaker: SageMaker refuses a job: ValidationExc"):
        launch(tmp_path, [0, 1])
    assert launch(tmp_path, [0, 1])
    assert begun(emulator) == ["0", "1"]


def test_a_study_stays_in_the_bucket_of_its_first_launch(tmp_path, emulator):
    boto3.client("s3").create_bucket(Bucket="ours")
    launch(tmp_path, [0], s3_bucket="ours", s3_prefix="/teams/a/")
    with pytest.raises(
        ConfigurationError, match="experiment_tag=study was launched to s3://ours/teams/a/, and now would"
    ):
        launch(tmp_path, [0], s3_bucket="ours", s3_prefix="teams/b")
    launch(tmp_path, [0], s3_prefix="teams/a")
    assert len(emulator.jobs) == 1
    noted = json.loads((tmp_path / "study/remote.json").read_text())
    assert noted == {
        "bucket": "ours",
        "prefix": "teams/a/",
        "region": "us-east-1",
        "command": "python -m tunekit +method=ASHA",
    }


def test_a_secret_in_the_environment_is_not_noted(tmp_path, emulator, monkeypatch):
    command = "python -m tunekit hydra.launcher.environment.API_KEY=abcdefgh"
    monkeypatch.setattr(launching, "COMMAND", command)
    launch(tmp_path, [0], environment={"API_KEY": "abcdefgh"})
    noted = json.loads((tmp_path / "study/remote.json").read_text())
    assert noted["command"] == "python -m tunekit hydra.launcher.environment.API_KEY=***"


def test_a_damaged_log_begins_nothing(tmp_path, emulator):
    launch(tmp_path, [0])
    boto3.client("s3").put_object(Bucket=BUCKET, Key="tunekit-launches/study/log/000001.json", Body=b'{"format": 1')
    with pytest.raises(RecordError, match=r"s3://.*/000001\.json is damaged: it does not say which jobs were launched"):
        launch(tmp_path, [0])


def test_a_damaged_address_begins_nothing(tmp_path, emulator):
    launch(tmp_path, [0])
    (tmp_path / "study/remote.json").write_text("{}")
    with pytest.raises(RecordError, match=r"remote\.json is damaged"):
        launch(tmp_path, [0])
    assert len(emulator.jobs) == 1
