"""What the file of a lease says: who holds it, and for how long."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import IO, Any

import attrs

BYTES = 1000  # at most, that are read of the file
SECONDS_TO_WRITE = 10.0  # what is damaged is that of a process that has just made it, or of none
UNREADABLE = (
    "another process (its lock cannot be read: either it has just begun, or the file is damaged, and counts for "
    f"{SECONDS_TO_WRITE:.0f} s only)"
)
LONGEST = 1e6  # seconds: what says more is damaged
NONCE = re.compile("[0-9a-f]{16}")  # it becomes part of the name of a file


@attrs.frozen
class Holder:
    """What a lease says.

    Attributes:
        nonce: What tells it from all others; empty if the file is damaged, or has not been written yet.
        place: Where its process runs; empty if nothing but time tells whether it lives.
        host: Name of the machine; empty if not known.
        pid: The process there.
        since: When it began, by the clock of that machine: for people.
        seconds: How long it lasts without being renewed.
        touched: When it was renewed, by the clock of the file system, in nanoseconds.
        number: Of the file.
    """

    nonce: str
    place: str
    host: str
    pid: int
    since: str
    seconds: float
    touched: int
    number: int

    @property
    def version(self) -> str:
        """What it is called by who would replace it."""
        return self.nonce or f"{self.number}-{self.touched}"

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}" if self.nonce else UNREADABLE


def read_holder(file: IO[bytes]) -> Holder | None:
    """What a file says; ``None`` if it is none."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        return None
    touched, number = status.st_mtime_ns, status.st_ino
    try:
        says = json.loads(file.read(BYTES))
        texts = {name: _checked(says[name], str) for name in ("nonce", "place", "host", "since")}
        seconds = float(says["seconds"])
        is_shown_as_it_is = all(text.isprintable() for text in texts.values())  # in a terminal
        if not (NONCE.fullmatch(texts["nonce"]) and 0 < seconds < LONGEST and is_shown_as_it_is):
            raise ValueError(says)
        return Holder(**texts, pid=_checked(says["pid"], int), seconds=seconds, touched=touched, number=number)
    except (ValueError, TypeError, LookupError, RecursionError):
        return Holder("", "", "", 0, "", SECONDS_TO_WRITE, touched, number)


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(value)
    return value
