"""What a job finds in /opt/ml, and what of that goes to S3."""

import io
import json
import subprocess
import tarfile

import pytest

from tunekit_sagemaker.emulator import Delays, Emulator
from tunekit_sagemaker.emulator.instances.opt_ml import namespaces_refused

CHECKPOINTS = {"CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints/"}}
NO_SYNC = Delays(starting=0, downloading=0, uploading=0, checkpoint_sync=3600)


def members(content):
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def test_the_files_of_the_configuration_are_there(aws):
    channels = [aws.channel("tunekit", "code/")]
    aws.put("code/entry.py", b"pass")
    aws.run(
        script="cd /opt/ml/input/config; for f in hyper* resource* input*; do cat $f; echo; done",
        HyperParameters={"lr": "0.1"},
        InputDataConfig=channels,
    )
    hyperparameters, resources, data = map(json.loads, aws.wait_for_lines(3))
    assert hyperparameters == {"lr": "0.1"}
    assert resources == {
        "current_host": "algo-1",
        "current_instance_type": "ml.m5.large",
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
        ],
        "network_interface_name": "eth0",
    }
    assert data == {
        "tunekit": {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    }


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("data/", ["a.txt", "deep/b.txt"]),
        ("data", ["a.txt", "deep/b.txt"]),
        ("data/a.txt", ["a.txt"]),
        ("data/a", ["a.txt"]),
    ],
)
def test_a_channel_holds_the_objects_below_its_prefix(aws, prefix, found):
    aws.put("data/a.txt")
    aws.put("data/deep/b.txt")
    aws.put("other/c.txt")
    aws.run(script="cd /opt/ml/input/data/training; find * -type f", InputDataConfig=[aws.channel("training", prefix)])
    assert sorted(aws.wait_for_lines(len(found))) == found


def test_an_object_that_would_lie_elsewhere_fails_the_job(aws):
    aws.put("data/../../../evil.txt")
    found = aws.run(InputDataConfig=[aws.channel("training", "data/")])
    assert "would lie outside of its channel" in found["FailureReason"]


def test_the_environment_is_clean(aws, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    aws.run(script="env | cut -d= -f1 | sort | tr '\\n' ' '", Environment={"TUNEKIT_RUN": "0"})
    names = set(aws.wait_for_lines(1)[0].split())
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        *("AWS_ACCESS_KEY_ID", "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"),
        *("HOME", "LANG", "PATH", "TMPDIR", "TRAINING_JOB_ARN", "TRAINING_JOB_NAME", "TUNEKIT_OPT_ML", "TUNEKIT_RUN"),
    }


def test_a_job_knows_its_name(aws):
    arn = aws.run(script="echo $TRAINING_JOB_NAME $TRAINING_JOB_ARN")["TrainingJobArn"]
    assert aws.wait_for_lines(1) == [f"job {arn}"]


def test_python3_is_the_interpreter_of_the_emulator(aws):
    aws.run(script="python3 -c 'import boto3; print(1)'")
    assert aws.wait_for_lines(1) == ["1"]


# --- results


def test_model_and_output_are_uploaded(aws):
    aws.run(script="echo m > /opt/ml/model/weights; mkdir /opt/ml/output/data/d; echo o > /opt/ml/output/data/d/file")
    assert members(aws.content("output/job/output/model.tar.gz")) == {"weights": b"m\n"}
    assert members(aws.content("output/job/output/output.tar.gz")) == {"data/d/file": b"o\n"}


def test_nothing_is_uploaded_where_nothing_was_written(aws):
    aws.run()
    assert aws.keys("output/") == []


def test_a_job_that_fails_has_no_model(aws):
    aws.run(script="echo m > /opt/ml/model/weights; echo no > /opt/ml/output/failure; exit 1")
    assert aws.keys("output/") == ["output/job/output/output.tar.gz"]


def test_a_job_that_is_stopped_has_what_it_saved(aws):
    aws.create(script="trap 'echo m > /opt/ml/model/w; kill $!; exit 0' TERM; echo started; sleep 60 & wait $!")
    aws.wait_for_lines(1)
    aws.stop()
    aws.wait()
    assert aws.keys("output/") == ["output/job/output/model.tar.gz"]


# --- checkpoints


def test_checkpoints_are_fetched_before_the_start(aws):
    aws.put("checkpoints/3/state", b"three")
    aws.run(script="cat /opt/ml/checkpoints/3/state", **CHECKPOINTS)
    assert aws.wait_for_lines(1) == ["three"]


def test_checkpoints_are_uploaded_while_the_job_runs(aws, eventually):
    aws.create(script="mkdir /opt/ml/checkpoints/1; echo 1 > /opt/ml/checkpoints/1/state; exec sleep 60", **CHECKPOINTS)
    eventually(lambda: aws.keys("checkpoints/") == ["checkpoints/1/state"])
    assert aws.describe()["TrainingJobStatus"] == "InProgress"


def test_checkpoints_are_uploaded_at_the_end(aws, emulator):
    emulator.settings.delays = NO_SYNC
    aws.run(script="echo 1 > /opt/ml/checkpoints/state", **CHECKPOINTS)
    assert aws.content("checkpoints/state") == b"1\n"


def test_a_file_that_changes_is_uploaded_again(aws, emulator):
    aws.run(script="cd /opt/ml/checkpoints; echo 1 > state; sleep 0.3; echo 2 > state; sleep 0.3", **CHECKPOINTS)
    assert aws.content("checkpoints/state") == b"2\n"


def test_what_is_deleted_is_deleted_in_s3(aws):
    aws.put("checkpoints/old", b"1")
    aws.run(script="rm /opt/ml/checkpoints/old; echo 2 > /opt/ml/checkpoints/new", **CHECKPOINTS)
    assert aws.keys("checkpoints/") == ["checkpoints/new"]


def test_what_is_renamed_moves_in_s3(aws):
    script = "cd /opt/ml/checkpoints; mkdir .new; echo 1 > .new/state; sleep 0.3; mv .new 1; sleep 0.3"
    aws.run(script=script, **CHECKPOINTS)
    assert aws.keys("checkpoints/") == ["checkpoints/1/state"]


def test_what_others_add_later_is_neither_fetched_nor_deleted(aws, tmp_path):
    wait = f"until test -e '{tmp_path}/it-may-end'; do sleep 0.02; done; sleep 0.3"
    aws.create(script=f"echo started; {wait}; ls /opt/ml/checkpoints; echo end", **CHECKPOINTS)
    aws.wait_for_lines(1)
    aws.put("checkpoints/later")
    (tmp_path / "it-may-end").touch()
    aws.wait()
    assert aws.wait_for_lines(2) == ["started", "end"]
    assert aws.keys("checkpoints/") == ["checkpoints/later"]


def test_checkpoints_of_a_job_that_is_stopped_are_in_s3_when_it_has_ended(aws, emulator):
    emulator.settings.delays = NO_SYNC
    script = "trap 'echo 9 > /opt/ml/checkpoints/state; exit 0' TERM; echo started; while true; do sleep 0.05; done"
    aws.create(script=script, **CHECKPOINTS)
    aws.wait_for_lines(1)
    aws.stop()
    aws.wait()
    assert aws.content("checkpoints/state") == b"9\n"


def test_another_folder_may_hold_the_checkpoints(aws):
    config = {"S3Uri": "s3://bucket/checkpoints", "LocalPath": "/opt/ml/mine"}
    aws.run(script="echo 1 > /opt/ml/mine/state", CheckpointConfig=config)
    assert aws.keys("checkpoints/") == ["checkpoints/state"]


# --- a real /opt/ml


@pytest.fixture
def real_opt_ml(use):
    refused = namespaces_refused()
    if refused:
        pytest.skip(f"no job can have an /opt/ml of its own here: {refused}")
    with Emulator(opt_ml="namespace", delays=Delays(starting=0, downloading=0, uploading=0)) as running:
        use(running)
        yield running


def test_two_jobs_have_an_opt_ml_each(real_opt_ml, aws_of):
    aws = aws_of(real_opt_ml)
    before = subprocess.run(["ls", "-la", "/opt"], capture_output=True, check=True).stdout
    script = """
    test -d /opt/ml/input/data/script || exit 1
    test -z "$TUNEKIT_OPT_ML" || exit 2
    grep -q algo-1 /etc/hosts || exit 3
    echo $TRAINING_JOB_NAME > /opt/ml/checkpoints/name
    sleep 0.3
    cat /opt/ml/checkpoints/name
    """
    for name in ("first", "second"):
        aws.create(name, script, CheckpointConfig={"S3Uri": f"s3://bucket/{name}/"})
    for name in ("first", "second"):
        assert aws.wait(name)["TrainingJobStatus"] == "Completed"
        assert aws.content(f"{name}/name").decode() == f"{name}\n"
    assert subprocess.run(["ls", "-la", "/opt"], capture_output=True, check=True).stdout == before


def test_a_job_with_a_real_opt_ml_is_stopped(real_opt_ml, aws_of):
    aws = aws_of(real_opt_ml)
    aws.create(script="trap 'echo stopping; exit 0' TERM; echo started; while true; do sleep 0.05; done")
    aws.wait_for_lines(1)
    aws.stop()
    assert aws.wait()["TrainingJobStatus"] == "Stopped"
    assert aws.wait_for_lines(2) == ["started", "stopping"]
