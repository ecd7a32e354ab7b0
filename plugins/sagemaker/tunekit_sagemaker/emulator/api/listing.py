"""Which jobs are listed, in which order, and in pages."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tunekit_sagemaker.emulator.errors import invalid
from tunekit_sagemaker.emulator.job import Job

PAGE = 10  # entries, where a request for a list does not say how many
KEYS: Mapping[str, Callable[[Job], Any]] = {
    "CreationTime": lambda job: job.created,
    "Name": lambda job: job.name,
    "Status": lambda job: job.status,
}


def listed(jobs: Sequence[Job], request: Mapping[str, Any]) -> tuple[list[Job], str | None]:
    """A page of ``ListTrainingJobs``, and the token of the next if there is one."""
    fitting = [job for job in jobs if _fits(job, request)]
    key = KEYS[request.get("SortBy", "CreationTime")]
    fitting.sort(key=lambda job: (key(job), job.name), reverse=request.get("SortOrder") == "Descending")
    return page(fitting, request, PAGE)


def page(jobs: Sequence[Job], request: Mapping[str, Any], default: int) -> tuple[list[Job], str | None]:
    """A page of jobs that are in order, and the token of the next.

    The token names the last job of the page, so that jobs which are created meanwhile repeat nothing.
    """
    first = 0
    if request.get("NextToken"):
        last, position = _read_token(request["NextToken"])
        names = [job.name for job in jobs]
        first = names.index(last) + 1 if last in names else position
    end = first + request.get("MaxResults", default)
    chosen = list(jobs[first:end])
    return chosen, _token(chosen[-1].name, end) if end < len(jobs) else None


def _fits(job: Job, request: Mapping[str, Any]) -> bool:
    tests: Mapping[str, Callable[[Any], bool]] = {
        "NameContains": lambda text: text.lower() in job.name.lower(),
        "StatusEquals": lambda status: job.status == status,
        "CreationTimeAfter": lambda moment: job.created >= moment,
        "CreationTimeBefore": lambda moment: job.created <= moment,
        "LastModifiedTimeAfter": lambda moment: job.last_modified >= moment,
        "LastModifiedTimeBefore": lambda moment: job.last_modified <= moment,
        "WarmPoolStatusEquals": lambda status: (
            job.warm_pool is not None and job.warm_pool.status(time.time()) == status
        ),
        "TrainingPlanArnEquals": lambda arn: False,
    }
    return all(test(request[name]) for name, test in tests.items() if name in request)


def _token(name: str, position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, position]).encode()).decode()


def _read_token(token: str) -> tuple[str, int]:
    try:
        name, position = json.loads(base64.urlsafe_b64decode(token))
        return str(name), int(position)
    except (ValueError, TypeError, binascii.Error) as error:
        raise invalid("The NextToken is invalid.") from error
