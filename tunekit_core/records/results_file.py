"""Reads ``results.csv.zip``: whatever has become of the file, there are rows or there is one kind of error."""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tunekit_core.errors import RecordError
from tunekit_core.records.files import RESULTS
from tunekit_core.records.foreign_files import regular_file

MEMBER = "results.csv"
ALWAYS = ",st_decision,st_status,trial_id,"  # part of each header
CHARACTERS_AT_ONCE = 1 << 20
QUOTED = re.compile('"[^"]*"')
# What the parts of zipfile, and whoever reads the table, raise where bytes were changed.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    LookupError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    csv.Error,
)


@contextmanager
def opened_results(folder: Path, content: bytes | None = None) -> Iterator[IO[str]]:
    """The results as text, to be read to the end; what is raised on the way is said to be damage of the file.

    Args:
        folder: Of the experiment.
        content: What is read in place of its file.

    Raises:
        RecordError: If there are none, or they are damaged.
    """
    path = folder / RESULTS
    try:
        with _bytes_of(path) if content is None else io.BytesIO(content) as file, zipfile.ZipFile(file) as archive:
            if archive.namelist() != [MEMBER]:
                raise ValueError(f"it holds {', '.join(archive.namelist()) or 'nothing'} in place of {MEMBER}")
            if archive.getinfo(MEMBER).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{MEMBER} is compressed in another way than it was written")
            with archive.open(MEMBER) as member, io.TextIOWrapper(member, encoding="utf-8", newline="\n") as text:
                yield text
    except RecordError:
        raise
    except DAMAGE as error:
        raise RecordError(f"{path} is damaged: {error or type(error).__name__}") from error


def _bytes_of(path: Path) -> IO[bytes]:
    try:
        return open(path, "rb", opener=regular_file)
    except FileNotFoundError as error:
        raise FileNotFoundError("there is no such file") from error


def n_rows(metadata: Mapping[str, Any]) -> int:
    """How many rows the results of an experiment have that has come to its end: one for each report that was kept."""
    return int(metadata["n_reports"]) + int(metadata.get("n_incomplete", 0))


def check_results(folder: Path, n_rows: int) -> None:
    """See that the results are whole: a table of so many rows.

    Raises:
        RecordError: If there are none, or they are damaged.
    """
    n, widths, rest = 0, set[int](), ""
    with opened_results(folder) as text:
        while piece := text.read(CHARACTERS_AT_ONCE):
            rest += piece
            if '"' in rest:
                if rest.count('"') % 2:
                    continue  # it ends within a cell
                rest = QUOTED.sub("", rest)
            rows, end, rest = rest.rpartition("\n")
            if end:
                if n == 0 and ALWAYS not in rows.partition("\n")[0]:
                    raise ValueError("its first row is no header")
                widths.update([row.count(",") for row in rows.split("\n")])
                n += rows.count("\n") + 1
        if rest:
            raise ValueError("its last row has no end")
        if len(widths) > 1:
            raise ValueError("its rows differ in the number of their cells")
        if max(n - 1, 0) != n_rows:
            raise ValueError(f"it has {max(n - 1, 0)} rows, and the metadata tell of {n_rows} reports")
