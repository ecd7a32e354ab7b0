"""Uploads a program to where its content says, so that what is there already is not uploaded again."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files as resources

import attrs

from tunekit_core import PORTABLE_MODULES
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.aws.objects import put_once
from tunekit_sagemaker.code.archive import DIGITS, write_archive
from tunekit_sagemaker.code.files import CodeFile

FOLDER = "tunekit-code"
ENTRY, SOURCE = "entry.py", "source.tar.gz"
PORTABLE = ("printed_reports.py", "script_command.py")  # of the core, which the bootstrap imports from beside itself


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
    modules = {name: (PORTABLE_MODULES / name).read_bytes() for name in PORTABLE}
    with tempfile.TemporaryFile() as archive:
        content = write_archive(files, generated, archive)
        digest = hashlib.sha256(b"".join([content.encode(), entry, *modules.values()])).hexdigest()[:DIGITS]
        folder = f"{prefix}{FOLDER}/{digest}/"
        archive.seek(0)
        put_once(clients.s3, bucket, folder + SOURCE, archive)
    for name, module in modules.items():
        put_once(clients.s3, bucket, folder + name, module)
    put_once(clients.s3, bucket, folder + ENTRY, entry)
    return Uploaded(f"s3://{bucket}/{folder}", digest)
