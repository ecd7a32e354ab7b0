"""Where the files of a study lie in S3, and what tells it from others of the same name."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath

import attrs

RESULTS, LAUNCHES = "tunekit", "tunekit-launches"  # not within each other: a job fetches all below its results
IN_JOB = "results"  # folder of results below what SageMaker copies from and to a job
DIGITS = 12
NUMBER = 6  # digits of an entry of the log


@attrs.frozen
class StudyPlaces:
    """Folders and keys of all that was launched under one experiment tag.

    Attributes:
        bucket: The bucket.
        prefix: What all keys begin with; empty, or ending in a slash.
        tag: The experiment tag, which is a name for folders.
    """

    bucket: str
    prefix: str
    tag: str

    @property
    def study(self) -> str:
        """What tells the study from others of the account; part of the names of its jobs."""
        names = json.dumps([self.bucket, self.prefix, self.tag])
        return hashlib.sha256(names.encode()).hexdigest()[:DIGITS]

    def uri(self, key: str) -> str:
        """The address of a key."""
        return f"s3://{self.bucket}/{key}"

    @property
    def all_results(self) -> str:
        """Key of the folder with the results of all jobs."""
        return f"{self.prefix}{RESULTS}/{self.tag}/"

    def results(self, job: str) -> str:
        """Key of the folder that is copied to a job and back. No other job has it."""
        return f"{self.all_results}{job}/"

    def runs(self, job: str) -> str:
        """Key of the folder of results, as a job has written it."""
        return f"{self.results(job)}{IN_JOB}/"

    def run(self, job: str, folder: PurePosixPath | str) -> str:
        """Key of the folder of a run, as a job has written it.

        Args:
            job: Name of the job.
            folder: Of the run, relative to the folder of results.
        """
        return f"{self.runs(job)}{folder}/"

    @property
    def log(self) -> str:
        """Key of the folder with the log of launches."""
        return f"{self.prefix}{LAUNCHES}/{self.tag}/log/"

    def entry(self, number: int) -> str:
        """Key of an entry of the log."""
        return f"{self.log}{number:0{NUMBER}}.json"

    def inputs(self, job: str) -> str:
        """Key of the folder with what a job is to run."""
        return f"{self.prefix}{LAUNCHES}/{self.tag}/jobs/{job}/inputs/"

    def output(self, job: str) -> str:
        """Key of the folder that SageMaker writes its archives to."""
        return f"{self.prefix}{LAUNCHES}/{self.tag}/jobs/{job}/output/"
