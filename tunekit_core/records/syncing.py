"""What is to outlast a power cut is synced: the content of a file, and the entry that a folder has for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# What file systems say that write entries of folders through by themselves, or have no way of being asked to.
HAS_NO_FOLDERS_TO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(folder: Path) -> None:
    """Wait until it is on the disk which files there are in a folder, and under which names."""
    try:
        sync_file(folder)
    except OSError as error:
        if error.errno not in HAS_NO_FOLDERS_TO_SYNC:
            raise


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that do not exist, so that they outlast a power cut."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def publish(temporary: Path, path: Path, *, sync: bool) -> None:
    """Give a file that is whole its name: a reader sees what was there before or this, never a part.

    Args:
        temporary: The file.
        path: Its name, in the same folder.
        sync: Whether that is so after a power cut too.
    """
    if sync:
        sync_file(temporary)
    os.replace(temporary, path)
    if sync:
        sync_folder(path.parent)
