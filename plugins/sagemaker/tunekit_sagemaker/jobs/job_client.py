"""Creates, lists, describes and stops training jobs; what passes is told apart from what stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tunekit_sagemaker.aws.errors import IN_USE, INVALID, asking, aws_errors, code_of, is_missing, meaning
from tunekit_sagemaker.jobs.statuses import JobEnd, JobStatus, end_of, status_of

JOBS_PER_PAGE = 100


class JobClient:
    """The training jobs of one account.

    Args:
        sagemaker: The client of boto3.
    """

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker

    def create(self, request: Mapping[str, Any]) -> None:
        """Create a job. That it exists is no error: nobody else uses its name, so an answer was lost.

        Raises:
            Busy, NoAccess, Refused: If it cannot be created.
        """
        try:
            self._sagemaker.create_training_job(**request)
        except aws_errors() as error:
            if code_of(error) != IN_USE:
                raise meaning(error) from error

    def stop(self, name: str) -> bool:
        """Ask a job to end.

        Returns:
            Whether it ends: false if it is over already, or there is none of that name.

        Raises:
            Busy, NoAccess, Refused: If it cannot be asked.
        """
        try:
            self._sagemaker.stop_training_job(TrainingJobName=name)
        except aws_errors() as error:
            if is_missing(error) or code_of(error) == INVALID:  # it has ended
                return False
            raise meaning(error) from error
        return True

    def describe(self, name: str) -> Mapping[str, Any] | None:
        """All that is known of a job; ``None`` if there is none of that name.

        Raises:
            Busy, NoAccess, Refused: If it cannot be asked.
        """
        try:
            job: Mapping[str, Any] = self._sagemaker.describe_training_job(TrainingJobName=name)
        except aws_errors() as error:
            if is_missing(error):
                return None
            raise meaning(error) from error
        return job

    def status(self, name: str) -> JobStatus | None:
        """How far a job has come; ``None`` if there is none of that name."""
        job = self.describe(name)
        return None if job is None else status_of(job)

    def end(self, name: str) -> JobEnd | None:
        """How a job has ended; ``None`` if there is none of that name."""
        job = self.describe(name)
        return None if job is None else end_of(job)

    def statuses(self, part: str) -> Iterator[tuple[str, JobStatus]]:
        """Name and status of the jobs with a text in their names, the newest first.

        Args:
            part: The text.

        Raises:
            Busy, NoAccess, Refused: If it cannot be asked.
        """
        asked: dict[str, Any] = {"NameContains": part, "MaxResults": JOBS_PER_PAGE}
        while True:
            with asking():
                page = self._sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", **asked)
            for job in page["TrainingJobSummaries"]:
                yield job["TrainingJobName"], status_of(job)
            if "NextToken" not in page:
                return
            asked["NextToken"] = page["NextToken"]
