"""Reads the reports of trials as they are appended to their files."""

from __future__ import annotations

import heapq
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LONGEST_LINE = 1 << 20
UNREADABLE = "unreadable"
TIME_STAMP = "st_worker_timestamp"  # added by the Reporter


class ReportFile:
    """The reports of one run of a trial.

    Args:
        path: One JSON object a line; the file need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._part = b""
        self._is_lost = False

    def new(self) -> list[Mapping[str, Any]]:
        """What was reported since the last call. A line that has no end yet is kept for the next."""
        data = self._appended()
        if data is None:
            told, self._is_lost = self._is_lost, True
            return [] if told else [{UNREADABLE: f"{self._path} is no file that can be read any more"}]
        self._position += len(data)
        *lines, self._part = (self._part + data).split(b"\n")
        if len(self._part) > LONGEST_LINE:
            lines.append(self._part)
            self._part = b""
        # After a line that broke off, a reporter begins a new one.
        return [_metrics(line) for line in lines if line.strip()]

    def _appended(self) -> bytes | None:
        """What was appended; ``None`` if the script has put something else in the place of the file."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would have us wait for its writer
        except FileNotFoundError:
            return b""
        except (NotADirectoryError, PermissionError):
            return None
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                return None
            return os.pread(file, max(status.st_size - self._position, 0), self._position)
        finally:
            os.close(file)


def new_reports(files: Mapping[int, ReportFile]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """What several trials reported since the last call, in the order in which it was made.

    The reports of one trial stay in their order, whatever its clock says.

    Args:
        files: By id of the trial. All are read before the first report is returned.

    Returns:
        Pairs of the id of the trial and its metrics.
    """
    found = [[(trial_id, metrics) for metrics in file.new()] for trial_id, file in files.items()]
    return heapq.merge(*found, key=lambda report: (number(report[1], TIME_STAMP), report[0]))


def number(metrics: Mapping[str, Any], name: str) -> float:
    """A metric of a report; minus infinity if it is missing, no number, or larger than any."""
    value = metrics.get(name)
    try:
        return float(value) if isinstance(value, (int, float)) and value == value else float("-inf")
    except OverflowError:
        return float("-inf")


def _metrics(line: bytes) -> Mapping[str, Any]:
    """What a line says; what is no report is kept as text, for the message about it."""
    try:
        metrics = json.loads(line)
    except (ValueError, RecursionError):
        metrics = None
    return metrics if isinstance(metrics, dict) else {UNREADABLE: line[:200].decode(errors="replace")}
