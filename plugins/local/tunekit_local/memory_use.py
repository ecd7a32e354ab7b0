"""Watches how much memory a run uses. Read by its supervisor, so it needs no more than the standard library.

What counts is what the processes of the run have in memory, which a limit of the system such as RLIMIT_AS does not
know: libraries for GPUs reserve addresses by the terabyte and use little of them, and such limits are for one process
each, not for those that it starts.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # importing typing would cost as much time as all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

PROC = "/proc"  # where there is none, ps is asked
SECONDS_BETWEEN_LOOKS = 1.0
LOOKING = 0.02  # of the time at most: on a machine with thousands of processes a look takes a while
KIB = 1024


class MemoryWatch:
    """Looks from time to time whether a run uses more than it may.

    Args:
        limit: Bytes.
        option: Where the limit was set, as it is typed.
        processes: The processes of the run now.

    Attributes:
        due: When the next look is to be taken, on the monotonic clock.
    """

    def __init__(self, limit: int, option: str, processes: Callable[[], Collection[int]]) -> None:
        self._limit = limit
        self._option = option
        self._processes = processes
        self.due = 0.0

    def look(self) -> str:
        """Look, if that is due.

        Returns:
            What is wrong, for people; empty if nothing is.
        """
        began = time.monotonic()
        if began < self.due:
            return ""
        used = memory_of(self._processes(), self._limit)
        now = time.monotonic()
        self.due = now + max(SECONDS_BETWEEN_LOOKS, (now - began) / LOOKING)
        if used <= self._limit:
            return ""
        amount = f"{used / 1e9:.2f} GB" if used >= 1e9 else f"{used / 1e6:.0f} MB"
        return f"it used {amount} of memory, more than {self._option} allows"


def memory_of(pids: Collection[int], limit: int) -> int:
    """How many bytes processes have in memory.

    Args:
        pids: The processes; those that have ended meanwhile count nothing.
        limit: Beyond it, what several processes share is counted once, which takes longer to find out.
    """
    if not os.path.exists(PROC + "/self/statm"):
        return _by_ps(pids)
    resident = {pid: _resident(pid) for pid in pids}
    used = sum(resident.values())
    return used if used <= limit else sum(_proportional(pid, bytes_) for pid, bytes_ in resident.items())


def _resident(pid: int) -> int:
    fields = _read(f"{PROC}/{pid}/statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else 0


def _proportional(pid: int, resident: int) -> int:
    """Its part of what it shares with others, and all of the rest; what is resident where the system does not say."""
    for line in _read(f"{PROC}/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * KIB
    return resident


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _by_ps(pids: Collection[int]) -> int:
    import subprocess

    command = ["ps", "-o", "rss=", "-p", ",".join(map(str, pids))]
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return sum(int(line) for line in found.stdout.split()) * KIB
