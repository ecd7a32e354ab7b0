"""Which cores the experiments of this user have given to their trials, so that no two pin trials to the same.

There is a file for each core in a folder of the temporary one, and whoever has given the core away holds a lock on it.
The system takes the lock from a process that ends, however it does. Nobody waits for one: who finds too few cores free
does without. So two experiments that start at once may both go without, and neither can hold the other up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class CoreLeases:
    """The cores that one experiment has given to its trials.

    Args:
        folder: Where the files of the cores are; ``None`` where nobody else is asked.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._locks: dict[int, int] = {}  # descriptors, by core

    def take(self, cores: Iterable[int], n: int) -> tuple[int, ...] | None:
        """Take so many of these cores, the first that no other experiment has.

        Returns:
            The cores; ``None``, and none is taken, if there are too few.
        """
        taken: list[int] = []
        for core in cores:
            if len(taken) < n and self._lock(core):
                taken.append(core)
        if len(taken) < n:
            self.free(taken)
            return None
        return tuple(taken)

    def free(self, cores: Iterable[int]) -> None:
        """Give cores back, of which some may be taken by nobody."""
        for core in cores:
            if core in self._locks:
                os.close(self._locks.pop(core))

    def close(self) -> None:
        """Give all back."""
        self.free([*self._locks])

    def _lock(self, core: int) -> bool:
        if self._folder is None or core in self._locks:
            return True
        try:
            file = os.open(self._folder / str(core), os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:  # too many open files, or the folder is gone: as if nobody else were there
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:  # a file system without locks
            os.close(file)
            return True
        self._locks[core] = file
        return True


def folder_of_leases() -> Path | None:
    """The folder that all experiments of this user share; ``None`` if somebody else has made one of that name."""
    folder = Path(tempfile.gettempdir(), f"tunekit-cores-{os.geteuid()}")
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700)
    try:
        status = os.lstat(folder)
    except OSError:
        return None
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & OTHERS
    return folder if is_ours else None
