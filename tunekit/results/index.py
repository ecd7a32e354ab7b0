"""The index of an experiment tag: a line for every run below it, whichever sweep made it."""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tunekit.console import print_stderr
from tunekit_core.errors import RecordError
from tunekit_core.json_text import as_json
from tunekit_core.number_text import natural_order
from tunekit_core.records.files import METADATA, read_metadata
from tunekit_core.records.finding import ListedExperiment
from tunekit_core.records.lock import exclusively
from tunekit_core.records.set_aside import set_aside
from tunekit_core.records.syncing import publish

INDEX = "index.csv"
LOCK = ".index.lock"
FIXED = "until-*.json"  # beside the index: comparisons that were fixed beforehand
DAMAGED = "damaged"  # in place of a status, where metadata.json cannot be read
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a formula begins with
METRIC, BEST_VALUE, CONFIGURATION = "metric", "best_value", "configuration"
COLUMNS = (
    *("method", "benchmark", "dataset", "seed", "status", "hash", "folder", "reason"),
    *(METRIC, BEST_VALUE, CONFIGURATION),
)


def write_index(folder: Path) -> Path:
    """Write the index of all runs below the folder of an experiment tag, sorted by their folders, seeds as numbers.

    People open it in a spreadsheet: a text that would be a formula there has an apostrophe before it.

    The configuration of the best is one cell of JSON, since experiments of a tag may differ in what they search.

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
            # A name of its own: what keeps others of this machine out may not reach those of another.
            temporary = index.with_name(f".{INDEX}.{secrets.token_hex(4)}.part")
            temporary.write_text(content, encoding="utf-8")
            publish(temporary, index, sync=True)
    return index


def forget(removed: Iterable[ListedExperiment]) -> None:
    """Write the indices without experiments that were removed; folders that held nothing else are removed too.

    Raises:
        OSError: If one cannot be written.
    """
    folders = set()
    for each in removed:
        if (each.path.parent.name, each.path.parents[1].name) == (each.method, each.tag):
            folders.add(each.path.parents[1])
            _remove_if_empty(each.path.parent)
    for folder in sorted(folders):
        if any(folder.glob(f"*/*/{METADATA}")):
            if (folder / INDEX).is_file():
                write_index(folder)
        else:
            for path in (folder / INDEX, folder / LOCK, *folder.glob(FIXED)):
                path.unlink(missing_ok=True)
            _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _is_right(index: Path, content: str) -> bool:
    return index.is_file() and index.read_bytes() == content.encode()


def _content(folder: Path) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for path in sorted(folder.glob(f"*/*/{METADATA}"), key=lambda path: natural_order(str(path))):
        try:
            metadata = read_metadata(path.parent)
        except RecordError as error:
            metadata = {"status": DAMAGED, "reason": str(error)}
        metadata |= _best(metadata)
        metadata["folder"] = path.parent.relative_to(folder).as_posix()
        writer.writerow([_no_formula(metadata.get(column, "")) for column in COLUMNS])
    return buffer.getvalue()


def _best(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What an experiment optimises, and the best that it found at its end."""
    metric = {METRIC: metadata["metric"][0]} if METRIC in metadata else {}
    incumbent = metadata.get("incumbent")
    if incumbent is None:
        return metric
    best = next(iter(incumbent["metrics"].values()))
    return {**metric, BEST_VALUE: best, CONFIGURATION: as_json(incumbent["configuration"])}


def _no_formula(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace("\r", "\n")  # which csv puts in quotes
    return f"'{text}" if value.startswith(FORMULA) else text
