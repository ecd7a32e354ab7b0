"""What goes from S3 to a folder and back."""

from __future__ import annotations

import contextlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

ONE_THREAD = TransferConfig(use_threads=False)  # each job has threads of its own


class TransferFailed(Exception):
    """Something could not be read from S3 or written there; the text says what, for ``FailureReason``."""


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The parts of ``s3://bucket/key``."""
    bucket, _, key = uri.split("://", 1)[1].partition("/")
    return bucket, key


def fetch(s3: Any, uri: str, folder: Path) -> int:
    """Copy all objects below a prefix into a folder.

    Returns:
        How many there are.

    Raises:
        TransferFailed: If they cannot be read, or one would lie outside of the folder.
    """
    bucket, prefix = bucket_and_key(uri)
    count = 0
    with _failures(f"s3://{bucket}/{prefix}"):
        for entry in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix).search("Contents"):
            if entry is None:  # what the search gives for a page without objects
                continue
            key, count = entry["Key"], count + 1
            path = folder / _relative(key, prefix)
            if not path.resolve().is_relative_to(folder.resolve()):
                raise TransferFailed(f"The key {key!r} would lie outside of its channel")
            if key.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(path), Config=ONE_THREAD)
    return count


def put_archive(s3: Any, uri: str, folder: Path, path: Path) -> None:
    """Upload all that lies in a folder as ``.tar.gz``; nothing if nothing does.

    Args:
        s3: Client.
        uri: Of the object.
        folder: What is archived.
        path: Where the archive is made.

    Raises:
        TransferFailed: If it cannot be written.
    """
    if not any(found.is_file() for found in folder.rglob("*")):
        return
    with tarfile.open(path, mode="w:gz") as tar:
        for found in sorted(folder.iterdir()):
            tar.add(found, arcname=found.name)
    bucket, key = bucket_and_key(uri)
    with _failures(uri):
        s3.upload_file(str(path), bucket, key, Config=ONE_THREAD)


class CheckpointSync:
    """Keeps a prefix in S3 like a folder: what is new or has changed is uploaded, what is deleted is deleted there.

    What others write below the prefix is not fetched after the start, and not deleted.

    Args:
        s3: Client.
        uri: Of the prefix.
        folder: Where the checkpoints lie.
    """

    def __init__(self, s3: Any, uri: str, folder: Path) -> None:
        self._s3 = s3
        self._uri = uri.rstrip("/") + "/"
        self._folder = folder
        self._known: dict[str, tuple[int, int, int]] = {}

    def fetch(self) -> None:
        """Copy everything below the prefix into the folder.

        Raises:
            TransferFailed: If it cannot be read.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        fetch(self._s3, self._uri, self._folder)
        self._known = dict(self._files())

    def push(self) -> None:
        """Upload and delete what has changed.

        Raises:
            TransferFailed: If it cannot be written.
        """
        now = dict(self._files())
        bucket, prefix = bucket_and_key(self._uri)
        with _failures(self._uri):
            for name, state in now.items():
                if self._known.get(name) != state:
                    with contextlib.suppress(FileNotFoundError):  # it has gone since it was listed
                        self._s3.upload_file(str(self._folder / name), bucket, prefix + name, Config=ONE_THREAD)
                        self._known[name] = state
            for name in [name for name in self._known if name not in now]:
                self._s3.delete_object(Bucket=bucket, Key=prefix + name)
                del self._known[name]

    def _files(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(folder, name)
                with contextlib.suppress(FileNotFoundError):
                    found = os.stat(path)
                    yield os.path.relpath(path, self._folder), (found.st_ino, found.st_mtime_ns, found.st_size)


def _relative(key: str, prefix: str) -> str:
    """Where an object of a channel lies in its folder."""
    base = prefix if prefix.endswith("/") else f"{prefix}/" if key.startswith(f"{prefix}/") else ""
    return key[len(base) :] if base else key[prefix.rfind("/") + 1 :]


@contextlib.contextmanager
def _failures(what: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, S3UploadFailedError) as error:
        raise TransferFailed(f"{what}: {error}") from error
