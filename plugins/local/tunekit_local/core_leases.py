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
ATTEMPTS = 5  # at a file that others remove meanwhile


class CoreLeases:
    """The cores that one experiment has given to its trials.

    Args:
        folder: Where the files of the cores are, as long as cores are taken; ``None`` where nobody else is asked.
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
            if core in self._locks and self._folder is not None:
                with contextlib.suppress(OSError):
                    (self._folder / str(core)).unlink()  # while it is locked: nobody else has it
                os.close(self._locks.pop(core))

    def close(self) -> None:
        """Give all back, and remove the folder if no other experiment has taken a core."""
        self.free([*self._locks])
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def _lock(self, core: int) -> bool:
        """Take one core; true as well where nobody can be asked, as if no other experiment were there."""
        if self._folder is None or core in self._locks:
            return True
        for _ in range(ATTEMPTS):
            if not _is_private(self._folder):
                return True
            path = self._folder / str(core)
            try:
                file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            except FileNotFoundError:
                continue  # the last file has been removed just now, and the folder with it
            except OSError:  # there are too many open files
                return True
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(file), os.lstat(path)):
                    self._locks[core] = file
                    return True
            except BlockingIOError:
                os.close(file)
                return False
            except FileNotFoundError:
                pass  # it was given back, and the file removed, since it was opened
            except OSError:  # a file system without locks
                os.close(file)
                return True
            os.close(file)
        return False


def _is_private(folder: Path) -> bool:
    """Whether a folder is one of ours alone; it is made if there is none."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700)
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & OTHERS


def folder_of_leases() -> Path:
    """The folder that all experiments of this user share; it need not exist."""
    return Path(tempfile.gettempdir(), f"tunekit-cores-{os.geteuid()}")
