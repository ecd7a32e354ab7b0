"""Reads the reports of trials as they are appended to their files."""

from __future__ import annotations

import errno
import heapq
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunekit_core import number_in
from tunekit_local.trial_files import open_file, open_folder

LONGEST_LINE = 1 << 20
CHUNK_BYTES = 1 << 20  # that are read at a time, so that a trial which reports without an end holds up no other
UNREADABLE = "unreadable"
TIME_STAMP = "st_worker_timestamp"  # added by the Reporter


class ReportFile:
    """The reports of one run of a trial.

    What a script writes that is no report comes out once, as ``{UNREADABLE: …}``, and ends the reading: the trial
    fails, so nothing that follows would count.

    Args:
        home: A folder into which no trial writes.
        path: The file below it, with one JSON object a line; it need not exist yet.

    Attributes:
        has_more: Whether there was more to read than was read at once.
    """

    def __init__(self, home: Path, path: Path) -> None:
        self.has_more = False
        self._home = home
        self._path = path
        self._folder = -1
        self._inode = 0
        self._position = 0
        self._part = b""
        self._is_lost = False

    def new(self) -> list[Mapping[str, Any]]:
        """What was reported since the last call. A line that has no end yet is kept for the next."""
        if self._is_lost:
            return []
        try:
            data = self._appended()
        except OSError as error:
            return [self._lost(f"{self._path} is no file that can be read any more: {error.strerror}")]
        *lines, self._part = (self._part + data).split(b"\n")
        # After a line that broke off, a reporter begins a new one.
        found: list[Mapping[str, Any]] = []
        for line in lines if len(self._part) <= LONGEST_LINE else [*lines, self._part]:
            if not line.strip():
                continue
            metrics = _metrics(line)
            if metrics is None:
                return [*found, self._lost(line[:200].decode(errors="replace"))]
            found.append(metrics)
        return found

    def close(self) -> None:
        """Let go of the folder."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _appended(self) -> bytes:
        """What was appended, or the next of it.

        Raises:
            OSError: If the script has put something else in the place of the file, or has cut it.
        """
        try:
            if self._folder < 0:
                *folders, _ = self._path.relative_to(self._home).parts
                self._folder = open_folder(self._home, folders)  # once: it stays this one, whatever its name becomes
            file = open_file(self._folder, self._path.name)
        except FileNotFoundError:
            if self._position:
                raise
            return b""
        try:
            status = os.fstat(file)
            n_new = status.st_size - self._position
            if n_new < 0 or status.st_ino != (self._inode or status.st_ino):
                raise OSError(errno.EINVAL, "It was cut, or another was put in its place")
            self._inode = status.st_ino
            data = os.pread(file, min(n_new, CHUNK_BYTES), self._position) if n_new else b""
        finally:
            os.close(file)
        self._position += len(data)
        self.has_more = len(data) < n_new
        return data

    def _lost(self, what: str) -> Mapping[str, Any]:
        self._is_lost, self.has_more = True, False
        return {UNREADABLE: what}


def new_reports(files: Mapping[int, ReportFile]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """What several trials reported since the last call, in the order in which it was made.

    The reports of one trial stay in their order, whatever its clock says.

    Args:
        files: By id of the trial. All are read before the first report is returned.

    Returns:
        Pairs of the id of the trial and its metrics.
    """
    found = [[(trial_id, metrics) for metrics in file.new()] for trial_id, file in files.items()]
    return heapq.merge(*found, key=lambda report: (number_in(report[1], TIME_STAMP), report[0]))


def _metrics(line: bytes) -> Mapping[str, Any] | None:
    """What a line says; ``None`` if it is no report."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        metrics = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return metrics if isinstance(metrics, dict) else None
