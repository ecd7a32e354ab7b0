"""Writes ``results.csv.zip``: a row per report, compressed as it comes, so that memory stays bounded."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tunekit_core.records.files import RESULTS
from tunekit_core.trials import Decision, Report, Status, Trial

MEMBER = "results.csv"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time stamp: equal results are equal bytes
ROWS_PER_WRITE = 1000
STATUS_AFTER = {
    Decision.CONTINUE: Status.RUNNING.value,
    Decision.PAUSE: Status.PAUSED.value,
    Decision.STOP: Status.STOPPED.value,
}


class ResultsWriter:
    """Writes rows under a temporary name; :meth:`close` gives the file its own.

    Columns: the metrics as reported, ``st_decision``, ``st_status`` after the decision, ``trial_id``,
    ``config_*``, ``st_tuner_time`` in seconds, then the columns of the composers. A column that appears for the
    first time in a later row is empty in the rows before.

    Args:
        folder: Where the file goes.
        hyperparameters: Names of all entries of the configurations, in their order.
    """

    def __init__(self, folder: Path, hyperparameters: Sequence[str]) -> None:
        self._path = folder / RESULTS
        self._temporary = folder / (RESULTS + ".part")
        self._names = tuple(hyperparameters)
        self._columns: list[str] = []
        self._layout: tuple[Any, ...] = ()
        self._open()

    def row(self, trial: Trial, report: Report, decision: Decision, composed: Sequence[Mapping[str, Any]]) -> None:
        """Add the row of a report."""
        configuration = trial.configuration
        values = [
            *report.metrics.values(),
            decision.value,
            STATUS_AFTER[decision],
            trial.id,
            *[configuration[name] for name in self._names],
            report.time,
        ]
        for columns in composed:
            values.extend(columns.values())
        layout = (*report.metrics, *(key for columns in composed for key in columns))
        if layout == self._layout:
            self._write(values)
        else:
            self._write_with_other_columns(dict(zip(self._header(report, composed), values, strict=True)), layout)

    def close(self) -> None:
        """Finish the file and give it its name."""
        self._close_member()
        os.replace(self._temporary, self._path)

    def discard(self) -> None:
        """Give up: nothing is left behind."""
        self._close_member()
        self._temporary.unlink()

    def _header(self, report: Report, composed: Sequence[Mapping[str, Any]]) -> list[str]:
        fixed = ["st_decision", "st_status", "trial_id", *(f"config_{name}" for name in self._names), "st_tuner_time"]
        return [*report.metrics, *fixed, *(key for columns in composed for key in columns)]

    def _write(self, values: Sequence[Any]) -> None:
        self._csv.writerow(values)
        self._buffered += 1
        if self._buffered >= ROWS_PER_WRITE:
            self._flush()

    def _write_with_other_columns(self, row: Mapping[str, Any], layout: tuple[Any, ...]) -> None:
        new = [column for column in row if column not in self._columns]
        if new:
            self._rewrite([*self._columns, *new])
        self._write([row.get(column, "") for column in self._columns])
        self._layout = layout if list(row) == self._columns else ()

    def _rewrite(self, columns: list[str]) -> None:
        """Begin again with more columns, copying the rows that are there."""
        old = self._columns
        self._columns = columns
        if not old:
            self._csv.writerow(columns)
            return
        self._close_member()
        previous = self._temporary.with_suffix(".old")
        os.replace(self._temporary, previous)
        self._open()
        self._csv.writerow(columns)
        with zipfile.ZipFile(previous) as archive, archive.open(MEMBER) as member:
            rows = csv.reader(io.TextIOWrapper(member, encoding="utf-8", newline=""))
            next(rows)
            for row in rows:
                self._write([*row, *[""] * (len(columns) - len(old))])
        previous.unlink()

    def _open(self) -> None:
        self._archive = zipfile.ZipFile(self._temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        member = zipfile.ZipInfo(MEMBER, EPOCH)
        member.compress_type = zipfile.ZIP_DEFLATED
        self._member: IO[bytes] = self._archive.open(member, "w", force_zip64=True)
        self._buffer = io.StringIO()
        self._csv = csv.writer(self._buffer, lineterminator="\n")
        self._buffered = 0

    def _flush(self) -> None:
        self._member.write(self._buffer.getvalue().encode())
        self._buffer.seek(0)
        self._buffer.truncate()
        self._buffered = 0

    def _close_member(self) -> None:
        self._flush()
        self._member.close()
        self._archive.close()
