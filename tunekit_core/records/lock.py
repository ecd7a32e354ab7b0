"""The lock on the folder of an experiment: one live process writes there, and others can see which.

It is on ``.lock``, by ``flock``, so that it ends with its process, whatever ends that. The file says who holds it:
``{"host": "node7", "pid": 4711, "since": "2026-01-31T12:00:00+00:00"}``. What counts is the file that stands in the
folder: whoever has locked one that was removed since, or that was moved away with its folder, holds nothing.

A file system or a server that has no locks is an error at once: what cannot be locked is never taken for locked.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tunekit_core.errors import ExperimentLocked, LockingError, LockLost

LOCK = ".lock"
ATTEMPTS = 4  # who looks whether a folder is locked holds the lock for a moment
SECONDS_BETWEEN_ATTEMPTS = 0.01
HOLDER_BYTES = 1000  # at most, of what the file says


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
        self._folder = folder
        self._home = os.path.abspath(folder)  # wherever the process goes meanwhile
        self._home_identity = identity_at(self._home)
        self._path = os.path.join(self._home, LOCK)
        while True:
            file = open(self._path, "a+b", buffering=0)  # noqa: SIM115 - held for longer than a block
            try:
                if not _locks(file, fcntl.LOCK_EX):
                    raise ExperimentLocked(f"{folder} is being written by {_holder(file)}.")
                self._hold(file)
            except BaseException:
                file.close()
                raise
            if identity_at(self._path) == self._identity:
                return
            file.close()  # it was removed before it was locked: another process may have made one since

    def check(self) -> None:
        """See that this lock still stands; one that was removed, and that nobody has made since, is put back.

        Raises:
            LockLost: If it does not: this process is to write nothing more.
        """
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            self._put_back()
        except OSError as error:
            raise self._lost(f"{LOCK} cannot be seen any more: {error.strerror}") from error
        else:
            if (found.st_dev, found.st_ino) != self._identity:
                raise self._lost(f"{LOCK} is that of {self._holder_there()}")

    def release(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _hold(self, file: IO[bytes]) -> None:
        """Take a file that is locked for the lock, and write into it who holds it."""
        self._file = file
        status = os.fstat(file.fileno())
        self._identity = status.st_dev, status.st_ino
        since = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with suppress(OSError):  # the disk is full; the lock is one without a name too
            file.truncate(0)
            file.write(json.dumps({"host": platform.node(), "pid": os.getpid(), "since": since}).encode() + b"\n")

    def _put_back(self) -> None:
        if self._home_identity != identity_at(self._home):
            raise self._lost("the folder was moved or removed")
        try:
            file = open(self._path, "x+b", buffering=0)  # noqa: SIM115 - held for longer than a block
        except OSError as error:  # another process was faster, or the disk is full
            raise self._lost(f"{LOCK} was removed and cannot be put back: {error.strerror}") from error
        if not _locks(file, fcntl.LOCK_EX):
            file.close()
            raise self._lost(f"{LOCK} is that of {self._holder_there()}")
        self._file.close()
        self._hold(file)

    def _holder_there(self) -> str:
        try:
            with open(self._path, "rb", opener=_without_waiting) as file:
                return _holder(file)
        except OSError:
            return "another process"

    def _lost(self, why: str) -> LockLost:
        return LockLost(
            f"{self._folder} is not this process's to write any more: {why}. It stops here; what was recorded stays. "
            f"Nothing may remove {LOCK} or move the folder while an experiment runs in it."
        )


def is_locked(folder: Path) -> bool:
    """Whether a live process writes this experiment. If that cannot be seen, none is taken to do so.

    Who waits for a writer would else wait for ever, and who wants to write is told by :class:`FolderLock`.
    """
    try:
        with open(folder / LOCK, opener=_without_waiting) as file:
            return not _at_once(file, fcntl.LOCK_SH)  # shared, or two who look would see each other
    except OSError:
        return False


def host_of(folder: Path) -> str:
    """The machine whose process was the last to lock this folder, by what the lock says; empty if it says nothing."""
    try:
        with open(folder / LOCK, "rb", opener=_without_waiting) as file:
            host = json.loads(file.read(HOLDER_BYTES))["host"]
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return ""
    return host if isinstance(host, str) else ""


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Wait until nobody else is in such a block for this file, which is made for that.

    Raises:
        LockingError: If it cannot be locked.
    """
    with open(path, "a") as file:
        _flock(file, fcntl.LOCK_EX)
        yield


def identity_at(path: Path | str) -> tuple[int, int] | None:
    """What tells the file or folder of that name from others; ``None`` if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _holder(file: IO[bytes]) -> str:
    """Who holds a lock, by what its file says."""
    try:
        file.seek(0)
        says = json.loads(file.read(HOLDER_BYTES))
        return f"process {says['pid']:d} on {says['host']} since {says['since']}"
    except (OSError, ValueError, TypeError, LookupError, RecursionError):  # it has just been taken
        return "another process"


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
            f"{os.fsdecode(file.name)} cannot be locked: {error.strerror or error}. Without a lock two processes could "
            "write there at the same time, so nothing is written. Choose a folder on another file system, such as a "
            "disk of this machine, by results_dir=FOLDER or the variable TUNEKIT_RESULTS."
        ) from error
