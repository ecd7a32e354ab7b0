"""``events.jsonl``: a JSON object a line, with a running number and a checksum.

``{"number": 3, "event": "decision", …, "crc32": "9ae0daaf"}``: the numbers count from 0 over all processes that wrote
the file, and the checksum is that of the line up to the comma before it. A line without an end was being written when
the process died: it tells nothing, since an event is acted on only after it was written.

A process that dies loses none of it. A power cut, or a system that crashes, may take what was not synced: all that came
after the last end of a trial, and after one that came within 100 ms of another.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunekit_core.contracts.backends import TrialEnded
from tunekit_core.engine.event_json import RECORD_FORMAT, NoEvent, from_json, to_json
from tunekit_core.engine.events import Happened, Recorded, Stopped, TunerStarted
from tunekit_core.errors import DamagedRecord, OtherFormat, RecordError, shown
from tunekit_core.json_text import as_json
from tunekit_core.records.appended_file import AppendedFile

CHECKSUM = b', "crc32": "%08x"}\n'
CHECKSUM_LENGTH = len(CHECKSUM % 0)
# After these, what is recorded is to outlast a power cut: before the first trial is started, and when one has ended.
SYNCED = (TunerStarted, Stopped, TrialEnded)
SECONDS_BETWEEN_SYNCS = 0.1  # at least


class EventFile:
    """Reads the events of a file, and appends to it.

    Args:
        path: The file; it need not exist yet.

    Attributes:
        n_events: Events that were read, and written.
        bytes_read: Length of what was read.
    """

    def __init__(self, path: Path) -> None:
        self.n_events = 0
        self.bytes_read = 0
        self._path = path
        self._found = 0  # bytes in all
        self._file: AppendedFile | None = None
        self._is_due = False  # to be synced
        self._synced = -SECONDS_BETWEEN_SYNCS  # when, on the clock of the process

    def read(self) -> Iterator[Recorded]:
        """The events so far, one at a time: the file may be larger than memory.

        Raises:
            DamagedRecord: If a line is damaged or missing; what comes before it was returned.
            RecordError: If the file is of another format, or cannot be read.
        """
        self.n_events = self.bytes_read = 0
        yield from self.read_on()

    def read_on(self) -> Iterator[Recorded]:
        """The events that come after those that were read: of a file that grows, it is not read again as a whole.

        Raises:
            DamagedRecord, RecordError: As for :meth:`read`.
        """
        self._found = self.bytes_read
        if not os.path.lexists(self._path):
            return
        if not self._path.is_file():  # of a pipe, one would wait for its writer
            raise RecordError(f"{self._path} cannot be read: it is no file.")
        for line in self._lines():
            self._found += len(line)
            if not line.endswith(b"\n"):
                return
            yield self._event(line)
            self.n_events += 1
            self.bytes_read += len(line)

    def write(self, event: Happened) -> None:
        """Append an event; on its first call a last line that breaks off is removed. :meth:`read` was called before.

        Raises:
            LockLost: If another process has written to the file since it was read.
            OSError: If it cannot be written.
        """
        if self._file is None:
            self._file = AppendedFile(self._path, found=self._found, kept=self.bytes_read)
        text = as_json({"number": self.n_events, **to_json(event)})
        body = text[:-1].encode("ascii")  # json escapes everything else
        self._file.append(body + CHECKSUM % zlib.crc32(body))
        self.n_events += 1
        self._is_due = self._is_due or isinstance(event, SYNCED)
        if self._is_due and time.monotonic() - self._synced >= SECONDS_BETWEEN_SYNCS:
            self._file.sync()
            self._is_due, self._synced = False, time.monotonic()

    def check(self) -> None:
        """See that nobody else has written to the file.

        Raises:
            LockLost: If somebody has.
        """
        if self._file is not None:
            self._file.check()

    def close(self) -> None:
        """Let go of the file, which is synced.

        Raises:
            OSError: If what was written is not on the disk.
        """
        if self._file is not None:
            try:
                self._file.sync()
            finally:
                self._file.close()

    def _lines(self) -> Iterator[bytes]:
        try:
            with open(self._path, "rb") as file:
                file.seek(self.bytes_read)
                yield from file
        except OSError as error:
            raise RecordError(f"{self._path} cannot be read: {error}.") from error

    def _event(self, line: bytes) -> Recorded:
        number = self.n_events
        body, checksum = line[:-CHECKSUM_LENGTH], line[-CHECKSUM_LENGTH:]
        is_whole = checksum == CHECKSUM % zlib.crc32(body)
        try:
            if number == 0 and (is_whole or b'"crc32"' not in line):
                first = _object(line, "is damaged")
                if not (is_whole and type(first) is dict and first.get("number")):  # else lines before it are missing
                    _check_format(self._path, first)
            if not is_whole:
                raise NoEvent("is damaged: its checksum is wrong.")
            record = _object(body + b"}", "is no JSON")
            found = record.pop("number", None)
            if type(found) is not int:
                raise NoEvent("is no event: it has no number.")
            if found != number:
                raise NoEvent("is not where it belongs: lines before it are missing.")
            return from_json(record)
        except NoEvent as error:
            raise DamagedRecord(f"Line {number + 1} of {self._path} {error}") from error


def _check_format(path: Path, first: Any) -> None:
    """Of a line that is whole, or has no checksum: in a record of another format it would only look damaged."""
    begins_here = isinstance(first, dict) and (first.get("event"), first.get("time")) == ("tuner_started", 0.0)
    if not begins_here or first.get("format") != RECORD_FORMAT:
        raise OtherFormat(
            f"{path} begins with {shown(first)}: it is not of format {RECORD_FORMAT}, which this version reads. Read "
            "it with the version that wrote it."
        )


def _object(line: bytes, otherwise: str) -> Any:
    """What a line says.

    Raises:
        NoEvent: If it is no JSON; the message begins with ``otherwise``.
    """
    try:
        return json.loads(line)
    except RecursionError as error:
        raise NoEvent(f"{otherwise}: it is nested too deep.") from error
    except ValueError as error:
        raise NoEvent(f"{otherwise}: {error}.") from error
