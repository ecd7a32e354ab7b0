"""Which file the page of a report may be written to: a new one, or one that a report wrote."""

from __future__ import annotations

import os
from pathlib import Path

from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import checked_path, why_not_writable

HTML = "html"  # the option
MARK = '<meta name="generator" content="tunekit report">'  # by which a page is known that may be written over
MARK_WITHIN = 300  # characters


def check_report_file(path: Path | str) -> Path:
    """The file that a report may be written to.

    Raises:
        ConfigurationError: If it may not.
    """
    file = checked_path(path, HTML)
    if file.is_dir() or not file.name:
        raise refusal(file, f"{file} is a folder. Name a file in it", file / "report.html")
    if not file.parent.is_dir():
        raise refusal(file, f"there is no folder {file.parent}. Make it, or name a file in one that exists")
    if os.path.lexists(file) and not _is_report(file):
        raise refusal(file, f"{file} exists, and no report wrote it: it is kept. Name another file")
    if why := why_not_writable(file.parent):
        raise refusal(file, f"{why}. Name a file elsewhere")
    return file


def _is_report(file: Path) -> bool:
    if not file.is_file() or file.is_symlink():
        return False
    with file.open(encoding="utf-8", errors="replace") as content:
        return MARK in content.read(MARK_WITHIN)


def refusal(file: Path, why: str, instead: Path | None = None) -> ConfigurationError:
    """Why a file cannot be the report, with what to type: another file, or the one given."""
    example = "report-2.html" if file.name == "report.html" else "report.html"
    return ConfigurationError(
        f"{HTML}={file}: {why}, such as {HTML}={instead or example}", option=HTML, value=str(file)
    )
