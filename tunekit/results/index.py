"""The index of an experiment tag: a line for every run below it, whichever sweep made it."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

from tunekit.console import print_stderr
from tunekit_core.errors import RecordError
from tunekit_core.records.files import METADATA, read_metadata, write_whole
from tunekit_core.records.lock import exclusively
from tunekit_core.records.set_aside import set_aside

INDEX = "index.csv"
LOCK = ".index.lock"
DAMAGED = "damaged"  # in place of a status, where metadata.json cannot be read
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a formula begins with
COLUMNS = ("method", "benchmark", "dataset", "seed", "status", "hash", "folder", "reason")


def write_index(folder: Path) -> Path:
    """Write the index of all runs below the folder of an experiment tag, sorted by their folders.

    People open it in a spreadsheet: a text that would be a formula there has an apostrophe before it.

    It says what is on disk, so it needs no merging: of two sweeps that end at the same time, the later one looks
    after the earlier has written its last run.
    """
    index = folder / INDEX
    if _is_right(index, _content(folder)):  # then nothing need be written, which may not be allowed
        return index
    with exclusively(folder / LOCK):
        content = _content(folder)
        if not _is_right(index, content):
            if os.path.lexists(index) and not index.is_file():
                print_stderr(f"Kept as {set_aside(index)}: {index} is no file.")
            write_whole(index, content, sync=True)
    return index


def _is_right(index: Path, content: str) -> bool:
    return index.is_file() and index.read_bytes() == content.encode()


def _content(folder: Path) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for path in sorted(folder.glob(f"*/*/{METADATA}")):
        try:
            metadata = read_metadata(path.parent)
        except RecordError as error:
            metadata = {"status": DAMAGED, "reason": str(error)}
        metadata["folder"] = path.parent.relative_to(folder).as_posix()
        writer.writerow([_no_formula(metadata.get(column, "")) for column in COLUMNS])
    return buffer.getvalue()


def _no_formula(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace("\r", "\n")  # which csv puts in quotes
    return f"'{text}" if value.startswith(FORMULA) else text
