"""A study as it stands in AWS: which of its jobs run, and which runs have left something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import attrs

from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.aws.errors import patiently
from tunekit_sagemaker.aws.objects import Listed, list_objects, read_json
from tunekit_sagemaker.jobs.job_client import JobClient
from tunekit_sagemaker.jobs.statuses import JobStatus
from tunekit_sagemaker.study.log import LaunchLog, StudyJob
from tunekit_sagemaker.study.places import StudyPlaces

N_THREADS = 8  # that ask S3 at the same time
METADATA = "metadata.json"


@attrs.frozen
class RemoteRun:
    """What a job has left of a run.

    Attributes:
        job: Name of the job.
        files: By their names in the folder of the run.
    """

    job: str
    files: Mapping[str, Listed]


class Study:
    """The jobs and results of one study.

    Args:
        clients: What asks AWS.
        places: Of the study.

    Attributes:
        clients: The same.
        places: The same.
        log: Which jobs have which runs.
        jobs: Creates, describes and stops jobs.
    """

    def __init__(self, clients: Clients, places: StudyPlaces) -> None:
        self.clients = clients
        self.places = places
        self.log = LaunchLog(clients.s3, places)
        self.jobs = JobClient(clients.sagemaker)

    def statuses(self, jobs: Iterable[str]) -> dict[str, JobStatus]:
        """The status of jobs by their names; one that was not created is not among them.

        Those that the list of SageMaker lacks are asked for one by one: it lags.

        Raises:
            Busy, NoAccess, Refused: If AWS cannot be asked.
        """
        missing, found = set(jobs), {}
        if missing:
            for name, status in patiently(lambda: list(self.jobs.statuses(self.places.study))):
                if name in missing:
                    missing.remove(name)
                    found[name] = status
        for name in sorted(missing):
            asked = patiently(partial(self.jobs.status, name))
            if asked is not None:
                found[name] = asked
        return found

    def stop_all(self) -> list[str]:
        """Ask all jobs to end that are not over.

        Returns:
            Their names.

        Raises:
            Busy, NoAccess, Refused: If AWS cannot be asked.
        """
        statuses = self.statuses(job.name for job in patiently(self.log.read))
        running = [name for name, status in statuses.items() if not status.is_final]
        return [name for name in running if patiently(partial(self.jobs.stop, name))]

    def left_behind(self) -> dict[str, dict[str, Listed]]:
        """All files that jobs have left, by names of jobs, and by names relative to the folder of results.

        Raises:
            Busy, NoAccess, Refused: If S3 cannot be asked.
        """
        s3, places = self.clients.s3, self.places
        found: dict[str, dict[str, Listed]] = {}
        for key, listed in patiently(lambda: list_objects(s3, places.bucket, places.all_results)).items():
            job = key.removeprefix(places.all_results).partition("/")[0]
            name = key.removeprefix(places.runs(job))
            if name != key and not is_left_out(name):
                found.setdefault(job, {})[name] = listed
        return found

    def runs_left_behind(self, jobs: Iterable[StudyJob], folders: Iterable[str]) -> dict[str, list[RemoteRun]]:
        """What jobs have left of runs, by the folder of each: what the newest job has left comes first."""
        wanted, files = set(folders), self.left_behind()
        found: dict[str, list[RemoteRun]] = {}
        for job in reversed(list(jobs)):
            by_folder = _by_folder(files.get(job.name, {}))
            for folder in job.runs:
                if folder in wanted and folder in by_folder:
                    found.setdefault(folder, []).append(RemoteRun(job.name, by_folder[folder]))
        return found

    def read_metadata(self, job: str, folder: PurePosixPath | str) -> Mapping[str, Any] | None:
        """What ``metadata.json`` of a run says, as a job has left it; ``None`` if there is none, or it is damaged."""
        key = f"{self.places.run(job, folder)}{METADATA}"
        said = patiently(partial(read_json, self.clients.s3, self.places.bucket, key))
        return said if isinstance(said, dict) else None


def in_threads() -> ThreadPoolExecutor:
    """Threads that ask S3."""
    return ThreadPoolExecutor(N_THREADS, "tunekit-study")


def is_left_out(name: str) -> bool:
    """Whether a file is of a process alone: hidden, such as a lock, or not written to its end."""
    return name.endswith((".part", "/")) or any(part.startswith(".") for part in name.split("/"))


def _by_folder(files: Mapping[str, Listed]) -> dict[str, dict[str, Listed]]:
    """Files of runs by the folder of each, ``TAG/METHOD/RUN``, and by their names in it."""
    found: dict[str, dict[str, Listed]] = {}
    for name, listed in files.items():
        parts = name.split("/", 3)
        if len(parts) > 3:
            found.setdefault("/".join(parts[:3]), {})[parts[3]] = listed
    return found
