"""Locks on open files, which end with the process that has them, whatever ends that.

Where a folder comes over the network they may hold for one machine alone. A file system or a server that has no locks
is an error at once: what cannot be locked is never taken for locked.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import IO, Any

from tunekit_core.errors import LockingError

ATTEMPTS = 4  # who looks whether a file is locked holds a lock for a moment
SECONDS_BETWEEN_ATTEMPTS = 0.01


def locks(file: IO[Any]) -> bool:
    """Lock a file for this process alone; false if another has a lock, for longer than it takes to look.

    Raises:
        LockingError: If nothing can be locked there.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
        if _at_once(file, fcntl.LOCK_EX):
            return True
    return False


def is_locked_by_another(file: IO[Any]) -> bool:
    """Whether a live process has locked a file for itself alone.

    Raises:
        LockingError: If nothing can be locked there.
    """
    if not _at_once(file, fcntl.LOCK_SH):  # shared, or two who look would see each other
        return True
    flock(file, fcntl.LOCK_UN)
    return False


def flock(file: IO[Any], operation: int) -> None:
    """As the function of that name in the standard library, with an error that says what to do.

    Raises:
        BlockingIOError: If it is not to wait, and another process has a lock that excludes this one.
        LockingError: If nothing can be locked there.
    """
    try:
        fcntl.flock(file, operation)
    except BlockingIOError:  # this alone means that it is locked
        raise
    except OSError as error:
        raise LockingError(
            f"{os.fsdecode(file.name)} cannot be locked: {error.strerror or error}. Without a lock two processes could "
            "write there at the same time, so nothing is written. Choose a folder on another file system, such as a "
            "disk of this machine, by results_dir=FOLDER or the variable TUNEKIT_RESULTS."
        ) from error


def _at_once(file: IO[Any], operation: int) -> bool:
    try:
        flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
