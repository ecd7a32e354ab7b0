"""How far the jobs of a study have come, what they found, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from tunekit_sagemaker.aws.errors import patiently
from tunekit_sagemaker.aws.prices import SECONDS_PER_HOUR
from tunekit_sagemaker.jobs.account import OF_BACKEND
from tunekit_sagemaker.jobs.statuses import TIME_LIMITS, JobStatus, end_of, status_of
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions
from tunekit_sagemaker.launcher.requests import PRICE
from tunekit_sagemaker.observer.metrics import VALUE
from tunekit_sagemaker.study.collecting import COMPLETED, FAILED
from tunekit_sagemaker.study.log import StudyJob
from tunekit_sagemaker.study.study import METADATA, Study, in_threads

NOT_BEGUN = "not begun"


@attrs.frozen(kw_only=True)
class JobState:
    """A job as it stands.

    Attributes:
        name: Of the training job.
        title: What is in it.
        status: What SageMaker says of it, the main status and, while it runs, what it does; ``"not begun"`` before.
        is_over: Whether it was begun and runs no more.
        reason: Why it failed, or which limit of time ended it; else empty.
        n_runs: Runs in it that no later job has.
        n_complete: Those of them that are complete.
        n_failed: Those of them that have failed.
        best: The best value so far, where it has one run and prints metrics.
        seconds: Billable seconds so far; ``None`` before it has an instance.
        dollars: What these cost; ``None`` if that is not known.
    """

    name: str
    title: str
    status: str = NOT_BEGUN
    is_over: bool = False
    reason: str = ""
    n_runs: int
    n_complete: int
    n_failed: int
    best: float | None = None
    seconds: float | None = None
    dollars: float | None = None


def states_of(study: Study) -> list[JobState]:
    """The jobs of a study, in the order in which they were decided on.

    Raises:
        Busy, NoAccess, Refused: If AWS cannot be asked.
        RecordError: If the log of the study is damaged.
    """
    jobs = patiently(study.log.read)
    last = {folder: job.name for job in jobs for folder in job.runs}
    statuses = _run_statuses(study, last)
    described = [patiently(partial(study.jobs.describe, job.name)) for job in jobs]
    return [
        _state(job, said, [statuses.get(folder, "") for folder in job.runs if last[folder] == job.name])
        for job, said in zip(jobs, described, strict=True)
    ]


def _run_statuses(study: Study, last: Mapping[str, str]) -> dict[str, str]:
    """What the newest job of each run says of it, by the folder of the run."""
    left = study.left_behind() if last else {}
    begun = [folder for folder in last if f"{folder}/{METADATA}" in left.get(last[folder], {})]

    def status(folder: str) -> str:
        metadata = study.read_metadata(last[folder], folder)
        return "" if metadata is None else str(metadata.get("status"))

    with in_threads() as threads:
        return dict(zip(begun, threads.map(status, begun), strict=True))


def _state(job: StudyJob, said: Mapping[str, Any] | None, runs: list[str]) -> JobState:
    state = JobState(
        name=job.name,
        title=job.title,
        n_runs=len(runs),
        n_complete=runs.count(COMPLETED),
        n_failed=runs.count(FAILED),
    )
    if said is None:
        return state
    status, seconds = status_of(said), _seconds(said)
    price = said.get("Environment", {}).get(PRICE)
    return attrs.evolve(
        state,
        status=status.status if status.is_final else f"{status.status}, {status.secondary}",
        is_over=status.is_final,
        reason=end_of(said).failure or _limit(status),
        best=_best(said) if len(job.runs) == 1 else None,
        seconds=seconds,
        dollars=None if seconds is None or price is None else seconds * float(price) / SECONDS_PER_HOUR,
    )


def _limit(status: JobStatus) -> str:
    """The limit of time that ended a job, as it is typed for a launch."""
    return TIME_LIMITS.get(status.secondary, "").replace(OF_BACKEND, f"{SageMakerLauncherOptions.PATH}.")


def _seconds(said: Mapping[str, Any]) -> float | None:
    """Billable seconds; of a job that runs, those since its program began, which for a spot instance is too much."""
    billable = said.get("BillableTimeInSeconds")
    if billable is not None:
        return float(billable)
    began: datetime | None = said.get("TrainingStartTime")
    return None if began is None else time.time() - began.timestamp()


def _best(said: Mapping[str, Any]) -> float | None:
    values = [each["Value"] for each in said.get("FinalMetricDataList", ()) if each["MetricName"] == VALUE]
    return float(values[-1]) if values else None
