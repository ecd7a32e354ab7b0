import json
import queue
import socket
import subprocess
import sys
import threading
import time

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tunekit_core import ConfigurationError, InvalidOption
from tunekit_sagemaker.aws.bucket import find_bucket
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.aws.errors import code_of
from tunekit_sagemaker.aws.rates import RATES, Rate, TokenBucket
from tunekit_sagemaker.aws.role import find_role
from tunekit_sagemaker.emulator import Emulator

TRUSTS_SAGEMAKER = json.dumps({"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]})
TRUSTS_PEOPLE = json.dumps({"Statement": [{"Principal": {"AWS": "123456789012"}}]})


@pytest.fixture
def clients():
    with mock_aws():
        yield Clients("eu-west-1")


# The clients


def test_the_plugin_is_imported_without_boto3():
    modules = ["aws.bucket", "aws.clients", "aws.errors", "aws.names", "aws.rates", "aws.role", "jobs.job_client"]
    modules += ["jobs.log_tail", "jobs.report_lines"]
    code = "".join(f"import tunekit_sagemaker.{name}\n" for name in modules)
    subprocess.run([sys.executable, "-c", f"{code}import sys\nassert 'botocore' not in sys.modules"], check=True)


@pytest.mark.parametrize("variable", ["AWS_DEFAULT_REGION", "AWS_REGION"])
def test_the_region_is_that_of_the_environment(monkeypatch, variable):
    monkeypatch.setenv(variable, "us-west-2")
    assert Clients().region == "us-west-2"
    assert Clients("eu-west-1").region == "eu-west-1"


def test_without_a_region_the_option_is_named():
    with pytest.raises(InvalidOption, match=r"backend.region=None leaves open .*: type backend.region=us-east-1, for"):
        Clients()


def test_a_region_that_does_not_exist_is_told_with_one_that_does():
    with pytest.raises(
        InvalidOption, match=r"^backend.region='eu-wst-1' is none that .* Did you mean 'eu-west-1'\? They are af-"
    ):
        Clients("eu-wst-1")


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "eu-central-1"])
def test_all_parts_of_aws_are_known(region):
    assert Clients(region).region == region


def test_a_profile_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(InvalidOption, match="AWS_PROFILE='nobody' names no profile"):
        Clients("eu-west-1")


@pytest.mark.parametrize(("service", "attempts"), [("sagemaker", 2), ("s3", 6), ("sts", 6), ("iam", 6), ("logs", 2)])
def test_a_client_waits_and_asks_again(service, attempts):
    clients = Clients("eu-west-1")
    client = getattr(clients, service)
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 60)
    assert config.retries["total_max_attempts"] == attempts
    assert config.retries["mode"] == "standard"
    assert client is getattr(clients, service)


def test_without_credentials_it_is_told_what_to_type(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=r"AWS cannot be asked: Unable to locate credentials. Type `aws conf"):
        find_bucket(Clients("eu-west-1"))


def test_credentials_that_have_expired_are_told(clients):
    stub = Stubber(clients.sts)
    stub.add_client_error("get_caller_identity", "ExpiredToken", "The security token is expired")
    with stub, pytest.raises(ConfigurationError, match=r"The security token is expired. Type `aws configure` or `aws"):
        find_role(clients)


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "ExpiredToken"])
def test_where_an_address_takes_the_place_of_aws_it_is_told_how_to_start_what_answers_there(clients, monkeypatch, code):
    stub = Stubber(clients.sts)
    stub.add_client_error("get_caller_identity", code, "The security token is invalid")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5566")
    with stub, pytest.raises(ConfigurationError) as told:
        clients.identity()
    assert str(told.value).endswith(
        "is invalid. AWS_ENDPOINT_URL=http://127.0.0.1:5566 takes the place of AWS. Type `python -m tunekit "
        "sagemaker-emulator` in another shell and its exports here; for AWS itself `unset "
        "AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY`."
    )


def test_an_emulator_that_does_not_run_is_told_as_such(monkeypatch):
    with socket.socket() as closed:  # bound, and does not listen: nobody answers there
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setattr("tunekit_sagemaker.aws.clients.ATTEMPTS", 1)
        with pytest.raises(ConfigurationError, match=f"Could not connect .* AWS_ENDPOINT_URL={address} takes the"):
            Clients("eu-west-1").identity()


# Interruptions


def interrupt_who_holds_the_lock_of_a_queue(frame, event, _):
    """Raise what a Ctrl-C raises where the lock is taken, and nothing would release it."""
    takes_it = frame.f_code is threading.Condition.__enter__.__code__
    if takes_it and frame.f_back.f_code is queue.Queue.get.__code__ and event == "return":
        raise KeyboardInterrupt
    return interrupt_who_holds_the_lock_of_a_queue


def test_an_interruption_at_any_moment_of_a_call_leaves_no_lock_that_is_waited_for():
    ended = []

    def ask():
        clients = Clients("eu-west-1")
        sys.settrace(interrupt_who_holds_the_lock_of_a_queue)
        try:
            clients.identity()
        except (KeyboardInterrupt, ConfigurationError) as error:
            ended.append(error)
        finally:
            sys.settrace(None)

    with Emulator() as emulator, pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert ended == []  # there was no lock to be interrupted at


# Rates


def test_who_comes_too_often_waits():
    waited = []
    bucket = TokenBucket(Rate(2.0, 3), now=lambda: 100.0, sleep=waited.append)
    for _ in range(6):
        bucket.take()
    assert waited == [0.5, 1.0, 1.5]


def test_who_has_waited_long_may_come_at_once_again():
    times, waited = iter([0.0, 0.0, 0.0, 10.0, 10.0, 10.0]), []
    bucket = TokenBucket(Rate(1.0, 2), now=lambda: next(times), sleep=waited.append)
    for _ in range(5):
        bucket.take()
    assert waited == [1.0]


def test_several_tuners_share_a_rate():
    assert Rate(6.0, 10).shared_by(3) == Rate(2.0, 3)
    assert Rate(1.0, 2).shared_by(30) == Rate(1 / 30, 1)


@pytest.mark.parametrize("name", RATES)
def test_rates_are_of_operations_that_exist(name):
    service, operation = name
    client = getattr(Clients("eu-west-1"), service)
    assert operation in client.meta.service_model.operation_names


def test_a_client_keeps_the_rate_of_an_operation(clients, monkeypatch):
    monkeypatch.setitem(RATES, ("sagemaker", "ListTrainingJobs"), Rate(2.5, 1))
    monkeypatch.setitem(RATES, ("logs", "DescribeLogStreams"), Rate(2.5, 1))
    began = time.monotonic()
    for _ in range(3):
        clients.sagemaker.list_training_jobs()
    assert time.monotonic() - began > 0.8
    clients.logs.create_log_group(logGroupName="group")
    began = time.monotonic()
    for _ in range(3):
        clients.logs.describe_log_streams(logGroupName="group")
    assert time.monotonic() - began > 0.8


# The role


def make_role(clients, name, path="/", trust=TRUSTS_SAGEMAKER):
    return clients.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)["Role"]["Arn"]


def session(clients, arn):
    """Have a process that has assumed a role."""
    stub = Stubber(clients.sts)
    stub.add_response("get_caller_identity", {"Account": "123456789012", "Arn": arn, "UserId": "A"})
    stub.activate()


def test_the_role_that_is_given_is_taken(clients, monkeypatch):
    monkeypatch.setenv("TUNEKIT_SAGEMAKER_ROLE", "arn:aws:iam::123456789012:role/other")
    assert find_role(clients, "arn:aws:iam::123456789012:role/mine") == "arn:aws:iam::123456789012:role/mine"
    assert find_role(clients) == "arn:aws:iam::123456789012:role/other"


def test_a_name_is_no_role(clients):
    with pytest.raises(InvalidOption, match=r"^backend.role='mine' is no role: give its ARN, as in arn:aws:iam::"):
        find_role(clients, "mine")


def test_within_a_job_it_is_that_of_the_job(clients, monkeypatch):
    monkeypatch.setenv("TRAINING_JOB_NAME", "tuner")
    stub = Stubber(clients.sagemaker)
    stub.add_client_error("describe_training_job", "AccessDeniedException")
    with stub, pytest.raises(clients.sagemaker.exceptions.ClientError):
        find_role(clients)
    arn = make_role(clients, "tuners")
    clients.sagemaker.create_training_job(
        TrainingJobName="tuner",
        RoleArn=arn,
        AlgorithmSpecification={"TrainingImage": "i", "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://bucket/"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    assert find_role(clients) == arn


def test_in_a_notebook_it_is_that_of_the_notebook(clients):
    arn = make_role(clients, "notebooks", "/teams/")
    session(clients, "arn:aws:sts::123456789012:assumed-role/notebooks/SageMaker")
    assert find_role(clients) == arn


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("AmazonSageMaker-ExecutionRole-20261126", "service-role/AmazonSageMaker-ExecutionRole-20261126"),
        ("our-sagemaker-notebooks", "our-sagemaker-notebooks"),
    ],
)
def test_a_notebook_need_not_be_allowed_to_read_its_role(clients, name, role):
    session(clients, f"arn:aws:sts::123456789012:assumed-role/{name}/SageMaker")
    stub = Stubber(clients.iam)
    stub.add_client_error("get_role", "AccessDenied")
    with stub:
        assert find_role(clients) == f"arn:aws:iam::123456789012:role/{role}"


def test_a_role_that_people_have_is_none_for_jobs(clients):
    make_role(clients, "AWSReservedSSO_Admin", trust=TRUSTS_PEOPLE)
    session(clients, "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin/me")
    made = make_role(clients, "AmazonSageMaker-ExecutionRole-1", "/service-role/")
    assert find_role(clients) == made


def test_all_pages_of_roles_are_read(clients):
    for number in range(150):
        make_role(clients, f"A-{number:03}", "/service-role/")
    arn = make_role(clients, "Z-AmazonSageMaker-ExecutionRole-1", "/service-role/")
    assert find_role(clients) == arn


@pytest.mark.parametrize("code", [None, "AccessDenied"])
def test_without_a_role_the_option_is_named(clients, code):
    stub = Stubber(clients.iam)
    if code is None:
        stub.add_response("list_roles", {"Roles": [], "IsTruncated": False})
    else:
        stub.add_client_error("list_roles", code)
    with (
        stub,
        pytest.raises(
            InvalidOption,
            match=r"^backend.role=None .* Type backend.role=arn:aws:iam::123456789012:role/NAME with one that",
        ),
    ):
        find_role(clients)


# The bucket


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_the_bucket_of_sagemaker_is_created_once(region):
    with mock_aws():
        for _ in range(2):
            assert find_bucket(Clients(region)) == f"sagemaker-{region}-123456789012"
        found = boto3.client("s3", region).get_bucket_location(Bucket=f"sagemaker-{region}-123456789012")
        assert found["LocationConstraint"] == (None if region == "us-east-1" else region)


@pytest.mark.parametrize("code", ["BucketAlreadyOwnedByYou", "OperationAborted"])
def test_two_may_create_the_bucket_at_the_same_time(clients, code):
    name = "sagemaker-eu-west-1-123456789012"
    stub = Stubber(clients.s3)
    stub.add_client_error("head_bucket", "404", expected_params={"Bucket": name, "ExpectedBucketOwner": "123456789012"})
    stub.add_client_error("create_bucket", code)
    stub.add_response("head_bucket", {"ResponseMetadata": {"HTTPStatusCode": 200}}, {"Bucket": name})
    with stub:
        assert find_bucket(clients) == name


def test_a_bucket_that_another_account_has_taken_is_refused(clients):
    stub = Stubber(clients.s3)
    stub.add_client_error("head_bucket", "403")
    message = r"^backend.s3_bucket=None stands for sagemaker-eu-west-1-123456789012, which may not be used: it belongs"
    with stub, pytest.raises(InvalidOption, match=message):
        find_bucket(clients)


def test_a_bucket_that_was_named_is_not_created(clients):
    message = (
        "^backend.s3_bucket='our-data' names no bucket. Create it with `aws s3 mb s3://our-data --region eu-west-1`, or"
    )
    with pytest.raises(InvalidOption, match=message):
        find_bucket(clients, "our-data")
    clients.s3.create_bucket(Bucket="our-data", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert find_bucket(clients, "our-data") == "our-data"


def test_a_bucket_elsewhere_is_refused(clients):
    stub = Stubber(clients.s3)
    stub.add_response("head_bucket", {"BucketRegion": "eu-central-1"}, {"Bucket": "our-data"})
    with (
        stub,
        pytest.raises(
            InvalidOption,
            match=r"^backend.s3_bucket=.* lies in eu-central-1, and jobs run in eu-west-1: type backend.region=eu-c",
        ),
    ):
        find_bucket(clients, "our-data")


def test_who_may_write_below_a_prefix_alone_may_use_the_bucket(clients):
    stub = Stubber(clients.s3)
    stub.add_client_error("head_bucket", "403")
    with stub:
        assert find_bucket(clients, "our-data") == "our-data"


def test_an_error_that_is_none_of_aws_has_no_code():
    assert code_of(ValueError("x")) == ""
