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
from tunekit.pages.report_file import EXAMPLE, check_report_file, refusal
from tunekit.studies.collection import Study
from tunekit.studies.comparison import Comparison
from tunekit.studies.statistics.intervals import DEFAULT_STATISTIC, Statistic
from tunekit.studies.tables import STATISTICS
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, shown

STYLES = ("common.css", "report.css")
SCRIPTS = ("elements.js", "data.js", "axes.js", "chart.js", "page.js")
PLACE = re.compile(r"\{\{(\w+)\}\}")


def write_report(
    comparison: Comparison,
    study: Study,
    path: Path | str,
    *,
    command: str = "",
    statistic: Statistic = DEFAULT_STATISTIC,
) -> Path:
    """Write the report of a study as one file of HTML, which loads nothing.

    It holds the verdicts, what to check, the curves of all setups and of single runs, and what it takes to repeat it.
    Equal experiments give an equal file. Of 10,000 runs it takes some 4 MB.

    Args:
        comparison: What follows from the experiments, as :func:`compare` gives it.
        study: The experiments, as :func:`load_experiments` gives them.
        path: The file. One that such a report wrote is replaced, any other kept.
        command: What to type for the same page, which it then shows.
        statistic: What the tables of values hold of several runs: ``"median"``, ``"iqm"``, the mean of the middle half,
            or ``"mean"``. Curves, ranks and regrets are of medians.

    Returns:
        The file.

    Raises:
        ConfigurationError: If the comparison is of other experiments, there is no such statistic or folder, nothing can
            be written there, or the file is no such report.

    Example:
        >>> from tunekit import compare, load_experiments, write_report
        >>> study = load_experiments("results")  # doctest: +SKIP
        >>> write_report(compare(study), study, "report.html")  # doctest: +SKIP
    """
    file = check_report_file(path)
    _check_same(comparison, study)
    if statistic not in STATISTICS:
        raise ConfigurationError(
            f"statistic={shown(statistic)} must be one of: {', '.join(STATISTICS)}", option="statistic"
        )
    page = page_of(data_of(comparison, study, command, statistic))
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise refusal(path, f" cannot be written: {error.strerror}", EXAMPLE) from error
    return file


def _check_same(comparison: Comparison, study: Study) -> None:
    """Check that the comparison is of the experiments, all of them that are complete.

    Raises:
        ConfigurationError: If it is not: the page would tell of some runs and show others.
    """
    if not isinstance(comparison, Comparison) or not isinstance(study, Study):
        raise ConfigurationError(
            "write_report(comparison, study, path) needs a comparison and its experiments: study = "
            "load_experiments('results'); write_report(compare(study), study, path)",
            option="study" if isinstance(comparison, Comparison) else "comparison",
        )
    compared = {run.path: run for runs in comparison.runs for run in [*runs.runs, *runs.left_out]}
    complete = {run.path: run for run in study.experiments if run.status is ExperimentStatus.COMPLETED}
    if compared != complete:
        raise ConfigurationError(
            "write_report(comparison, study, path): the comparison is not of the complete experiments of this study. "
            "Type write_report(compare(study), study, path)",
            option="comparison",
        )


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
