"""The lock on the folder of an experiment: one live process writes there, and others can see which.

It is ``.lock``, a file that is there while somebody writes, and says who. On one machine it is locked by ``flock``, so
that it ends with its process, whatever ends that; to other machines it is a lease, which is renewed while the process
lives. What counts is the file that stands in the folder: whoever holds one that was removed since, or that was moved
away with its folder, holds nothing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tunekit_core.errors import ExperimentLocked, LeaseHeld, LockLost
from tunekit_core.records.flock import flock
from tunekit_core.records.holder import Holder
from tunekit_core.records.lease import DURATION, Lease, check_is_file, holder_of, place_of
from tunekit_core.records.renewing import drop, keep

LOCK = ".lock"
SECONDS = DURATION  # that a process on another machine may stand still before it is taken for dead


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
        self._home = Path(os.path.abspath(folder))  # wherever the process goes meanwhile
        self._home_identity = identity_at(self._home)
        try:
            self._lease = self._take()
        except LeaseHeld as error:
            raise ExperimentLocked(f"{folder} is being written by {error}.") from None

    def check(self) -> None:
        """See that this lock still stands; one that was removed, and that nobody has made since, is put back.

        Raises:
            LockLost: If it does not: this process is to write nothing more.
        """
        if self._lease.is_ours():
            return
        if os.path.lexists(self._home / LOCK):
            raise self._lost(f"{LOCK} is that of {writer_of(self._home) or 'another process'}")
        if self._home_identity != identity_at(self._home):
            raise self._lost("the folder was moved or removed")
        removed = self._lease
        try:
            self._lease = self._take()
        except LeaseHeld as error:
            raise self._lost(f"{LOCK} is that of {error}") from error
        except OSError as error:  # the disk is full
            raise self._lost(f"{LOCK} was removed and cannot be put back: {error.strerror}") from error
        drop(removed)
        removed.release()

    def move(self, target: Path) -> None:
        """Rename the folder, which stays locked."""
        os.rename(self._home, target)
        self._home = Path(os.path.abspath(target))
        self._lease.moved_to(self._home / LOCK)

    def release(self) -> None:
        """Let others write."""
        drop(self._lease)
        self._lease.release()

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self) -> Lease:
        lease = Lease.take(self._home / LOCK, place=place_of(self._home), seconds=SECONDS)
        keep(lease)
        return lease

    def _lost(self, why: str) -> LockLost:
        return LockLost(
            f"{self._folder} is not this process's to write any more: {why}. It stops here; what was recorded stays. "
            f"Nothing may remove {LOCK} or move the folder while an experiment runs in it."
        )


def writer_of(folder: Path) -> Holder | None:
    """The live process that writes an experiment; ``None`` if there is none, or none can be seen.

    Who waits for a writer would else wait for ever, and who wants to write is told by :class:`FolderLock`.
    """
    try:
        return holder_of(folder / LOCK, place=place_of(folder))
    except OSError:
        return None


def is_locked(folder: Path) -> bool:
    """Whether a live process writes this experiment, as far as :func:`writer_of` sees."""
    return writer_of(folder) is not None


def check_lock(folder: Path) -> None:
    """See that an experiment can be locked, as far as that can be seen without doing so.

    Raises:
        LockingError: If a link or a folder lies where its lock belongs.
    """
    check_is_file(folder / LOCK)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Wait until nobody else is in such a block for this file, which is made for that.

    Raises:
        LockingError: If it cannot be locked.
    """
    with open(path, "a") as file:
        flock(file, fcntl.LOCK_EX)
        yield


def identity_at(path: Path | str) -> tuple[int, int] | None:
    """What tells the file or folder of that name from others; ``None`` if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
