"""Finds reports in what a script prints: lines of the Reporter, and what regular expressions match.

This file needs nothing but Python 3.8, since it is read beside a script, whatever environment that has: by the
supervisor of a run on this machine, and in a container.
"""

from __future__ import annotations

import json
import re
import time

TYPE_CHECKING = False  # importing typing would cost as much time as all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TAG = b"[tunekit-report]"  # before the metrics, as the Reporter prints them where no file is named
TIME_STAMP = "st_worker_timestamp"  # seconds since 1970, by which the reports of several trials are put in order
LONGEST_REPORT = 1 << 20  # bytes
LONGEST_MATCHED = 10_000  # characters of a line in which patterns are looked for: some take the square of that in time
BREAK = re.compile(rb"[\r\n]+")  # progress bars go back to the beginning of their line
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # colours of a terminal


class PrintedReports:
    """Reads the standard output of one run, in pieces of any size.

    A line with the tag of the Reporter is a report as it stands. Where there are patterns, what they match is gathered
    until all that a report needs was found since the last one, which makes the next.

    Args:
        patterns: By metric a regular expression, whose first group, or all that it matches, is the value.
        needed: The metrics without which there is no report, each with a pattern: those that are optimised, and the
            resource.
    """

    def __init__(self, patterns: Mapping[str, str], needed: Sequence[str]) -> None:
        self._patterns = {name: re.compile(pattern) for name, pattern in patterns.items()}
        self._needed = frozenset(needed)
        self._found: dict[str, float | str] = {}
        self._pieces: list[bytes] = []  # of a line that has no end yet
        self._size = 0  # of these

    def read(self, data: bytes) -> list[bytes]:
        """The reports that are complete with these bytes, each a line of JSON without its end.

        What stands behind a tag and is no JSON is returned as it is: it was to be a report.
        """
        *lines, rest = BREAK.split(data)
        if lines:
            lines[0] = b"".join([*self._pieces, lines[0]])
            self._pieces, self._size = [], 0
        self._pieces.append(rest)
        self._size += len(rest)
        if self._size > LONGEST_REPORT:
            lines.append(b"".join(self._pieces))
            self._pieces, self._size = [], 0
        return [report for line in lines for report in self._of_line(line)]

    def read_rest(self) -> list[bytes]:
        """The report in a last line that has no end."""
        return self.read(b"\n")

    def _of_line(self, line: bytes) -> Iterator[bytes]:
        _, tag, text = line.partition(TAG)
        if tag:
            yield _with_time_stamp(text.strip())
        elif self._patterns and line and self._match(line):
            yield json.dumps({**self._found, TIME_STAMP: time.time()}).encode("ascii")
            self._found = {}

    def _match(self, line: bytes) -> bool:
        """Look for values in a line, and tell whether there is a report now."""
        text = ESCAPE.sub("", line[: 4 * LONGEST_MATCHED].decode("utf-8", "replace"))[:LONGEST_MATCHED]
        for name, pattern in self._patterns.items():
            found = pattern.search(text)
            if found is not None:
                value = found[1] if pattern.groups else found[0]
                if value is not None:  # its group is one of several that may match
                    self._found[name] = _number_or_text(value)
        return self._needed <= self._found.keys()


def _with_time_stamp(text: bytes) -> bytes:
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(report, dict) or TIME_STAMP in report:
        return text
    return json.dumps({**report, TIME_STAMP: time.time()}).encode("ascii")


def _number_or_text(text: str) -> float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
