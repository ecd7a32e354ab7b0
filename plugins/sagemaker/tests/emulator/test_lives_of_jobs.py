"""What becomes of a job: its statuses, its times, and why it failed."""

from itertools import pairwise
from math import ceil

import pytest
from botocore.exceptions import ClientError

from tunekit_sagemaker.emulator import Delays

UNTIL_SIGTERM = "trap 'echo stopping; kill $!; exit 0' TERM; echo started; sleep 60 & wait $!"
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}


def test_a_job_runs_to_its_end(aws):
    found = aws.run(script="echo hello")
    assert found["TrainingJobStatus"] == "Completed"
    assert aws.history(found) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    took = found["TrainingEndTime"] - found["TrainingStartTime"]
    assert found["BillableTimeInSeconds"] == max(1, ceil(took.total_seconds()))
    assert found["TrainingTimeInSeconds"] == max(1, ceil(took.total_seconds()))
    assert found["TrainingStartTime"] <= found["TrainingEndTime"]
    assert "FailureReason" not in found


def test_each_status_ends_where_the_next_begins(aws):
    transitions = aws.run()["SecondaryStatusTransitions"]
    for earlier, later in pairwise(transitions):
        assert earlier["EndTime"] == later["StartTime"]


def test_what_was_asked_for_is_described(aws):
    found = aws.run(HyperParameters={"lr": "0.1"}, Environment={"A": "b"}, Tags=[{"Key": "k", "Value": "v"}])
    assert found["HyperParameters"] == {"lr": "0.1"}
    assert found["Environment"] == {"A": "b"}
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert found["ModelArtifacts"] == {"S3ModelArtifacts": "s3://bucket/output/job/output/model.tar.gz"}
    assert "Tags" not in found


def test_a_day_is_the_longest_time_where_none_is_given(aws):
    aws.create(StoppingCondition=None)
    assert aws.describe()["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}


def test_a_job_that_fails_says_with_which_exit_code(aws):
    found = aws.run(script="exit 3")
    assert found["TrainingJobStatus"] == "Failed"
    assert aws.history(found)[-1] == "Failed"
    assert found["FailureReason"] == "AlgorithmError: , exit code: 3"


def test_a_job_that_is_killed_has_the_exit_code_of_docker(aws):
    assert aws.run(script="kill -9 $$")["FailureReason"] == "AlgorithmError: , exit code: 137"


def test_what_a_job_writes_about_its_failure_is_the_reason(aws):
    found = aws.run(script="echo 'no such column' > /opt/ml/output/failure; exit 1")
    assert found["FailureReason"] == "AlgorithmError: no such column, exit code: 1"


def test_a_reason_has_1024_characters_at_most(aws):
    found = aws.run(script="head -c 5000 /dev/zero | tr '\\0' x > /opt/ml/output/failure; exit 1")
    assert len(found["FailureReason"]) <= 1024
    assert found["FailureReason"].endswith("xx, exit code: 1")


def test_a_program_that_is_not_there_has_exit_code_127(aws):
    algorithm = {"TrainingImage": "image", "TrainingInputMode": "File", "ContainerEntrypoint": ["no-such-program"]}
    found = aws.run(AlgorithmSpecification=algorithm)
    assert found["FailureReason"] == "AlgorithmError: , exit code: 127"
    assert aws.wait_for_lines(1) == ["no-such-program: No such file or directory"]


def test_without_an_entry_point_train_is_run(aws):
    found = aws.run(AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"})
    assert found["FailureReason"] == "AlgorithmError: , exit code: 127"
    assert aws.wait_for_lines(1) == ["train: No such file or directory"]


def test_a_job_that_is_stopped_gets_sigterm(aws):
    aws.create(script=UNTIL_SIGTERM)
    aws.wait_for_lines(1)
    aws.stop()
    found = aws.wait()
    assert found["TrainingJobStatus"] == "Stopped"
    assert aws.history(found) == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]
    assert found["BillableTimeInSeconds"] >= 1
    assert aws.wait_for_lines(2) == ["started", "stopping"]


def test_it_is_stopping_at_once(aws):
    aws.create(script=UNTIL_SIGTERM)
    aws.wait_for_lines(1)
    aws.stop()
    assert aws.describe()["TrainingJobStatus"] in ("Stopping", "Stopped")
    aws.wait()


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace(aws, emulator):
    emulator.settings.delays = Delays(starting=0, downloading=0, uploading=0, grace=0.3)
    aws.create(script="trap '' TERM; echo started; while true; do sleep 0.05; done")
    aws.wait_for_lines(1)
    aws.stop()
    assert aws.wait()["TrainingJobStatus"] == "Stopped"


def test_a_job_that_is_stopped_before_it_starts_costs_nothing(aws, emulator):
    emulator.settings.delays = Delays(starting=30)
    aws.create(script="echo never")
    aws.stop()
    found = aws.wait()
    assert aws.history(found) == ["Starting", "Stopping", "Stopped"]
    assert "TrainingStartTime" not in found
    assert "BillableTimeInSeconds" not in found


def test_a_job_that_is_stopped_while_it_has_not_begun_ends_at_once(aws, emulator):
    """Its runner may see the request to stop before anything else."""
    emulator.settings.delays = Delays(starting=30, interrupted=30)
    for number in range(5):
        aws.create(f"job-{number}")
        aws.stop(f"job-{number}")
    for number in range(5):
        assert aws.wait(f"job-{number}")["SecondaryStatus"] == "Stopped"


def test_stopping_twice_is_one_stop(aws):
    aws.create(script=UNTIL_SIGTERM)
    aws.wait_for_lines(1)
    aws.stop()
    aws.stop()
    assert aws.history(aws.wait()).count("Stopping") == 1


def test_a_job_that_has_ended_cannot_be_stopped(aws):
    aws.run()
    with pytest.raises(ClientError) as refused:
        aws.stop()
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "The request was rejected because the training job is in status Completed.",
    }


def test_a_job_is_ended_after_its_longest_time(aws):
    found = aws.run(script="echo started; exec sleep 60", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert found["TrainingJobStatus"] == "Stopped"
    assert found["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert 1 <= found["BillableTimeInSeconds"] < 30


def test_a_channel_without_objects_fails_the_job(aws):
    found = aws.run(InputDataConfig=[aws.channel("tunekit", "nothing/")])
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("ClientError: Data download failed:")
    assert aws.history(found) == ["Starting", "Downloading", "Failed"]


def test_a_bucket_for_the_output_that_is_not_there_fails_the_job(aws):
    found = aws.run(script="echo 1 > /opt/ml/model/a", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/output"})
    assert found["FailureReason"].startswith("ClientError: Artifact upload failed:")


@pytest.mark.parametrize("kind", ["CapacityError", "InternalServerError"])
def test_a_job_for_which_aws_has_nothing_costs_nothing(aws, emulator, kind):
    emulator.add_job_fault("^unlucky$", kind)
    found = aws.run("unlucky")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith(f"{kind}: ")
    assert "TrainingStartTime" not in found
    assert aws.run("lucky")["TrainingJobStatus"] == "Completed"


def test_an_internal_error_may_come_while_a_job_trains(aws, emulator):
    emulator.add_job_fault("job", "InternalServerError", after=0.2)
    found = aws.run(script="exec sleep 60")
    assert aws.history(found) == ["Starting", "Downloading", "Training", "Failed"]
    assert found["FailureReason"].startswith("InternalServerError: ")
    assert 1 <= found["BillableTimeInSeconds"] < 30


def test_a_retry_strategy_absorbs_internal_errors(aws, emulator):
    emulator.add_job_fault("job", "InternalServerError", times=2)
    found = aws.run(RetryStrategy={"MaximumRetryAttempts": 2})
    assert found["TrainingJobStatus"] == "Completed"
    assert aws.history(found)[:5] == ["Starting", "Restarting", "Starting", "Restarting", "Starting"]


def test_the_next_type_is_taken_where_one_has_no_capacity(aws, emulator):
    emulator.add_job_fault("job", "CapacityError", times=1)
    preferences = [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.m5.large"}]
    found = aws.run(ResourceConfig={"InstancePreferences": preferences, "InstanceCount": 1, "VolumeSizeInGB": 30})
    assert found["TrainingJobStatus"] == "Completed"
    assert found["ResourceConfig"]["SelectedInstanceType"] == "ml.m5.large"


def test_a_spot_job_is_interrupted_and_goes_on_from_its_checkpoint(aws, emulator):
    script = """
    trap 'exit 143' TERM
    cd $TUNEKIT_OPT_ML/checkpoints
    last=$(ls | sort -n | tail -1)
    epoch=${last:-0}
    touch 0
    while [ $epoch -lt 6 ]; do
        while [ -z $last ] && [ $epoch = 3 ]; do sleep 0.05; done  # until it is interrupted
        epoch=$((epoch + 1))
        sh -c "echo epoch $epoch; touch $epoch"  # a signal waits until both are done
        sleep 0.1
    done
    """
    emulator.add_job_fault("job", "SpotInterruption", after=1.5)
    found = aws.run(script=script, CheckpointConfig={"S3Uri": "s3://bucket/checkpoints/"}, **SPOT)
    assert aws.history(found) == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    assert aws.wait_for_lines(6) == [f"epoch {number}" for number in range(1, 7)]
    assert len(aws.streams()) == 2


def test_only_spot_jobs_are_interrupted(aws, emulator):
    emulator.add_job_fault("job", "SpotInterruption")
    assert "Interrupted" not in aws.history(aws.run(script="sleep 0.2"))


def test_what_is_billed_is_the_time_on_instances(aws, emulator):
    emulator.settings.delays = Delays(starting=0, downloading=0, uploading=0, interrupted=1.5)
    emulator.add_job_fault("job", "SpotInterruption", after=0.1)
    found = aws.run(script="sleep 1", **SPOT)
    assert found["TrainingTimeInSeconds"] >= found["BillableTimeInSeconds"] + 1


def test_a_spot_job_waits_no_longer_than_it_was_told(aws, emulator):
    emulator.settings.delays = Delays(starting=1.1)
    condition = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1}
    found = aws.run(EnableManagedSpotTraining=True, StoppingCondition=condition)
    assert found["TrainingJobStatus"] == "Stopped"
    assert found["SecondaryStatus"] == "MaxWaitTimeExceeded"
    assert "BillableTimeInSeconds" not in found


def test_what_a_job_leaves_running_ends_with_it(aws):
    """As in a container, whatever it does to be left alone; that nothing is left is checked after each test."""
    assert aws.run(script="setsid sleep 60 & (nohup sleep 60 &) ; exit 0")["TrainingJobStatus"] == "Completed"


def test_a_job_on_several_instances_runs_on_each(aws):
    script = 'grep -o \'"current_host": "[a-z0-9-]*"\' /opt/ml/input/config/resourceconfig.json'
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}
    found = aws.run(script=script, ResourceConfig=resources)
    assert found["TrainingJobStatus"] == "Completed"
    assert sorted(aws.wait_for_lines(2)) == ['"current_host": "algo-1"', '"current_host": "algo-2"']
    assert len(aws.streams()) == 2


def test_one_instance_that_fails_ends_the_others(aws):
    script = "grep -q 'current_host\": \"algo-1' /opt/ml/input/config/resourceconfig.json && exit 4; exec sleep 60"
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}
    assert aws.run(script=script, ResourceConfig=resources)["FailureReason"] == "AlgorithmError: , exit code: 4"


def test_a_job_starts_jobs(aws):
    script = """
    exec python3 -c "
import boto3, sys
boto3.client('sagemaker', region_name='us-east-1').stop_training_job(TrainingJobName='other')
"
    """
    aws.create("other", UNTIL_SIGTERM)
    aws.wait_for_lines(1, "other")
    assert aws.run("job", script)["TrainingJobStatus"] == "Completed"
    assert aws.wait("other")["TrainingJobStatus"] == "Stopped"
