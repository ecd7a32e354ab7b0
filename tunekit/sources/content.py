"""What is in a file, as it is recorded; read again only where the file system says that it may have changed."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

LARGE = 2**24  # bytes; a larger file, such as an image of a container, is not read
DIGITS = 16  # hexadecimal ones: a program may have thousands of files, and each run records all of them
TICK = 10**9  # nanoseconds; file systems write times in steps of up to a few milliseconds, and clocks differ a little

Identity = tuple[int, int, int, int, int]
"""Device, inode, bytes, and times of the last change of content and of anything, in nanoseconds."""


def identity(path: str) -> Identity | None:
    """What changes when a file does; ``None`` if there is no regular file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # a word of a command may be no path at all: too long, or with a zero byte
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_file(path: str) -> bool:
    """Whether there is a regular file. A word of a command may be anything."""
    return identity(path) is not None


def digest(path: str) -> str | None:
    """Hash of the content; of a large file, and of one that may not be read, its size and time.

    Returns:
        ``None`` if there is no regular file.
    """
    found = identity(path)
    return None if found is None else kept(_digest, path, found)


def kept(read: Callable[[str, Identity], T], path: str, found: Identity) -> T:
    """What a function with a cache reads from a file, from the cache only where that is safe.

    Two edits in one step of the file system's clock look like one. A file that changed a moment ago is therefore read
    again each time, until its times are old enough that an edit from now on must show in them.
    """
    if time.time_ns() - max(found[3], found[4]) > TICK:
        return read(path, found)
    return read.__wrapped__(path, found)  # type: ignore[attr-defined]  # what lru_cache keeps the results of


def read(path: str) -> bytes | None:
    """The bytes of a file; ``None`` if it is large or cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGE + 1)
    except OSError:
        return None
    return content if len(content) <= LARGE else None


@lru_cache(maxsize=2**14)
def _digest(path: str, found: Identity) -> str:
    content = read(path) if found[2] <= LARGE else None
    if content is None:
        return f"{found[2]} bytes, {found[3]}"
    return hashlib.sha256(content).hexdigest()[:DIGITS]
