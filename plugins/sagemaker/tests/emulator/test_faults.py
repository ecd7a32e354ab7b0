"""Calls of every service fail on demand, in the words of that service, and all calls are remembered."""

import time

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from tunekit_core import ConfigurationError

ONCE = Config(retries={"total_max_attempts": 1})
IMPATIENT = Config(retries={"total_max_attempts": 1}, read_timeout=0.5)
CALLS = {
    "s3": [
        ("PutObject", lambda s3: s3.put_object(Bucket="bucket", Key="a/b c", Body=b"x" * 100_000)),
        ("GetObject", lambda s3: s3.get_object(Bucket="bucket", Key="a")),
        ("ListObjectsV2", lambda s3: s3.list_objects_v2(Bucket="bucket")),
        ("DeleteObjects", lambda s3: s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "a"}]})),
        ("DeleteObject", lambda s3: s3.delete_object(Bucket="bucket", Key="a")),
        ("CopyObject", lambda s3: s3.copy_object(Bucket="bucket", Key="b", CopySource="bucket/a")),
        ("CreateMultipartUpload", lambda s3: s3.create_multipart_upload(Bucket="bucket", Key="a")),
        ("UploadPart", lambda s3: s3.upload_part(Bucket="bucket", Key="a", PartNumber=1, UploadId="u", Body=b"")),
        ("ListBuckets", lambda s3: s3.list_buckets()),
        ("CreateBucket", lambda s3: s3.create_bucket(Bucket="other")),
        ("GetBucketLocation", lambda s3: s3.get_bucket_location(Bucket="bucket")),
    ],
    "logs": [
        ("DescribeLogStreams", lambda logs: logs.describe_log_streams(logGroupName="g")),
        ("GetLogEvents", lambda logs: logs.get_log_events(logGroupName="g", logStreamName="s")),
    ],
    "sagemaker": [
        ("ListTrainingJobs", lambda sagemaker: sagemaker.list_training_jobs()),
        ("DescribeTrainingJob", lambda sagemaker: sagemaker.describe_training_job(TrainingJobName="a")),
        ("StopTrainingJob", lambda sagemaker: sagemaker.stop_training_job(TrainingJobName="a")),
    ],
    "sts": [("GetCallerIdentity", lambda sts: sts.get_caller_identity())],
    "iam": [("ListRoles", lambda iam: iam.list_roles()), ("GetRole", lambda iam: iam.get_role(RoleName="a"))],
    "cloudwatch": [("ListMetrics", lambda cloudwatch: cloudwatch.list_metrics())],
}


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure"])
@pytest.mark.parametrize("service", CALLS)
def test_a_call_of_any_service_fails_once_as_it_was_asked_to(aws, emulator, service, code):
    client = aws.client(service, config=ONCE)
    for operation, call in CALLS[service]:
        emulator.add_fault(operation, code)
        with pytest.raises(ClientError) as failed:
            call(client)
        assert failed.value.operation_name == operation
        assert failed.value.response["Error"]["Code"] == code, operation
        assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == (400 if code[0] == "T" else 500)
        assert emulator.calls[-1].operation == operation


def test_a_call_without_a_body_in_its_answer_fails_too(aws, emulator):
    emulator.add_fault("HeadObject", "SlowDown")
    with pytest.raises(ClientError) as failed:
        aws.client("s3", config=ONCE).head_object(Bucket="bucket", Key="a")
    assert failed.value.response["Error"]["Code"] == "503"


def test_faults_come_after_and_for_as_many_calls_as_asked(aws, emulator):
    emulator.add_fault("ListTrainingJobs", "ThrottlingException", times=2, after=1)
    client, outcomes = aws.client("sagemaker", config=ONCE), []
    for _ in range(4):
        try:
            client.list_training_jobs()
            outcomes.append("fine")
        except ClientError:
            outcomes.append("failed")
    assert outcomes == ["fine", "failed", "failed", "fine"]


def test_throttling_is_worded_as_by_aws(aws, emulator):
    emulator.add_fault("CreateTrainingJob", "ThrottlingException")
    aws.sagemaker = aws.client("sagemaker", config=ONCE)
    with pytest.raises(ClientError, match="Rate exceeded"):
        aws.create()


def test_retries_of_botocore_absorb_throttling(aws, emulator):
    emulator.add_fault("CreateTrainingJob", "ThrottlingException", times=2)
    aws.sagemaker = aws.client("sagemaker", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))
    assert aws.run()["TrainingJobStatus"] == "Completed"


def test_an_operation_whose_answer_is_lost_is_carried_out(aws, emulator):
    emulator.add_fault("CreateTrainingJob", "lost answer")
    aws.sagemaker = aws.client("sagemaker", config=ONCE)
    with pytest.raises(ClientError) as failed:
        aws.create()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    with pytest.raises(ClientError, match="ResourceInUse"):
        aws.create()
    assert aws.wait()["TrainingJobStatus"] == "Completed"


def test_an_answer_of_another_service_can_be_lost_too(aws, emulator):
    emulator.add_fault("PutObject", "lost answer")
    with pytest.raises(ClientError):
        aws.client("s3", config=ONCE).put_object(Bucket="bucket", Key="a", Body=b"x")
    assert aws.content("a") == b"x"


def test_a_call_may_get_no_answer(aws, emulator):
    emulator.add_fault("ListTrainingJobs", "timeout")
    with pytest.raises(ReadTimeoutError):
        aws.client("sagemaker", config=IMPATIENT).list_training_jobs()
    assert aws.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []


def test_calls_of_the_emulator_itself_do_not_fail_and_are_not_remembered(aws, emulator):
    emulator.add_fault("PutLogEvents", "InternalFailure", times=100)
    emulator.add_fault("PutObject", "InternalFailure", times=100)
    aws.run(script="echo hello; echo m > /opt/ml/model/weights")
    assert aws.wait_for_lines(1) == ["hello"]
    assert aws.keys("output/") == ["output/job/output/model.tar.gz"]
    assert {"PutLogEvents", "PutObject"} & {call.operation for call in emulator.calls} == set()


def test_calls_are_remembered_with_their_times(aws, emulator):
    before = time.time()
    aws.sagemaker.list_training_jobs()
    [call] = [call for call in emulator.calls if call.service == "sagemaker"]
    assert (call.operation, call.status) == ("ListTrainingJobs", 200)
    assert before <= call.time <= time.time()
    assert 0 <= call.seconds < 10


def test_calls_that_are_refused_are_remembered(aws, emulator):
    with pytest.raises(ClientError):
        aws.describe("nobody")
    assert (emulator.calls[-1].operation, emulator.calls[-1].status) == ("DescribeTrainingJob", 400)


def test_an_unknown_fault_of_jobs_is_refused(emulator):
    with pytest.raises(ConfigurationError, match="kind='Capacity' of a fault has to be one of CapacityError, Internal"):
        emulator.add_job_fault("job", "Capacity")


def test_fifty_jobs_run_at_the_same_time(aws, emulator):
    emulator.settings.default_quota = 50
    for number in range(50):
        aws.create(f"job-{number}", script=f"echo {number}; sleep 0.2")
    for number in range(50):
        assert aws.wait(f"job-{number}")["TrainingJobStatus"] == "Completed"
        assert aws.wait_for_lines(1, f"job-{number}") == [str(number)]
