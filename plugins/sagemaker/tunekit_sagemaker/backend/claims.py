"""Which job a run of a trial is, written before the job is created: who dies in between finds it again.

A claim is made once and never changed. Two processes that tune the same experiment cannot both make that of a run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from tunekit_core import RecordError, TunekitError
from tunekit_sagemaker.aws.errors import aws_errors, code_of, is_missing, meaning
from tunekit_sagemaker.aws.names import job_name
from tunekit_sagemaker.aws.objects import list_objects
from tunekit_sagemaker.backend.places import Places

CLAIM = re.compile(r"(\d+)-(\d+)")
TAKEN = "PreconditionFailed"


class ClaimedByAnother(TunekitError, RuntimeError):
    """Another process has begun a run of this experiment."""


class Claims:
    """The claims of one experiment.

    Args:
        s3: The client of boto3.
        places: Of the experiment.

    Attributes:
        lost: Trials and runs of them that were claimed, and that are begun again: their end is not in the record.
    """

    def __init__(self, s3: Any, places: Places) -> None:
        self._s3 = s3
        self._places = places
        self.lost: set[tuple[int, int]] = set()
        self._names: dict[tuple[int, int], str] = {}  # of claims whose answer did not come

    def make(self, trial_id: int, run: int) -> str:
        """Claim a run. Who got no answer does it again.

        Returns:
            The name of its job, which no other job has had or will have.

        Raises:
            ClaimedByAnother: If somebody has.
            Busy, NoAccess, Refused: If it cannot be claimed.
        """
        parts = [self._places.label, str(trial_id), str(run), os.urandom(4).hex()]
        name = job_name(*filter(None, parts), unique=self._places.experiment)
        name = self._names.setdefault((trial_id, run), name)
        once = {} if (trial_id, run) in self.lost else {"IfNoneMatch": "*"}
        try:
            self._s3.put_object(
                Bucket=self._places.bucket,
                Key=self._places.claim(trial_id, run),
                Body=json.dumps({"job": name}).encode(),
                **once,
            )
        except aws_errors() as error:
            if code_of(error) != TAKEN:
                raise meaning(error) from error
            found = self.find(trial_id, run)
            if found != name:  # else the answer to the first of several tries was lost
                raise ClaimedByAnother(
                    f"Run {run} of trial {trial_id} was begun by another process, as job {found}: this one stops. Two "
                    "processes cannot tune the same experiment."
                ) from error
        self.lost.discard((trial_id, run))
        del self._names[trial_id, run]
        return name

    def find_lost(self, known: Mapping[int, int]) -> None:
        """Note the runs that were claimed, and that the record does not have: they are begun again.

        Args:
            known: The last run of each trial that the record has and that has not ended.

        Raises:
            Busy, NoAccess, Refused: If S3 cannot be asked.
        """
        for key in list_objects(self._s3, self._places.bucket, self._places.claims):
            claim = CLAIM.fullmatch(key.rpartition("/")[2])
            if claim is not None and int(claim[2]) > known.get(int(claim[1]), -1):
                self.lost.add((int(claim[1]), int(claim[2])))

    def find(self, trial_id: int, run: int) -> str | None:
        """The name of the job of a run; ``None`` if nobody has claimed it.

        Raises:
            RecordError: If something else is in its place.
            Busy, NoAccess, Refused: If S3 cannot be asked.
        """
        key = self._places.claim(trial_id, run)
        try:
            content = self._s3.get_object(Bucket=self._places.bucket, Key=key)["Body"].read()
        except aws_errors() as error:
            if is_missing(error):
                return None
            raise meaning(error) from error
        try:
            job = json.loads(content)["job"]
        except (ValueError, TypeError, LookupError):
            job = None
        if not isinstance(job, str):
            raise RecordError(f"{self._places.uri(key)} is damaged: it does not say which job a run is.")
        return job
