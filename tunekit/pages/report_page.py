"""The report of a study as one file of HTML, to be opened from disk and sent around: ``write_report``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit.pages.parts import parts, policy_of
from tunekit.pages.report_data import data_of
from tunekit.pages.report_file import check_report_file, refusal
from tunekit.studies.collection import Study
from tunekit.studies.comparison import Comparison

STYLES = ("common.css", "report.css")
SCRIPTS = ("elements.js", "data.js", "axes.js", "chart.js", "page.js")
PLACE = re.compile(r"\{\{(\w+)\}\}")


def write_report(comparison: Comparison, study: Study, path: Path | str, *, command: str = "") -> Path:
    """Write the report of a study as one file of HTML, which loads nothing.

    It holds the verdicts, what to check, the curves of all setups and of single runs, and what it takes to repeat it.
    Equal experiments give an equal file. Of 10,000 runs it takes some 4 MB.

    Args:
        comparison: What follows from the experiments, as :func:`compare` gives it.
        study: The experiments, as :func:`load_experiments` gives them.
        path: The file. One that such a report wrote is replaced, any other kept.
        command: What to type for the same page, which it then shows.

    Returns:
        The file.

    Raises:
        ConfigurationError: If there is no such folder, nothing can be written there, or the file is no such report.

    Example:
        >>> from tunekit import compare, load_experiments, write_report
        >>> study = load_experiments("results")  # doctest: +SKIP
        >>> write_report(compare(study), study, "report.html")  # doctest: +SKIP
    """
    file = check_report_file(path)
    page = page_of(data_of(comparison, study, command))
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise refusal(file, f"{file} cannot be written: {error.strerror}. Name another file") from error
    return file


def page_of(data: Mapping[str, Any]) -> str:
    """The page that shows data of a report."""
    style, script = parts(STYLES), f"'use strict';\n{parts(SCRIPTS)}"
    filled = {"policy": policy_of(style, script), "style": style, "data": _inert(data), "script": script}
    pieces = PLACE.split(parts(["report.html"]))  # texts, with the names of what fills them between
    return "".join(filled[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def _inert(data: Mapping[str, Any]) -> str:
    """JSON that nothing in it can end, as no sign of HTML is left; beyond ASCII everything is written by its number."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
