"""The lock on the folder of an experiment: one live process writes there.

It is on ``.lock``, by ``flock``, so that it ends with its process, whatever ends that. A file system or a server that has
no locks is an error at once: what cannot be locked is never taken for locked.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tunekit_core.errors import ExperimentLocked, LockingError

LOCK = ".lock"
ATTEMPTS = 4  # who looks whether a folder is locked holds the lock for a moment
SECONDS_BETWEEN_ATTEMPTS = 0.01


class FolderLock:
    """Marks a folder as being written by this process, until released or the process dies.

    Args:
        folder: The folder of an experiment; made if it does not exist.

    Raises:
        ExperimentLocked: If another live process holds the lock.
        LockingError: If nothing can be locked there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = open(folder / LOCK, "a")  # noqa: SIM115 - held for longer than a block
        try:
            if not _locks(self._file, fcntl.LOCK_EX):
                raise ExperimentLocked(f"{folder} is being written by another process.")
        except BaseException:
            self._file.close()
            raise

    def release(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_locked(folder: Path) -> bool:
    """Whether a live process writes this experiment. If that cannot be seen, none is taken to do so.

    Who waits for a writer would else wait for ever, and who wants to write is told by :class:`FolderLock`.
    """
    try:
        with open(folder / LOCK, opener=_without_waiting) as file:
            return not _at_once(file, fcntl.LOCK_SH)  # shared, or two who look would see each other
    except OSError:
        return False


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Wait until nobody else is in such a block for this file, which is made for that.

    Raises:
        LockingError: If it cannot be locked.
    """
    with open(path, "a") as file:
        _flock(file, fcntl.LOCK_EX)
        yield


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # of what is no file, such as a named pipe that nobody writes


def _locks(file: IO[Any], operation: int) -> bool:
    """Whether a lock was had, though others may look for a moment."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
        if _at_once(file, operation):
            return True
    return False


def _at_once(file: IO[Any], operation: int) -> bool:
    """Whether a lock was had; false if another process has one that excludes it."""
    try:
        _flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flock(file: IO[Any], operation: int) -> None:
    try:
        fcntl.flock(file, operation)
    except BlockingIOError:  # this alone means that it is locked
        raise
    except OSError as error:
        raise LockingError(
            f"{file.name} cannot be locked: {error.strerror or error}. Without a lock two processes could write there "
            "at the same time, so nothing is written. Choose a folder on another file system, such as a disk of this "
            "machine, by results_dir=FOLDER or the variable TUNEKIT_RESULTS."
        ) from error
