"""Reads the reports of a trial as they are appended to its file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LONGEST_LINE = 1 << 20
UNREADABLE = "unreadable"


class ReportFile:
    """The reports of one trial, over all of its runs.

    Args:
        path: One JSON object a line; the file need not exist yet.
        n_read: How many lines were read by a process before.
    """

    def __init__(self, path: Path, n_read: int = 0) -> None:
        self._path = path
        self._to_skip = n_read
        self._position = 0
        self._part = b""

    def new(self) -> list[Mapping[str, Any]]:
        """What was reported since the last call. A line that has no end yet is kept for the next."""
        try:
            file = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return []
        try:
            data = os.pread(file, max(os.fstat(file).st_size - self._position, 0), self._position)
        finally:
            os.close(file)
        self._position += len(data)
        *lines, self._part = (self._part + data).split(b"\n")
        if len(self._part) > LONGEST_LINE:
            lines.append(self._part)
            self._part = b""
        lines = [line for line in lines if line.strip()]  # a reporter begins anew after a line that broke off
        skipped = min(self._to_skip, len(lines))
        self._to_skip -= skipped
        return [_metrics(line) for line in lines[skipped:]]


def _metrics(line: bytes) -> Mapping[str, Any]:
    """What a line says; what is no report is kept as text, for the message about it."""
    try:
        metrics = json.loads(line)
    except ValueError:
        metrics = None
    return metrics if isinstance(metrics, dict) else {UNREADABLE: line[:200].decode(errors="replace")}
