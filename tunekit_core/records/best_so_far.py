"""The best value of an experiment over time, read from its results."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit_core.records.results_file import opened_results

TIME_COLUMN = "st_tuner_time"
TRUTH = {"True": 1.0, "False": 0.0}  # reported as such, and numbers to the tuner
NOT_REPORTED = ""


def read_best_so_far(folder: Path, metadata: Mapping[str, Any], content: bytes | None = None) -> dict[str, list[float]]:
    """When the first metric got better, and what it was then, as ``best_so_far`` in ``metadata.json`` says it.

    Reports count that are finite, meet the constraint, have all metrics of the objective, and are of a trial that has
    not failed, sooner or later. Without pandas, which takes longer to import than this to read a few columns.

    Args:
        folder: Of the experiment.
        metadata: Which metric, mode, constraint and failed trials it has.
        content: Of a results file that is read in place of that in the folder.

    Raises:
        RecordError: If there are no results, or they are damaged.
    """
    sign = 1.0 if metadata["mode"][0] == "min" else -1.0
    best = math.inf
    times: list[float] = []
    values: list[float] = []
    with opened_results(folder, content) as text:
        rows = csv.reader(text)
        header = next(rows, None)
        if header is not None:
            metric, *others = [header.index(name) for name in metadata["metric"]]
            time = header.index(TIME_COLUMN)
            feasible = _feasible(header, metadata.get("constraint"))
            has_failed = _has_failed(header, metadata.get("failed_trials", ()))
            for row in rows:
                if any(row[other] == NOT_REPORTED for other in others):
                    continue
                loss = sign * _number(row[metric])
                # NaN and infinity are below nothing; minus infinity is, but counts no more than they
                if loss < best and math.isfinite(loss) and feasible(row) and not has_failed(row):
                    best = loss
                    times.append(float(row[time]))
                    values.append(sign * loss)
    return {"time": times, "value": values}


def _has_failed(header: Sequence[str], failed: Sequence[int]) -> Callable[[Sequence[str]], bool]:
    """Whether a row of the results is of a trial that has failed."""
    if not failed:
        return lambda row: False
    column, ids = header.index("trial_id"), {str(trial_id) for trial_id in failed}
    return lambda row: row[column] in ids


def _feasible(header: Sequence[str], constraint: str | None) -> Callable[[Sequence[str]], bool]:
    """Whether a row of the results meets a constraint."""
    if constraint is None:
        return lambda row: True
    if constraint not in header:
        return lambda row: False
    column = header.index(constraint)

    def is_feasible(row: Sequence[str]) -> bool:
        try:
            return -math.inf < _number(row[column]) <= 0
        except ValueError:  # a report may have text there, and then does not meet it
            return False

    return is_feasible


def _number(text: str) -> float:
    if text == NOT_REPORTED:
        return math.nan
    return TRUTH[text] if text in TRUTH else float(text)
