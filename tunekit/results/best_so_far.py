"""The best value of a run over time."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit_core.records.results_file import opened_results

TIME_COLUMN = "st_tuner_time"
TRUTH = {"True": 1.0, "False": 0.0}  # reported as such, and numbers to the tuner


@attrs.frozen(eq=False)
class BestSoFar:
    """A step function, constant between improvements.

    Attributes:
        times: Seconds at the improvements, increasing.
        values: The metric from then on, as reported.
        end: Seconds at which the run ended.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    end: float

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """The best value at each time; NaN before the first finite report."""
        index = np.searchsorted(self.times, times, side="right")
        return np.concatenate([[np.nan], self.values])[index]


def metric_and_constraint(metadata: Mapping[str, Any]) -> str:
    """The name of the metric, and the constraint that a report must meet to count, if there is one."""
    metric, constraint = metadata["metric"][0], metadata.get("constraint")
    return metric if constraint is None else f"{metric} with {constraint} at most 0"


def read_best_so_far(folder: Path, metadata: Mapping[str, Any]) -> BestSoFar:
    """Read it from the results of a run; reports of trials that have failed, sooner or later, do not count.

    Without pandas, which takes longer to import than this to read two columns.
    """
    sign = 1.0 if metadata["mode"][0] == "min" else -1.0
    best, times, values = math.inf, [], []
    with opened_results(folder) as text:
        rows = csv.reader(text)
        header = next(rows, None)
        if header is not None:
            metric, time = header.index(metadata["metric"][0]), header.index(TIME_COLUMN)
            feasible = _feasible(header, metadata.get("constraint"))
            has_failed = _has_failed(header, metadata.get("failed_trials", ()))
            for row in rows:
                loss = sign * _number(row[metric])
                # NaN and infinity are below nothing; minus infinity is, but counts no more than they
                if loss < best and math.isfinite(loss) and feasible(row) and not has_failed(row):
                    best = loss
                    times.append(float(row[time]))
                    values.append(sign * loss)
    return BestSoFar(np.array(times), np.array(values), float(metadata["time"]))


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
    return lambda row: -math.inf < _number(row[column]) <= 0


def _number(text: str) -> float:
    if text == "":  # a report that was kept without it
        return math.nan
    return TRUTH[text] if text in TRUTH else float(text)
