"""What is answered about a job. Every member is one that botocore's description of the service knows."""

from __future__ import annotations

import math
import time
from typing import Any

from tunekit_sagemaker.aws.limits import service_model
from tunekit_sagemaker.emulator.job import DEFAULT_MAX_RUNTIME, TERMINAL, Job

Answer = dict[str, Any]


def description(job: Job) -> Answer:
    """The answer of ``DescribeTrainingJob``."""
    members = service_model().operation_model("DescribeTrainingJob").output_shape.members
    with job.changed:
        return {name: value for name, value in _all_of(job).items() if name in members}


def found(job: Job) -> Answer:
    """A result of ``Search``."""
    members = service_model().shape_for("TrainingJob").members
    with job.changed:
        everything = {**_all_of(job), "Tags": tags(job)}
    return {"TrainingJob": {name: value for name, value in everything.items() if name in members}}


def summary(job: Job) -> Answer:
    """An entry of ``ListTrainingJobs``."""
    with job.changed:
        everything = {**_all_of(job), **_warm_pool(job)}
    members = service_model().shape_for("TrainingJobSummary").members
    return {name: value for name, value in everything.items() if name in members}


def tags(job: Job) -> list[Answer]:
    """Its tags, as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in job.tags.items()]


def _all_of(job: Job) -> Answer:
    request = job.request
    algorithm = {**request["AlgorithmSpecification"]}
    algorithm["EnableSageMakerMetricsTimeSeries"] = algorithm.get("EnableSageMakerMetricsTimeSeries", False) or bool(
        algorithm.get("MetricDefinitions")
    )
    output = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **request,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
        "SecondaryStatusTransitions": _transitions(job),
        "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{job.name}/output/model.tar.gz"},
        "AlgorithmSpecification": algorithm,
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME, **request.get("StoppingCondition", {})},
        "ResourceConfig": _resources(job),
        "CreationTime": job.created,
        "LastModifiedTime": job.last_modified,
        **({"FailureReason": job.failure_reason} if job.failure_reason else {}),
        **_times(job),
        **_metrics(job),
        **_warm_pool(job),
    }


def _transitions(job: Job) -> list[Answer]:
    return [
        {
            "Status": one.status,
            "StartTime": one.start,
            **({} if one.end is None else {"EndTime": one.end}),
            "StatusMessage": one.message,
        }
        for one in job.transitions
    ]


def _resources(job: Job) -> Answer:
    resources = {**job.request["ResourceConfig"]}
    if "InstancePreferences" in resources and job.segments:
        resources |= {"SelectedInstanceType": job.instance_type, "SelectedInstanceCount": job.instance_count}
    return resources


def _times(job: Job) -> Answer:
    """A job that never had instances has no times, and what is billed is known when it has ended."""
    if not job.segments:
        return {}
    first, last = job.segments[0][0], job.segments[-1][1]
    if job.status not in TERMINAL or last is None:
        return {"TrainingStartTime": first}
    return {
        "TrainingStartTime": first,
        "TrainingEndTime": last,
        "TrainingTimeInSeconds": max(1, math.ceil(last - first)),
        "BillableTimeInSeconds": max(1, math.ceil(job.seconds_on_instances(last))),
    }


def _metrics(job: Job) -> Answer:
    metrics = [
        {"MetricName": name, "Value": value, "Timestamp": when} for name, (value, when) in job.final_metrics.items()
    ]
    return {"FinalMetricDataList": metrics} if metrics else {}


def _warm_pool(job: Job) -> Answer:
    pool = job.warm_pool
    if pool is None:
        return {}
    now = time.time()
    status = {"Status": pool.status(now), "ResourceRetainedBillableTimeInSeconds": pool.retained_seconds(now)}
    return {"WarmPoolStatus": status | ({"ReusedByJob": pool.reused_by} if pool.reused_by else {})}
