"""The log of a study: which jobs have which runs. Who dies after an entry was written is replaced by the next launch.

An entry is written once, whole, under the next number, so that of two launches at the same time one comes first, and
the other one sees its entry before it decides. A job is created only when an entry has it, by whoever finds that it was
not: it has one name, which AWS takes once. So no run is in two jobs at the same time, whatever is typed and killed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tunekit_core import RecordError, as_json
from tunekit_sagemaker.aws.errors import asking
from tunekit_sagemaker.aws.objects import list_objects, put_once, read_json
from tunekit_sagemaker.study.places import StudyPlaces

FORMAT = 1
NAME = re.compile(r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}")  # of a training job
ENTRY = re.compile(r"(\d{6})\.json")
RUN = re.compile(r"(?!\.)[^/]+(?:/(?!\.)[^/]+){2}")  # TAG/METHOD/RUN, which lead nowhere else
TEXT = attrs.validators.instance_of(str)
MAPPING = attrs.validators.instance_of(dict)


@attrs.frozen(kw_only=True)
class StudyJob:
    """A job that was decided on, whether it was created or not.

    Attributes:
        name: Of the training job.
        title: What is in it, for people.
        code: S3 folder of the program and the bootstrap.
        runs: By the folder of each run, relative to that of results, its hash.
        max_run: Seconds that its program may run.
        hyperparameters: What the console shows of it.
        metrics: Names of the metrics that it prints.
    """

    name: str = attrs.field(validator=attrs.validators.matches_re(NAME))
    title: str = attrs.field(validator=TEXT)
    code: str = attrs.field(validator=TEXT)
    runs: Mapping[str, str] = attrs.field(
        validator=attrs.validators.deep_mapping(attrs.validators.matches_re(RUN), TEXT, MAPPING)
    )
    max_run: int = attrs.field(validator=attrs.validators.instance_of(int))
    hyperparameters: Mapping[str, Any] = attrs.field(validator=MAPPING)
    metrics: tuple[str, ...] = attrs.field(validator=attrs.validators.deep_iterable(TEXT))


class LaunchLog:
    """The log of one study.

    Args:
        s3: The client of boto3.
        places: Of the study.
    """

    def __init__(self, s3: Any, places: StudyPlaces) -> None:
        self._s3 = s3
        self._places = places
        self._entries: dict[int, tuple[StudyJob, ...]] = {}

    def read(self) -> list[StudyJob]:
        """All jobs, in the order in which they were decided on.

        Raises:
            RecordError: If an entry is damaged.
            Busy, NoAccess, Refused: If S3 cannot be asked.
        """
        for key in list_objects(self._s3, self._places.bucket, self._places.log):
            found = ENTRY.fullmatch(key.removeprefix(self._places.log))
            if found is not None and int(found[1]) not in self._entries:
                self._entries[int(found[1])] = self._read_entry(key)
        missing = next((number for number in range(1, max(self._entries, default=0)) if number not in self._entries), 0)
        if missing:
            raise RecordError(
                f"{self._places.uri(self._places.entry(missing))} is gone, which says which jobs were launched. Put it "
                "back, or use another experiment_tag."
            )
        return [job for number in sorted(self._entries) for job in self._entries[number]]

    def append(self, jobs: Sequence[StudyJob]) -> bool:
        """Add jobs, all or none.

        Returns:
            False if another launch has added some since the log was read: then it is to be read again.

        Raises:
            Busy, NoAccess, Refused: If S3 cannot be asked.
        """
        number = max(self._entries, default=0) + 1
        content = as_json({"format": FORMAT, "jobs": [attrs.asdict(job) for job in jobs]}).encode()
        with asking():
            is_written = put_once(self._s3, self._places.bucket, self._places.entry(number), content)
        if not is_written and self._read_entry(self._places.entry(number)) != tuple(jobs):
            return False
        self._entries[number] = tuple(jobs)
        return True

    def _read_entry(self, key: str) -> tuple[StudyJob, ...]:
        said = read_json(self._s3, self._places.bucket, key)
        if isinstance(said, dict) and said.get("format", FORMAT) != FORMAT:
            raise RecordError(
                f"{self._places.uri(key)} was written by another version of tunekit-sagemaker: use that one, or "
                "another experiment_tag."
            )
        try:
            return _jobs_of(said)
        except (TypeError, ValueError, LookupError) as error:
            raise RecordError(
                f"{self._places.uri(key)} is damaged: it does not say which jobs were launched. Put it back as it "
                "was, or use another experiment_tag."
            ) from error


def _jobs_of(said: Any) -> tuple[StudyJob, ...]:
    if not isinstance(said["jobs"], list):
        raise TypeError("jobs are a list")
    return tuple(StudyJob(**{**job, "metrics": tuple(job["metrics"])}) for job in said["jobs"])
