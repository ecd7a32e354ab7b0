"""Copies checkpoints within S3, for trials that start from that of another."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import attrs

from tunekit_sagemaker.aws.errors import aws_errors, is_missing, passes, text_of
from tunekit_sagemaker.backend.places import Places
from tunekit_sagemaker.backend.trial_job import TrialJob

N_THREADS = 2  # S3 copies, not they
SECONDS_BETWEEN_LOOKS = 0.2
WORKING, REACHED = "checkpoint/", "reached.json"  # as the bootstrap names them


@attrs.frozen
class NotCopied:
    """Why a trial cannot start.

    Attributes:
        reason: For people.
        passes: Whether it may be possible later.
    """

    reason: str
    passes: bool = False


class Copies:
    """Runs that wait for a copy of a checkpoint.

    Args:
        s3: The client of boto3.
        places: Of the experiment.
    """

    def __init__(self, s3: Any, places: Places) -> None:
        self._s3 = s3
        self._places = places
        self._threads = ThreadPoolExecutor(N_THREADS, "tunekit-copy")
        self._waiting: dict[TrialJob, Future[NotCopied | None]] = {}
        self._is_closing = threading.Event()

    @property
    def seconds_to_look(self) -> float:
        """In how many seconds one may be done; infinity if nothing is copied."""
        return SECONDS_BETWEEN_LOOKS if self._waiting else float("inf")

    @property
    def donors(self) -> set[int]:
        """The trials from which something is being copied."""
        return {job.trial.parent.trial_id for job in self._waiting if job.trial.parent is not None}

    def add(self, job: TrialJob, *, donor_runs: bool) -> None:
        """Copy what a run begins from.

        Args:
            job: The run, of a trial with a parent.
            donor_runs: Whether the parent runs: then only what it has published can be copied.
        """
        self._waiting[job] = self._threads.submit(self._copy, job, donor_runs)

    def remove(self, job: TrialJob) -> bool:
        """A run needs none any more; whether it was still waiting."""
        future = self._waiting.pop(job, None)
        if future is not None:
            future.cancel()
        return future is not None

    def take_done(self) -> list[tuple[TrialJob, NotCopied | None]]:
        """The runs whose copy is there, or cannot be made."""
        done = [(job, future) for job, future in self._waiting.items() if future.done()]
        for job, _ in done:
            del self._waiting[job]
        return [(job, future.result()) for job, future in done]

    def close(self) -> None:
        """Copy no more: the rest is not needed, and what is there in part is nothing to go on from."""
        self._is_closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _copy(self, job: TrialJob, donor_runs: bool) -> NotCopied | None:
        parent = job.trial.parent
        assert parent is not None
        said = f"the checkpoint of trial {parent.trial_id} at {parent.resource}"
        try:
            target = self._places.checkpoints(job.trial.id)
            if self._read(f"{target}{parent.resource}.json") is not None:
                return None  # it was copied before this process began
            donor = self._places.checkpoints(parent.trial_id)
            source, files = self._find(donor, parent.resource, donor_runs)
            if not files:
                return NotCopied(f"There is no {said.removeprefix('the ')}.")
            for name in files:
                if self._is_closing.is_set():
                    return NotCopied("The experiment ends.")
                self._copy_file(source + name, f"{target}{parent.resource}/{name}")
            if self._files(source) != files:
                return NotCopied(f"It was changed while it was copied: {said}.")
            # Last: without its list, the bootstrap takes a version for one of which not all has come.
            self._put(f"{target}{parent.resource}.json", {name: size for name, (size, _) in files.items()})
        except aws_errors() as error:
            if is_missing(error):
                return NotCopied(f"It was removed while it was copied: {said}.")
            return NotCopied(f"It cannot be copied: {said}: {text_of(error)}", passes(error))
        return None

    def _find(self, donor: str, resource: int, donor_runs: bool) -> tuple[str, Mapping[str, tuple[int, str]]]:
        """Where a checkpoint is, and what is in it; nothing if it is not there, or not all of it."""
        version = f"{donor}{resource}/"
        listed = self._read(f"{version[:-1]}.json")
        if listed is not None:
            files = self._files(version)
            if {name: size for name, (size, _) in files.items()} == listed:
                return version, files
        reached = None if donor_runs else self._read(donor + REACHED)
        if isinstance(reached, dict) and reached.get("resource") == resource:
            return donor + WORKING, self._files(donor + WORKING)
        return version, {}

    def _files(self, folder: str) -> dict[str, tuple[int, str]]:
        """Size and content tag of the files in a folder, by their names within."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._places.bucket, Prefix=folder)
        found = [each for page in pages for each in page.get("Contents", ())]
        files = {each["Key"].removeprefix(folder): (each["Size"], each["ETag"]) for each in found}
        return {name: file for name, file in files.items() if name and not name.endswith("/")}

    def _copy_file(self, source: str, target: str) -> None:
        """In one call, or in parts what has more than 5 GB."""
        bucket = self._places.bucket
        self._s3.copy({"Bucket": bucket, "Key": source}, bucket, target)

    def _read(self, key: str) -> Any:
        """What a small file says in JSON; ``None`` if there is none."""
        try:
            content = self._s3.get_object(Bucket=self._places.bucket, Key=key)["Body"].read()
            return json.loads(content)
        except aws_errors() as error:
            if is_missing(error):
                return None
            raise
        except ValueError:
            return None

    def _put(self, key: str, content: Mapping[str, Any]) -> None:
        self._s3.put_object(Bucket=self._places.bucket, Key=key, Body=json.dumps(content).encode())
