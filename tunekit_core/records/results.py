"""Writes ``results.csv.zip``: a row per report, compressed as it comes, so that memory stays bounded."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

from tunekit_core.contracts.trials import Decision, Report, Status, Trial
from tunekit_core.errors import LockLost
from tunekit_core.records.cells import as_cell, columns_of
from tunekit_core.records.files import RESULTS
from tunekit_core.records.lock import identity_at
from tunekit_core.records.results_file import MEMBER
from tunekit_core.records.syncing import publish
from tunekit_core.space import SearchSpace

LEVEL = 1  # of compression: level 6 takes four times as long for files that are a seventh smaller
LINES_PER_WRITE = 1000
NEEDS_QUOTES = re.compile(r'[,"\r\n]')
TRIALS_KEPT = 4096  # whose part of a row is kept as text
AFTER = {
    Decision.CONTINUE: f"{Decision.CONTINUE.value},{Status.RUNNING.value}",
    Decision.PAUSE: f"{Decision.PAUSE.value},{Status.PAUSED.value}",
    Decision.STOP: f"{Decision.STOP.value},{Status.STOPPED.value}",
}

CONTINUE, CONTINUES = Decision.CONTINUE, AFTER[Decision.CONTINUE]  # of most rows; Python takes long to look these up


class ResultsWriter:
    """Writes rows under a temporary name; :meth:`close` gives the file its own.

    Columns: the metrics as reported, ``st_decision``, ``st_status`` after the decision, ``trial_id``,
    ``config_*``, ``st_tuner_time`` in seconds, then the columns of the composers. A column that appears for the
    first time in a later row is empty in the rows before: a row is written as wide as the table is by then, and
    where columns have appeared, the file is copied once, at the end.

    Args:
        folder: Where the file goes.
        space: Its entries are those of the configurations, in their order.
        sync: Whether the file outlasts a power cut once it is closed.
    """

    def __init__(self, folder: Path, space: SearchSpace, *, sync: bool = False) -> None:
        self._sync = sync
        self._path = folder / RESULTS
        self._temporary = folder / (RESULTS + ".part")
        self._names = tuple(space)
        self._as_json = frozenset(name for name, column in columns_of(space).items() if column.is_json)
        self._columns: dict[str, None] = {}  # in order
        self._widths: list[tuple[int, int]] = []  # of the lines from each of these on: a pair where columns appear
        self._layout: tuple[object, ...] = ()  # types and names of metrics, names of composed columns
        self._format = ""  # of a row of that layout: what renders its metrics in one step
        self._trial_cells: dict[int, str] = {}
        self._lines: list[str] = []
        self._n_written = 0  # lines
        self._archive, self._member = _new_archive(self._temporary)
        self._identity = identity_at(self._temporary)

    def row(self, trial: Trial, report: Report, decision: Decision, composed: Sequence[Mapping[str, Any]]) -> None:
        """Add the row of a report."""
        extra = {name: value for columns in composed for name, value in columns.items()} if composed else {}
        values = (*report.metrics.values(),)
        layout = (*map(type, values), *report.metrics, *extra)
        if layout != self._layout:
            if [*self._columns] != self._header(report, extra):
                self._row_with_other_columns(trial, report, decision, extra)
                return
            self._layout, self._format = layout, _format_of(map(type, values))
        cells = self._format % values if self._format else _cells(values)
        after = CONTINUES if decision is CONTINUE else AFTER[decision]
        line = f"{cells},{after},{self._cells_of(trial)},{report.time}"
        self._add(f"{line},{_cells(extra.values())}" if extra else line)

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            LockLost: If another process has removed it, or begun one in its place.
        """
        is_ours = self._is_ours()
        self._close_member()
        if not is_ours:
            raise LockLost(f"{self._temporary} was removed or replaced by another process: this one stops.")
        if len(self._widths) > 1:
            self._widen()
        publish(self._temporary, self._path, sync=self._sync)

    def discard(self) -> None:
        """Finish without a file. What another process has begun in its place stays."""
        is_ours = self._is_ours()
        self._close_member()
        if is_ours:
            self._temporary.unlink(missing_ok=True)

    def _is_ours(self) -> bool:
        """Whether the file of that name is this one; it is open, so that no other gets what tells it from others."""
        return identity_at(self._temporary) == self._identity

    def _cells_of(self, trial: Trial) -> str:
        """Id and configuration of a trial, which are the same in each of its rows."""
        cells = self._trial_cells.get(trial.id)
        if cells is None:
            if len(self._trial_cells) >= TRIALS_KEPT:
                self._trial_cells.clear()
            cells = _cells((trial.id, *self._values_of(trial)))
            self._trial_cells[trial.id] = cells
        return cells

    def _values_of(self, trial: Trial) -> list[Any]:
        configuration = trial.configuration
        return [as_cell(configuration[name]) if name in self._as_json else configuration[name] for name in self._names]

    def _header(self, report: Report, extra: Mapping[str, Any]) -> list[str]:
        configuration = [f"config_{name}" for name in self._names]
        return [*report.metrics, "st_decision", "st_status", "trial_id", *configuration, "st_tuner_time", *extra]

    def _row_with_other_columns(
        self, trial: Trial, report: Report, decision: Decision, extra: Mapping[str, Any]
    ) -> None:
        settled = [trial.id, *self._values_of(trial), report.time]
        values = [*report.metrics.values(), *AFTER[decision].split(","), *settled]
        names = self._header(report, extra)
        row = dict(zip(names, map(_cell, [*values, *extra.values()]), strict=True))
        if not row.keys() <= self._columns.keys():
            self._columns |= dict.fromkeys(row)
            self._layout = ()  # rows as before lack a column now
            if not self._widths:
                self._add(_cells(self._columns))
            self._widths.append((self._n_written + len(self._lines), len(self._columns)))
        self._add(",".join([row.get(column, "") for column in self._columns]))

    def _widen(self) -> None:
        """Copy the file, with all rows as wide as the last."""
        wide = self._temporary.with_suffix(".wide")
        with zipfile.ZipFile(self._temporary) as archive, archive.open(MEMBER) as member:
            rows = _rows(io.TextIOWrapper(member, encoding="utf-8", newline="\n"))
            next(rows)
            self._archive, self._member = _new_archive(wide)
            try:
                self._copy(rows)
            finally:
                self._close_member()
        os.replace(wide, self._temporary)

    def _copy(self, rows: Iterator[str]) -> None:
        self._add(_cells(self._columns))
        ends = [first for first, _ in self._widths[1:]]
        for (first, width), end in zip(self._widths, [*ends, None], strict=True):
            missing = "," * (len(self._columns) - width)
            for row in islice(rows, None if end is None else end - first):
                self._add(row + missing)

    def _add(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines) >= LINES_PER_WRITE:
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            text = "\n".join(self._lines) + "\n"
            self._member.write(text.encode(errors="backslashreplace"))  # of half a surrogate pair
            self._n_written += len(self._lines)
            self._lines.clear()

    def _close_member(self) -> None:
        with self._archive, self._member:  # closed whatever happens, or they would complain when they are collected
            self._flush()


def _new_archive(path: Path) -> tuple[zipfile.ZipFile, IO[bytes]]:
    # What is there was left by a process that died; or by one that lives and lost its lock: that writes on in its own.
    path.unlink(missing_ok=True)
    archive = zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
    # A member that is opened by name has a fixed time stamp: equal results are equal bytes.
    return archive, archive.open(MEMBER, "w", force_zip64=True)


def _rows(lines: Iterable[str]) -> Iterator[str]:
    """The rows of a file that this module wrote, as they are there; a cell may hold line ends."""
    row, is_quoted = "", False
    for line in lines:
        row += line
        is_quoted ^= line.count('"') % 2 == 1
        if not is_quoted:
            yield row.removesuffix("\n")
            row = ""


def _quoted(value: object) -> str:
    """A cell as the csv module writes it, which on Python 3.10 refuses the character NUL."""
    text = "" if value is None else str(value)
    if NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


# Numbers need no quotes; writing them ourselves takes half the time of the csv module.
_RENDER: dict[type, Callable[[Any], str]] = {float: float.__repr__, int: int.__repr__}


def _format_of(types: Iterable[type]) -> str:
    """What renders values of these types as :func:`_cells` does; empty if they are not all plain numbers."""
    types = tuple(types)
    return ",".join(["%r"] * len(types)) if types and all(each in _RENDER for each in types) else ""


def _cell(value: object) -> str:
    return _RENDER.get(type(value), _quoted)(value)


def _cells(values: Iterable[object]) -> str:
    return ",".join([_RENDER.get(type(value), _quoted)(value) for value in values])
