"""What a run is, but for where it comes from: of an input the content counts and not the path, of a secret neither.

An input is recorded with both. A secret stays in the memory of the processes that need it; a file gets its mask.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from tunekit.secrets import Secret
from tunekit_core.contracts.options import InputFile, InputFolder
from tunekit_core.errors import ConfigurationError
from tunekit_core.known_secrets import keep_out_of_sight

PATH, CONTENT = "path", "sha256"  # what is recorded in place of a path
SECRET, SHOWN, WRITTEN = "secret", "shown", "written"  # in memory, in place of a secret
INPUT, HELD = frozenset({PATH, CONTENT}), frozenset({SECRET, SHOWN, WRITTEN})
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


def held(secret: Secret) -> dict[str, str]:
    """What a run holds of a secret, so that it survives JSON."""
    return {SECRET: str(secret), SHOWN: secret.shown, WRITTEN: secret.written}


def without_paths(value: Any) -> Any:
    """What was recorded, without where the inputs are, and without secrets."""
    return _replaced(value, {INPUT: CONTENT, HELD: SHOWN})


def with_paths(value: Any) -> Any:
    """What was recorded, with the paths of the inputs as they are typed, and with secrets."""
    for secret in _held_in(value):
        keep_out_of_sight(secret)
    return _replaced(value, {INPUT: PATH, HELD: SECRET})


def without_secrets(value: Any) -> Any:
    """What may be written of a run."""
    return _replaced(value, {HELD: SHOWN})


def secrets_in(value: Any, kept: str, path: str = "") -> dict[str, str]:
    """Of each secret in a run its dotted name, and what is held under one of the keys of :data:`HELD`."""
    if _kind(value) == HELD:
        return {path: value[kept]}
    found: dict[str, str] = {}
    for key, part in _parts(value):
        found |= secrets_in(part, kept, f"{path}.{key}" if path else str(key))
    return found


def recorded_inputs(value: Any) -> Iterator[tuple[str, str]]:
    """Path and hash of each input in what was recorded."""
    if _kind(value) == INPUT:
        yield value[PATH], value[CONTENT]
        return
    for _, part in _parts(value):
        yield from recorded_inputs(part)


def _held_in(value: Any) -> Iterator[str]:
    if _kind(value) == HELD:
        yield value[SECRET]
        return
    for _, part in _parts(value):
        yield from _held_in(part)


def _replaced(value: Any, kept: Mapping[frozenset[str], str]) -> Any:
    kind = _kind(value)
    if kind in kept:
        return value[kept[kind]]
    if isinstance(value, Mapping):
        return {key: _replaced(part, kept) for key, part in value.items()}
    return [_replaced(part, kept) for part in value] if isinstance(value, list) else value


def _kind(value: Any) -> frozenset[str]:
    """Which of the two it is by its keys, or what it has instead."""
    keys = frozenset(value) if isinstance(value, Mapping) else frozenset()
    return keys if keys in (INPUT, HELD) else frozenset()


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


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
