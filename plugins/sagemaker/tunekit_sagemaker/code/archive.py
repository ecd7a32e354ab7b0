"""The archive of a program: the same files give the same bytes, and the same name."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, BinaryIO

from tunekit_sagemaker.code.files import CodeFile

DIGITS = 32  # hexadecimal ones
CHUNK_BYTES = 1 << 20


def write_archive(files: Sequence[CodeFile], generated: Mapping[str, bytes], target: BinaryIO) -> str:
    """Write a tar.gz that depends on names and contents alone, and on whether files may be executed.

    Args:
        files: Those of the program.
        generated: Contents of further files by their names, such as ``requirements.txt``. They come in place of what
            has the same name.
        target: Where it is written.

    Returns:
        A hash of what is in it. It does not depend on the library that compresses.
    """
    digest = hashlib.sha256()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, content in _members(files, generated):
            reader = _Hashed(content)
            archive.addfile(member, reader)
            said = f"{member.name!r} {member.mode} {member.size} {reader.digest.hexdigest()}\n"
            digest.update(said.encode())
    return digest.hexdigest()[:DIGITS]


def _members(files: Sequence[CodeFile], generated: Mapping[str, bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    by_name = {file.name: file for file in files}
    for name in sorted({*by_name, *generated}):
        member = tarfile.TarInfo(name)  # of nobody, at time 0
        if name in generated:
            member.size, member.mode = len(generated[name]), 0o644
            yield member, io.BytesIO(generated[name])
        else:
            file = by_name[name]
            member.size, member.mode = file.size, 0o755 if file.is_executable else 0o644
            with open(file.path, "rb") as content:
                yield member, content


class _Hashed(io.RawIOBase):
    """A file that hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data
