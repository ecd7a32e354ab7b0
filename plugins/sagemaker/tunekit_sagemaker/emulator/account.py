"""All training jobs of an account: names that are taken, quotas, warm pools."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from tunekit_sagemaker.emulator.errors import ApiError, invalid
from tunekit_sagemaker.emulator.job import TERMINAL, Job
from tunekit_sagemaker.emulator.settings import Settings

# Instances of a warm pool go to a job that asks for the same.
SAME_IN_A_WARM_POOL = ("RoleArn", "VpcConfig", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption")
SAME_RESOURCES = ("VolumeSizeInGB", "VolumeKmsKeyId")


class Account:
    """The jobs of all regions.

    Args:
        settings: Holds the quotas.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], Job] = {}

    def add(self, job: Job) -> None:
        """Take a new job in.

        Raises:
            ApiError: If its name is taken, or its instances are more than the quota leaves.
        """
        with self._lock:
            taken = self._jobs.get((job.region, job.name))
            if taken is not None:
                raise ApiError(
                    "ResourceInUse",
                    "Training job names must be unique within an AWS account and region, and a training job with this "
                    f"name already exists ({taken.arn})",
                )
            pool = self._matching_pool(job)
            if pool is None:
                self._require_quota(job)
            elif pool.warm_pool is not None:
                pool.warm_pool.ended, pool.warm_pool.reused_by = time.time(), job.name
                job.reuses_warm_pool = True
            self._jobs[job.region, job.name] = job

    def get(self, region: str, name: str) -> Job:
        """The job of that name.

        Raises:
            ApiError: If there is none.
        """
        with self._lock:
            job = self._jobs.get((region, name))
        if job is None:
            raise invalid("Requested resource not found.")
        return job

    def by_arn(self, arn: str) -> Job:
        """The job that an ARN names.

        Raises:
            ApiError: If it names none.
        """
        region, name = (*arn.split(":"), "", "", "", "")[3], arn.rpartition("/")[2]
        job = self.get(region, name)
        if job.arn != arn:
            raise invalid("Requested resource not found.")
        return job

    def remove(self, job: Job) -> None:
        """Forget a job."""
        with self._lock:
            self._jobs.pop((job.region, job.name), None)

    def jobs(self, region: str) -> list[Job]:
        """Those of a region, in the order in which they were created."""
        with self._lock:
            return [job for job in self._jobs.values() if job.region == region]

    def all_jobs(self) -> list[Job]:
        """Those of all regions."""
        with self._lock:
            return list(self._jobs.values())

    def _require_quota(self, job: Job) -> None:
        quota = self._settings.quotas.get(job.instance_type, self._settings.default_quota)
        used = sum(
            other.instance_count
            for other in self._jobs.values()
            if (other.region, other.instance_type, other.is_spot) == (job.region, job.instance_type, job.is_spot)
            and other.status not in TERMINAL
        )
        if used + job.instance_count > quota:
            usage = "spot training job usage" if job.is_spot else "training job usage"
            raise ApiError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{job.instance_type} for {usage}' is {quota} Instances, with current "
                f"utilization of {used} Instances and a request delta of {job.instance_count} Instances. Please use "
                "AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not available, "
                "contact AWS support to request an increase for this quota.",
            )

    def _matching_pool(self, job: Job) -> Job | None:
        """An ended job whose instances are kept and fit; only a job that keeps its own takes them."""
        if job.warm_pool is None:
            return None
        now = time.time()
        for other in self._jobs.values():
            pool = other.warm_pool
            if pool is not None and pool.status(now) == "Available" and _asks_for(other) == _asks_for(job):
                return other
        return None


def _asks_for(job: Job) -> list[Any]:
    request: Mapping[str, Any] = job.request
    resources: Mapping[str, Any] = request["ResourceConfig"]
    return [
        job.region,
        job.instance_type,
        job.instance_count,
        *(request.get(name) for name in SAME_IN_A_WARM_POOL),
        *(resources.get(name) for name in SAME_RESOURCES),
    ]
