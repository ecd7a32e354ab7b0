"""The files that the events of an experiment are written to."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from tunekit_tensorboard.messages import Event, beginning, record

NAME = "events.out.tfevents.{epoch:010d}.{number:04d}.tunekit"  # TensorBoard reads the files of a run in this order
OURS = re.compile(r"events\.out\.tfevents\.(?P<epoch>\d{10})\.(?P<number>\d{4,})\.tunekit")


class EventFiles:
    """The runs of an experiment, each a folder with one file for each process that had something to add to it.

    No file stays open, so the number of trials is not limited by that of open files, and what was written is there
    whatever becomes of the process.

    Args:
        folder: Where the folders of the runs are.
        now: Seconds since the experiment began.
        run: A run that every process writes to, which shows how many there were.
    """

    def __init__(self, folder: Path, now: float, run: str) -> None:
        self._folder = folder
        self._begun: set[str] = set()
        names = [found for path in (folder / run).glob("*") if (found := OURS.fullmatch(path.name))]
        # The clock of an experiment stands still between two of its processes, so all files count from one moment.
        self._epoch = min((int(name["epoch"]) for name in names), default=int(time.time() - now))
        number = max((int(name["number"]) + 1 for name in names), default=0)
        self._name = NAME.format(epoch=self._epoch, number=number)

    def unix_time(self, seconds: float) -> float:
        """A time of the experiment as TensorBoard wants it; in a simulation it may lie in the future."""
        return self._epoch + seconds

    def has_begun(self, run: str) -> bool:
        """Whether this process has written to a run."""
        return run in self._begun

    def write(self, run: str, events: Sequence[Event], *, step: int, time: float) -> None:
        """Add events to a run, all or none.

        Args:
            run: The name of its folder.
            events: What to add.
            step: The first step among them; what a process before this one wrote there, or beyond, does not count.
            time: Seconds since the experiment began.

        Raises:
            OSError: If they cannot be written.
        """
        path = self._folder / run / self._name
        if run not in self._begun:
            path.parent.mkdir(parents=True, exist_ok=True)
            events = [*beginning(step, self.unix_time(time)), *events]
        _append(path, b"".join(map(record, events)))
        self._begun.add(run)


def remove_event_files(folder: Path) -> None:
    """Remove what an experiment left there that begins anew: TensorBoard would show both as one.

    Raises:
        OSError: If a file cannot be removed.
    """
    for path in folder.glob("*/*"):
        if OURS.fullmatch(path.name):
            path.unlink()


def _append(path: Path, data: bytes) -> None:
    """Write at the end of a file, all or nothing: readers stop for good where a record breaks off."""
    with open(path, "ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if file.write(data) != len(data):
            file.truncate(size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
