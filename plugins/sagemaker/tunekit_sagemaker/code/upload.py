"""Uploads a program to where its content says, so that what is there already is not uploaded again."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from typing import IO, Any

import attrs

from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.aws.errors import code_of
from tunekit_sagemaker.code.archive import DIGITS, write_archive
from tunekit_sagemaker.code.files import CodeFile

FOLDER = "tunekit-code"
ENTRY, SOURCE = "entry.py", "source.tar.gz"
NOT_THERE = ("404", "NoSuchKey", "403", "AccessDenied")  # who may not list a bucket is not told what is missing
THERE = ("PreconditionFailed", "412")
AGAIN = ("ConditionalRequestConflict", "409")  # another process uploads the same
TRIES = 5


@attrs.frozen
class Uploaded:
    """A program in S3.

    Attributes:
        uri: Of the folder that holds it and the bootstrap: the channel ``tunekit`` of a job.
        digest: What is in it.
    """

    uri: str
    digest: str


def upload(
    clients: Clients, bucket: str, prefix: str, files: Sequence[CodeFile], generated: Mapping[str, bytes]
) -> Uploaded:
    """Upload a program and the bootstrap, once for all experiments that have the same.

    Args:
        clients: What asks AWS.
        bucket: Where to.
        prefix: What all keys begin with; empty, or ending in a slash.
        files: Those of the program.
        generated: Contents of further files by their names.
    """
    entry = resources("tunekit_sagemaker.container").joinpath(ENTRY).read_bytes()
    with tempfile.TemporaryFile() as archive:
        content = write_archive(files, generated, archive)
        digest = hashlib.sha256(content.encode() + entry).hexdigest()[:DIGITS]
        folder = f"{prefix}{FOLDER}/{digest}/"
        archive.seek(0)
        _put_once(clients.s3, bucket, folder + SOURCE, archive)
    _put_once(clients.s3, bucket, folder + ENTRY, entry)
    return Uploaded(f"s3://{bucket}/{folder}", digest)


def _put_once(s3: Any, bucket: str, key: str, body: IO[bytes] | bytes) -> None:
    for tries_left in reversed(range(TRIES)):
        try:
            s3.head_object(Bucket=bucket, Key=key)
            return
        except s3.exceptions.ClientError as error:
            if code_of(error) not in NOT_THERE:
                raise
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
            return
        except s3.exceptions.ClientError as error:
            if code_of(error) in THERE:
                return
            if code_of(error) not in AGAIN or not tries_left:
                raise
        if not isinstance(body, bytes):
            body.seek(0)
