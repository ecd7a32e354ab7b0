"""What the emulator refuses and answers is what SageMaker would, as botocore describes it."""

import json
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from tunekit_sagemaker.aws.limits import service_model
from tunekit_sagemaker.emulator import Delays

SLOW = Delays(starting=60)


@pytest.fixture
def waiting(emulator):
    """Jobs stay where they begin."""
    emulator.settings.delays = SLOW


def error(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return refused.value.response["Error"]


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"TrainingJobName": "a_b"}, "Value 'a_b' at 'trainingJobName' failed to satisfy constraint: Member must "),
        ({"TrainingJobName": "a" * 64}, "Member must have length less than or equal to 63"),
        ({"Environment": {"A": "x" * 513}}, "Value at 'environment.A.value' failed to satisfy constraint"),
        ({"HyperParameters": {"a": "x" * 257}}, "Value at 'hyperParameters.a.value' failed to satisfy constraint"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.larg", "InstanceCount": 1}}, "'resourceConfig.instanceType'"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 0}}, "'resourceConfig.instanceCount'"),
        (
            {"MlflowConfig": {"MlflowResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/a"}},
            "The emulator does not have MlflowConfig.",
        ),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://bucket/o", "CompressionType": "NONE"}},
            "The emulator does not have OutputDataConfig.CompressionType=NONE.",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/tmp/c"}},
            "The emulator does not have CheckpointConfig.LocalPath. Here it has to be in /opt/ml.",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused(aws, changes, problem):
    name = changes.pop("TrainingJobName", "job")
    found = error(aws.create, name=name, **changes)
    assert found["Code"] == "ValidationException"
    assert problem in found["Message"]


def test_several_problems_are_counted(aws):
    found = error(aws.create, name="a_b", Environment={"A-B": "c"})
    assert found["Message"].startswith("2 validation errors detected: Value 'a_b' at 'trainingJobName'")


def test_a_regex_that_is_none_is_refused(aws):
    metrics = [{"Name": "loss", "Regex": "("}]
    algorithm = {"TrainingImage": "image", "TrainingInputMode": "File", "MetricDefinitions": metrics}
    found = error(aws.create, AlgorithmSpecification=algorithm)
    assert found["Message"].startswith("The Regex of the metric 'loss' is invalid: ")


def test_an_unknown_field_is_refused(aws):
    """Which botocore would refuse itself, if it knew less than the service."""
    client = aws.client("sagemaker")
    client.meta.events.register("before-call.sagemaker", lambda params, **_: params.update(body=b'{"Unknown": 1}'))
    found = error(client.list_training_jobs)
    assert found["Message"].startswith("1 validation error detected: Unknown member 'Unknown': Members are NextToken, ")


def test_an_operation_that_the_emulator_does_not_have_is_refused(aws):
    found = error(aws.sagemaker.list_models)
    assert found["Code"] == "UnknownOperationException"
    assert found["Message"].startswith("The emulator has no ListModels; it has AddTags, CreateTrainingJob, ")


def test_a_name_is_taken_once_it_was_used(aws):
    arn = aws.run()["TrainingJobArn"]
    assert error(aws.create) == {
        "Code": "ResourceInUse",
        "Message": "Training job names must be unique within an AWS account and region, and a training job with this "
        f"name already exists ({arn})",
    }


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job", "delete_training_job"])
def test_a_job_that_does_not_exist_is_a_validation_error(aws, operation):
    found = error(getattr(aws.sagemaker, operation), TrainingJobName="nobody")
    assert found == {"Code": "ValidationException", "Message": "Requested resource not found."}


def test_a_request_that_is_not_signed_is_refused(emulator):
    """Whoever may send one runs programs as this user."""
    target = {"X-Amz-Target": "SageMaker.ListTrainingJobs", "Content-Type": "application/x-amz-json-1.1"}
    for path, headers in (("/", target), ("/bucket/key", {}), ("/moto-api/reset", {})):
        asked = urllib.request.Request(emulator.url + path, data=b"{}", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
        assert refused.value.code == 403
        refused.value.close()


def test_the_key_of_another_emulator_is_refused(aws):
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        aws.client("s3", key="EMU0000").list_buckets()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        aws.client("sagemaker", key="EMU0000").list_training_jobs()


# --- quotas


def test_a_quota_is_worded_as_by_aws(aws, emulator, waiting):
    emulator.settings.quotas = {"ml.m5.large": 2}
    aws.create("first")
    aws.create("second")
    assert error(aws.create, name="third") == {
        "Code": "ResourceLimitExceeded",
        "Message": "The account-level service limit 'ml.m5.large for training job usage' is 2 Instances, with current "
        "utilization of 2 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an "
        "increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase "
        "for this quota.",
    }


def test_a_quota_is_free_again_when_a_job_has_ended(aws, emulator):
    emulator.settings.quotas = {"ml.m5.large": 1}
    aws.run("first")
    assert aws.run("second")["TrainingJobStatus"] == "Completed"


def test_a_name_that_was_refused_for_a_quota_is_not_taken(aws, emulator):
    emulator.settings.quotas = {"ml.m5.large": 0}
    error(aws.create)
    emulator.settings.quotas = {}
    assert aws.run()["TrainingJobStatus"] == "Completed"


def test_spot_instances_have_a_quota_of_their_own(aws, emulator, waiting):
    emulator.settings.quotas = {"ml.m5.large": 1}
    spot = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
    }
    aws.create("on-demand")
    aws.create("spot", **spot)
    assert (
        "'ml.m5.large for spot training job usage' is 1 Instances" in error(aws.create, name="more", **spot)["Message"]
    )


def test_other_types_have_a_default_quota(aws, emulator, waiting):
    emulator.settings.default_quota = 3
    resources = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 4, "VolumeSizeInGB": 30}
    assert "is 3 Instances" in error(aws.create, ResourceConfig=resources)["Message"]


# --- lists


@pytest.fixture
def five(aws, waiting):
    for number in (3, 1, 4, 2, 5):
        aws.create(f"job-{number}")
    return aws


def names(answer):
    return [job["TrainingJobName"] for job in answer["TrainingJobSummaries"]]


def test_jobs_are_listed_in_the_order_of_their_creation(five):
    assert names(five.sagemaker.list_training_jobs()) == ["job-3", "job-1", "job-4", "job-2", "job-5"]


def test_jobs_are_listed_in_the_order_that_is_asked_for(five):
    listed = five.sagemaker.list_training_jobs(SortBy="Name", SortOrder="Descending")
    assert names(listed) == ["job-5", "job-4", "job-3", "job-2", "job-1"]


def test_pages_hold_each_job_once(five):
    pages = five.sagemaker.get_paginator("list_training_jobs").paginate(SortBy="Name", PaginationConfig={"PageSize": 2})
    assert [names(page) for page in pages] == [["job-1", "job-2"], ["job-3", "job-4"], ["job-5"]]


def test_a_job_that_is_created_meanwhile_repeats_nothing_on_the_next_page(five):
    first = five.sagemaker.list_training_jobs(SortOrder="Descending", MaxResults=2)
    five.create("job-6")
    second = five.sagemaker.list_training_jobs(SortOrder="Descending", MaxResults=2, NextToken=first["NextToken"])
    assert (names(first), names(second)) == (["job-5", "job-2"], ["job-4", "job-1"])


def test_a_token_that_is_none_is_refused(five):
    assert error(five.sagemaker.list_training_jobs, NextToken="x")["Message"] == "The NextToken is invalid."


def test_lists_have_10_jobs_where_nothing_is_said(aws, waiting):
    for number in range(12):
        aws.create(f"job-{number}")
    assert len(names(aws.sagemaker.list_training_jobs())) == 10


def test_jobs_are_filtered_by_what_their_names_contain(five):
    assert names(five.sagemaker.list_training_jobs(NameContains="B-4")) == ["job-4"]


def test_filters_come_before_pages(five):
    listed = five.sagemaker.list_training_jobs(NameContains="job-5", MaxResults=1)
    assert names(listed) == ["job-5"]
    assert "NextToken" not in listed


def test_jobs_are_filtered_by_their_status(five):
    five.stop("job-4")
    five.wait("job-4")
    assert names(five.sagemaker.list_training_jobs(StatusEquals="Stopped")) == ["job-4"]


def test_jobs_are_filtered_by_times(five, emulator):
    for job in emulator.jobs[:3]:
        job.created -= 3600
        job.last_modified -= 60
    hour, minute = time.time() - 1800, time.time() - 30  # boto3 sends whole seconds
    assert names(five.sagemaker.list_training_jobs(CreationTimeAfter=hour)) == ["job-2", "job-5"]
    assert names(five.sagemaker.list_training_jobs(CreationTimeBefore=hour)) == ["job-3", "job-1", "job-4"]
    assert names(five.sagemaker.list_training_jobs(LastModifiedTimeAfter=minute)) == ["job-2", "job-5"]
    assert names(five.sagemaker.list_training_jobs(LastModifiedTimeBefore=minute)) == ["job-3", "job-1", "job-4"]


def test_summaries_carry_the_secondary_status(five):
    assert five.sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["SecondaryStatus"] == "Starting"


def test_a_region_has_jobs_of_its_own(aws, waiting):
    aws.create()
    elsewhere = aws.client("sagemaker", region="eu-west-1")
    assert names(elsewhere.list_training_jobs()) == []
    assert names(aws.sagemaker.list_training_jobs()) == ["job"]


# --- search


def search(aws, *filters, operator="And", **options):
    expression = {"Filters": [dict(zip(("Name", "Operator", "Value"), one, strict=False)) for one in filters]}
    answer = aws.sagemaker.search(
        Resource="TrainingJob", SearchExpression={**expression, "Operator": operator}, **options
    )
    return sorted(result["TrainingJob"]["TrainingJobName"] for result in answer["Results"])


def test_search_finds_what_fits_any_filter(five):
    filters = [("TrainingJobName", "Equals", "job-1"), ("TrainingJobName", "Equals", "job-2")]
    assert search(five, *filters, operator="Or") == ["job-1", "job-2"]


def test_search_finds_what_fits_all_filters(five):
    filters = [("TrainingJobName", "Contains", "job"), ("TrainingJobName", "NotEquals", "job-2")]
    assert search(five, *filters) == ["job-1", "job-3", "job-4", "job-5"]


def test_search_finds_what_is_in_a_list(five):
    assert search(five, ("TrainingJobName", "In", "job-1,job-5,job-9")) == ["job-1", "job-5"]


def test_search_finds_tags_and_hyperparameters(aws, waiting):
    aws.create("a", Tags=[{"Key": "tunekit:trial", "Value": "7"}], HyperParameters={"lr": "0.1"})
    aws.create("b", HyperParameters={"lr": "0.2"})
    assert search(aws, ("Tags.tunekit:trial", "Equals", "7")) == ["a"]
    assert search(aws, ("Tags.tunekit:trial", "Exists")) == ["a"]
    assert search(aws, ("HyperParameters.lr", "GreaterThan", "0.15")) == ["b"]
    assert search(aws, ("CreationTime", "GreaterThan", "2020-01-01T00:00:00")) == ["a", "b"]


def test_search_has_pages(five):
    everything = {"Resource": "TrainingJob", "SortBy": "TrainingJobName", "SortOrder": "Ascending", "MaxResults": 3}
    first = five.sagemaker.search(**everything)
    second = five.sagemaker.search(**everything, NextToken=first["NextToken"])
    found = [[result["TrainingJob"]["TrainingJobName"] for result in one["Results"]] for one in (first, second)]
    assert found == [["job-1", "job-2", "job-3"], ["job-4", "job-5"]]
    assert first["TotalHits"] == {"Value": 5, "Relation": "EqualTo"}


def test_the_index_of_search_may_lag(aws, emulator):
    emulator.settings.delays = Delays(starting=60, search=60)
    aws.create()
    assert search(aws, ("TrainingJobName", "Exists")) == []


def test_subexpressions_are_combined(five):
    inner = {"Filters": [{"Name": "TrainingJobName", "Operator": "In", "Value": "job-1,job-2"}]}
    outer = {
        "SubExpressions": [inner],
        "Filters": [{"Name": "TrainingJobName", "Operator": "NotEquals", "Value": "job-1"}],
    }
    [result] = five.sagemaker.search(Resource="TrainingJob", SearchExpression=outer)["Results"]
    assert result["TrainingJob"]["TrainingJobName"] == "job-2"


# --- tags, deletion, warm pools


def test_tags_are_listed_and_added(aws, waiting):
    arn = aws.create(Tags=[{"Key": "a", "Value": "1"}])
    aws.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "b", "Value": "3"},
    ]


def test_a_job_has_50_tags_at_most(aws, waiting):
    arn = aws.create(Tags=[{"Key": str(number), "Value": ""} for number in range(50)])
    found = error(aws.sagemaker.add_tags, ResourceArn=arn, Tags=[{"Key": "more", "Value": ""}])
    assert found["Code"] == "ResourceLimitExceeded"


def test_a_job_that_has_ended_can_be_deleted(aws):
    aws.run()
    aws.sagemaker.delete_training_job(TrainingJobName="job")
    assert error(aws.describe)["Message"] == "Requested resource not found."
    assert aws.run()["TrainingJobStatus"] == "Completed"  # AWS says that the name may be used again


def test_a_job_that_runs_cannot_be_deleted(aws, waiting):
    aws.create()
    assert error(aws.sagemaker.delete_training_job, TrainingJobName="job")["Code"] == "ResourceInUse"


def kept(seconds=600, **changes):
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    return {"ResourceConfig": {**resources, "KeepAlivePeriodInSeconds": seconds, **changes}}


def test_a_warm_pool_is_in_use_and_then_available(aws, tmp_path):
    aws.create(script=f"until test -e '{tmp_path}/it-may-end'; do sleep 0.02; done", **kept())
    assert aws.describe()["WarmPoolStatus"]["Status"] == "InUse"
    (tmp_path / "it-may-end").touch()
    assert aws.wait()["WarmPoolStatus"]["Status"] == "Available"
    assert names(aws.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")) == ["job"]


def test_a_job_that_asks_for_the_same_takes_the_warm_pool(aws, emulator):
    aws.run("first", **kept())
    emulator.settings.delays = SLOW
    aws.create("other", **kept(VolumeSizeInGB=31))
    assert aws.run("second", **kept())["TrainingJobStatus"] == "Completed"
    pool = aws.describe("first")["WarmPoolStatus"]
    assert (pool["Status"], pool["ReusedByJob"]) == ("Reused", "second")
    assert aws.describe("other")["SecondaryStatus"] == "Starting"


def test_a_warm_pool_ends_when_it_is_told_to(aws):
    aws.run(**kept())
    aws.sagemaker.update_training_job(TrainingJobName="job", ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    assert aws.describe()["WarmPoolStatus"]["Status"] == "Terminated"


def test_a_job_that_fails_leaves_no_warm_pool(aws):
    assert aws.run(script="exit 1", **kept())["WarmPoolStatus"]["Status"] == "Terminated"


def test_a_job_without_a_warm_pool_has_no_retention_to_change(aws):
    aws.run()
    found = error(
        aws.sagemaker.update_training_job, TrainingJobName="job", ResourceConfig={"KeepAlivePeriodInSeconds": 0}
    )
    assert found["Message"] == "The training job job has no warm pool whose retention could be changed."


# --- answers against the model


def test_every_answer_holds_what_the_model_says_and_nothing_else(aws, emulator):
    answers = []

    def check(model, parsed, **_):
        content = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
        problems = ParamValidator().validate(content, model.output_shape) if model.output_shape else None
        assert problems is None or not problems.has_errors(), f"{model.name}: {problems.generate_report()}"
        answers.append(model.name)

    aws.sagemaker.meta.events.register("after-call.sagemaker", check)
    emulator.add_job_fault("fails", "CapacityError")
    metrics = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]
    script = ["sh", "-c", "echo loss=0.5"]
    algorithm = {"TrainingImage": "image", "TrainingInputMode": "File", "MetricDefinitions": metrics}
    vpc = {"SecurityGroupIds": ["a"], "Subnets": ["b"]}
    aws.create("fails", RetryStrategy={"MaximumRetryAttempts": 1}, VpcConfig=vpc)
    arn = aws.create(
        "runs",
        AlgorithmSpecification={**algorithm, "ContainerEntrypoint": script},
        HyperParameters={"lr": "0.1"},
        Environment={"A": "b"},
        Tags=[{"Key": "a", "Value": "b"}],
        CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"},
        **kept(),
    )
    aws.wait("fails")
    aws.wait("runs")
    aws.sagemaker.list_training_jobs(MaxResults=1)
    aws.sagemaker.search(Resource="TrainingJob", MaxResults=1)
    aws.sagemaker.list_tags(ResourceArn=arn)
    aws.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    aws.sagemaker.update_training_job(TrainingJobName="runs", ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    aws.create("stops", script="sleep 60")
    aws.stop("stops")
    aws.sagemaker.delete_training_job(TrainingJobName="fails")
    assert set(answers) == {
        *("AddTags", "CreateTrainingJob", "DeleteTrainingJob", "DescribeTrainingJob", "ListTags"),
        *("ListTrainingJobs", "Search", "StopTrainingJob", "UpdateTrainingJob"),
    }


def test_what_is_sent_holds_no_member_that_the_model_does_not_know(aws, emulator):
    """boto3 drops such members, so the bytes are looked at."""
    raw = {}
    aws.sagemaker.meta.events.register(
        "after-call.sagemaker", lambda http_response, model, **_: raw.setdefault(model.name, http_response.content)
    )
    arn = aws.create(Tags=[{"Key": "a", "Value": "b"}], **kept())
    aws.wait()
    aws.sagemaker.list_training_jobs()
    aws.sagemaker.search(Resource="TrainingJob")
    aws.sagemaker.list_tags(ResourceArn=arn)
    for name in ("CreateTrainingJob", "DescribeTrainingJob", "ListTrainingJobs", "Search", "ListTags"):
        shape = service_model().operation_model(name).output_shape
        assert not ParamValidator().validate(json.loads(raw[name]), shape).has_errors(), name


def test_what_a_job_was_asked_for_comes_back(aws, waiting):
    aws.create(HyperParameters={"ü": "ä\u2028"})
    assert aws.describe()["HyperParameters"] == {"ü": "ä\u2028"}
