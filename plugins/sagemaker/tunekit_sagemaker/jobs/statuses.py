"""What becomes of a training job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
FINAL = frozenset({COMPLETED, FAILED, STOPPED})  # others are added now and then, and a job that has one is not over
TRAINING = "Training"
# Secondary ones. Before these an instance is being found, or the image is fetched.
RUNS = frozenset({TRAINING, "Uploading", "Stopping"})
TIME_LIMITS = {
    "MaxRuntimeExceeded": "it ran longer than backend.max_run allows",
    "MaxWaitTimeExceeded": "it waited for a spot instance, and ran, longer than backend.max_wait allows",
}


@attrs.frozen
class JobStatus:
    """How far a job has come.

    Attributes:
        status: The main one.
        secondary: What it does just now.
    """

    status: str
    secondary: str

    @property
    def is_final(self) -> bool:
        """Whether it is over: nothing of it runs any more, and its checkpoints are in S3."""
        return self.status in FINAL

    @property
    def has_begun(self) -> bool:
        """Whether its program runs, or has run."""
        return self.secondary in RUNS or self.status in (COMPLETED, STOPPED)


@attrs.frozen
class JobEnd:
    """How a job ended.

    Attributes:
        status: As above, a final one.
        failure: Why it failed, in the words of SageMaker; empty if it has not.
        has_run: Whether its program was started. An instance may have been had, and paid, without.
        billable_seconds: For which each of its instances is paid; ``None`` if none was.
        instance_type: On what it ran.
        instance_count: On how many of them.
        warm_seconds: For which each instance was kept after its end, as far as that is over.
    """

    status: JobStatus
    failure: str
    has_run: bool
    billable_seconds: float | None
    instance_type: str
    instance_count: int
    warm_seconds: float = 0.0


def status_of(job: Mapping[str, Any]) -> JobStatus:
    """The status in a description of a job, or in its line of a list."""
    return JobStatus(job["TrainingJobStatus"], job.get("SecondaryStatus", ""))


def end_of(job: Mapping[str, Any]) -> JobEnd:
    """The end in a description of a job that is over."""
    resources = job.get("ResourceConfig", {})
    return JobEnd(
        status_of(job),
        job.get("FailureReason", ""),
        any(each["Status"] == TRAINING for each in job.get("SecondaryStatusTransitions", ())),
        job.get("BillableTimeInSeconds"),
        resources.get("SelectedInstanceType") or resources.get("InstanceType", ""),
        resources.get("InstanceCount", 1),
        job.get("WarmPoolStatus", {}).get("ResourceRetainedBillableTimeInSeconds", 0.0),
    )
