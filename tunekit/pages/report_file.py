"""Which file the page of a report may be written to: a new one, or one that a report wrote."""

from __future__ import annotations

import os
from pathlib import Path

from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import checked_path, why_not_writable

HTML = "html"  # the option
SUFFIXES = (".html", ".htm")  # by which a browser is opened for a file
EXAMPLE, OTHER_EXAMPLE = "report.html", "report-2.html"
MARK = '<meta name="generator" content="tunekit report">'  # by which a page is known that may be written over
MARK_WITHIN = 300  # characters


def check_report_file(path: Path | str) -> Path:
    """The file that a report may be written to.

    Raises:
        ConfigurationError: If it may not; the message says what to type instead.
    """
    file = checked_path(path, HTML)
    if not str(path):
        raise refusal("", " names no file", EXAMPLE)
    try:
        _check(file, str(path))
    except OSError as error:
        raise refusal(path, f" cannot be written: {error.strerror}", EXAMPLE) from error
    return file


def _check(file: Path, typed: str) -> None:
    if file.is_dir():
        raise refusal(typed, " is a folder", file / EXAMPLE)
    if file.suffix.lower() not in SUFFIXES:
        raise refusal(typed, " does not end in .html, as a page for a browser does", _page_beside(Path(typed)))
    folder = file.parent
    if not folder.is_dir():
        what = f"{folder} is no folder" if os.path.lexists(folder) else f"there is no folder {folder}"
        raise refusal(typed, f": {what}", file.name)
    if os.path.lexists(file) and not _is_report(file):
        other = OTHER_EXAMPLE if file.name == EXAMPLE else EXAMPLE
        raise refusal(typed, " exists and was not written by `report`, so that it is kept", file.with_name(other))
    if why := why_not_writable(folder):
        raise refusal(typed, f": {why}", file.name)


def _page_beside(file: Path) -> Path:
    """The file with the suffix of a page; of a name without a letter or a digit, as ``-``, the usual name."""
    return file.with_name(f"{file.name}.html") if any(map(str.isalnum, file.name)) else file.with_name(EXAMPLE)


def _is_report(file: Path) -> bool:
    if not file.is_file() or file.is_symlink():
        return False
    with file.open(encoding="utf-8", errors="replace") as content:
        return MARK in content.read(MARK_WITHIN)


def refusal(typed: Path | str, why: str, instead: Path | str) -> ConfigurationError:
    """Why a file cannot be the report, as the end of a sentence that begins with it, and what to type instead."""
    return ConfigurationError(f"{HTML}={typed}{why}. Type {HTML}={instead}", option=HTML, value=str(typed))
