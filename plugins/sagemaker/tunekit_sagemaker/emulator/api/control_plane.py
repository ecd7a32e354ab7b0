"""The operations of SageMaker that the emulator has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tunekit_sagemaker.aws.limits import check_request, service_model
from tunekit_sagemaker.emulator.account import Account
from tunekit_sagemaker.emulator.api import descriptions
from tunekit_sagemaker.emulator.api.listing import listed
from tunekit_sagemaker.emulator.api.search import search
from tunekit_sagemaker.emulator.api.unsupported import unsupported
from tunekit_sagemaker.emulator.errors import ApiError, invalid
from tunekit_sagemaker.emulator.job import TERMINAL, Job, WarmPool
from tunekit_sagemaker.emulator.settings import Settings

Request = Mapping[str, Any]
Answer = dict[str, Any]
MOST_TAGS = 50


class ControlPlane:
    """Answers requests about training jobs.

    Args:
        account: Holds the jobs.
        settings: How the emulator behaves.
        start: Has a new job run.
        on_change: Called with a job whenever its secondary status has changed.
    """

    def __init__(
        self, account: Account, settings: Settings, start: Callable[[Job], None], on_change: Callable[[Job], None]
    ) -> None:
        self._account = account
        self._settings = settings
        self._start = start
        self._on_change = on_change
        self._operations: dict[str, Callable[[str, Request], Answer]] = {
            "AddTags": self._add_tags,
            "CreateTrainingJob": self._create,
            "DeleteTrainingJob": self._delete,
            "DescribeTrainingJob": self._describe,
            "ListTags": self._list_tags,
            "ListTrainingJobs": self._list,
            "Search": self._search,
            "StopTrainingJob": self._stop,
            "UpdateTrainingJob": self._update,
        }

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of those that there are."""
        return tuple(self._operations)

    def carry_out(self, operation: str, region: str, request: Any) -> Answer:
        """Answer one request.

        Raises:
            ApiError: If AWS would refuse it, or the emulator does not have what it asks for.
        """
        carry_out = self._operations.get(operation)
        if carry_out is None:
            known = operation in service_model().operation_names
            text = f"The emulator has no {operation}; it has {', '.join(self._operations)}."
            raise ApiError("UnknownOperationException", text if known else f"SageMaker has no operation {operation!r}.")
        problems = check_request(operation, request)
        if problems:
            count = "1 validation error" if len(problems) == 1 else f"{len(problems)} validation errors"
            raise invalid(f"{count} detected: {'; '.join(problems)}")
        return carry_out(region, request)

    def _create(self, region: str, request: Request) -> Answer:
        problem = unsupported(request)
        if problem:
            raise invalid(problem)
        for metric in request["AlgorithmSpecification"].get("MetricDefinitions", ()):
            try:
                re.compile(metric["Regex"])
            except re.error as error:
                raise invalid(f"The Regex of the metric '{metric['Name']}' is invalid: {error}.") from error
        resources = request["ResourceConfig"]
        first = resources.get("InstancePreferences", [resources])[0]
        job = Job(
            region=region,
            request={name: value for name, value in request.items() if name != "Tags"},
            on_change=self._on_change,
            instance_type=first["InstanceType"],
            instance_count=first.get("InstanceCount", resources.get("InstanceCount")),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", ())},
        )
        if resources.get("KeepAlivePeriodInSeconds"):
            job.warm_pool = WarmPool(keep_alive=resources["KeepAlivePeriodInSeconds"])
        self._account.add(job)
        self._start(job)
        return {"TrainingJobArn": job.arn}

    def _describe(self, region: str, request: Request) -> Answer:
        return descriptions.description(self._account.get(region, request["TrainingJobName"]))

    def _stop(self, region: str, request: Request) -> Answer:
        job = self._account.get(region, request["TrainingJobName"])
        if not job.ask_to_stop("Stopped"):
            raise invalid(f"The request was rejected because the training job is in status {job.status}.")
        return {}

    def _delete(self, region: str, request: Request) -> Answer:
        job = self._account.get(region, request["TrainingJobName"])
        if job.status not in TERMINAL:
            raise ApiError("ResourceInUse", f"The training job {job.arn} is in status {job.status}: stop it first.")
        pool = descriptions.summary(job).get("WarmPoolStatus", {})
        if pool.get("Status") == "Available":
            raise ApiError("ResourceInUse", f"The training job {job.arn} retains an available warm pool.")
        self._account.remove(job)
        return {}

    def _update(self, region: str, request: Request) -> Answer:
        job = self._account.get(region, request["TrainingJobName"])
        others = set(request) - {"TrainingJobName", "ResourceConfig"}
        if others:
            raise invalid(f"The emulator updates 'ResourceConfig' alone: leave out {', '.join(sorted(others))}.")
        status = descriptions.summary(job).get("WarmPoolStatus", {}).get("Status")
        if job.warm_pool is None or status not in ("Available", "InUse"):
            raise invalid(f"The training job {job.name} has no warm pool whose retention could be changed.")
        with job.changed:
            job.warm_pool.keep_alive = request["ResourceConfig"]["KeepAlivePeriodInSeconds"]
        return {"TrainingJobArn": job.arn}

    def _list(self, region: str, request: Request) -> Answer:
        jobs, token = listed(self._account.jobs(region), request)
        return {"TrainingJobSummaries": [descriptions.summary(job) for job in jobs], **_next(token)}

    def _search(self, region: str, request: Request) -> Answer:
        results, token, hits = search(self._account.jobs(region), request, self._settings.delays.search)
        return {"Results": results, "TotalHits": {"Value": hits, "Relation": "EqualTo"}, **_next(token)}

    def _list_tags(self, region: str, request: Request) -> Answer:
        return {"Tags": descriptions.tags(self._account.by_arn(request["ResourceArn"]))}

    def _add_tags(self, region: str, request: Request) -> Answer:
        job = self._account.by_arn(request["ResourceArn"])
        with job.changed:
            tags = {**job.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
            if len(tags) > MOST_TAGS:
                raise ApiError("ResourceLimitExceeded", f"A resource has {MOST_TAGS} tags at most.")
            job.tags = tags
        return {"Tags": descriptions.tags(job)}


def _next(token: str | None) -> Answer:
    return {} if token is None else {"NextToken": token}
