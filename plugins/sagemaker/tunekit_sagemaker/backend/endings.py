"""What the end of a job means for the trial."""

from __future__ import annotations

from tunekit_core import Cause
from tunekit_sagemaker.jobs.report_lines import LoggedEnd
from tunekit_sagemaker.jobs.statuses import COMPLETED, STOPPED, TIME_LIMITS, JobEnd

# How SageMaker begins the reason of a failure.
BY_REQUEST = "ClientError"
BY_MACHINES = "InternalServerError"
WITHOUT_CAPACITY = "CapacityError"


def cause_of_end(end: JobEnd | None, marker: LoggedEnd | None, *, may_end: bool, is_cut_off: bool) -> Cause | None:
    """Why a run failed; ``None`` if it did not.

    Args:
        end: Of its job; ``None`` if there is no such job any more.
        marker: What the bootstrap has said at the end; ``None`` if it did not get that far.
        may_end: Whether it was asked to end, or has come to where it was sent: then whatever comes of it is no failure.
        is_cut_off: Whether its job was stopped with the process that tuned before: then it is begun again.
    """
    if may_end or (end is not None and end.status.status == COMPLETED):
        return None
    if end is None or end.status.status == STOPPED:
        was_ended_with_tuner = is_cut_off and end is not None and end.status.was_stopped
        return Cause.INFRASTRUCTURE if was_ended_with_tuner else Cause.LIMIT
    if marker is not None and not marker.asked:
        return Cause.SCRIPT
    return Cause.INFRASTRUCTURE if end.failure.startswith(BY_MACHINES) else Cause.SCRIPT


def reason_of_end(end: JobEnd | None, *, is_cut_off: bool) -> str:
    """Why a run failed, for people: of a program that has failed, with the end of what it wrote as errors."""
    if end is None:
        return "its training job was deleted."
    if end.status.status == STOPPED:
        limit = TIME_LIMITS.get(end.status.secondary)
        by_whom = "with the process that tuned before" if is_cut_off else "by somebody else"
        return f"{limit}." if limit else f"its training job was stopped {by_whom}."
    return end.failure.strip() or "its training job has failed, without a reason."


def lacks_capacity(end: JobEnd | None) -> bool:
    """Whether SageMaker had no instance for a job: that is no failure, it has to wait."""
    return end is not None and not end.has_run and end.failure.startswith(WITHOUT_CAPACITY)


def meets_every_trial(end: JobEnd | None) -> bool:
    """Whether the request itself was wrong, such as its image or a bucket: other trials would fail like this one."""
    return end is not None and not end.has_run and end.failure.startswith(BY_REQUEST)
