"""Files and folders that options name: what is in them belongs to what a run is, where they are does not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from tunekit_core.contracts.options import InputFile, InputFolder
from tunekit_core.errors import ConfigurationError

PATH, CONTENT = "path", "sha256"  # what is recorded in place of a path
CHUNK = 2**20  # bytes


def recorded(value: Any) -> dict[str, str]:
    """What is recorded of an input: where it is, and the hash of what is in it.

    Raises:
        TypeError: If it is none.
        ConfigurationError: If it cannot be read.
    """
    if not isinstance(value, InputFile | InputFolder):
        raise TypeError(f"{type(value).__name__} is no value of JSON")
    path = os.fspath(value)
    try:
        return {PATH: path, CONTENT: _file(path) if isinstance(value, InputFile) else _folder(path)}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", value=path) from error


def without_paths(value: Any) -> Any:
    """What was recorded, without where the inputs are."""
    return _replaced(value, CONTENT)


def with_paths(value: Any) -> Any:
    """What was recorded, with the paths of the inputs as they are typed."""
    return _replaced(value, PATH)


def recorded_inputs(value: Any) -> Iterator[tuple[str, str]]:
    """Path and hash of each input in what was recorded."""
    if _is_recorded(value):
        yield value[PATH], value[CONTENT]
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from recorded_inputs(part)


def _replaced(value: Any, kept: str) -> Any:
    if _is_recorded(value):
        return value[kept]
    if isinstance(value, Mapping):
        return {key: _replaced(part, kept) for key, part in value.items()}
    return [_replaced(part, kept) for part in value] if isinstance(value, list) else value


def _is_recorded(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {PATH, CONTENT}


def _file(path: str) -> str:
    status = os.stat(path)
    return _content(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache(maxsize=4096)  # a sweep asks for each run
def _content(path: str, *_: int) -> str:
    """Hash of the bytes of a file; the numbers change when it does."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _folder(path: str) -> str:
    """Hash of the names and contents of all that is in a folder, in an order that no file system changes."""
    digest = hashlib.sha256()
    for name, file in sorted(_entries(path, "", ())):
        digest.update(f"{len(os.fsencode(name))} ".encode() + os.fsencode(name))
        digest.update((_file(file) if os.path.isfile(file) else "none").encode())
    return digest.hexdigest()


def _entries(folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name below the folder, and path, of everything in it; a link back to a folder above is not followed."""
    for entry in os.scandir(folder):
        name = f"{prefix}{entry.name}"
        yield name, entry.path
        real = os.path.realpath(entry.path)
        if entry.is_dir() and real not in above:
            yield from _entries(entry.path, f"{name}/", (*above, real))
