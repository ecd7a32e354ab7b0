"""What the page tells of each run: its curve, its best configuration, where it lies, and what it was made with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tunekit.pages.columns import cell, column, shown, text
from tunekit.pages.commands import commands_of
from tunekit.pages.settings import settings_of
from tunekit.results.counts import trials_and_failures
from tunekit.studies.collection import CollectedExperiment
from tunekit_core.number_text import format_fixed

MOST_LEFT_OUT = 500  # of which the page has a line


def columns_of_runs(runs: Sequence[CollectedExperiment]) -> dict[str, Any]:
    """Columns on complete runs, in the order given.

    Args:
        runs: At least one.
    """
    settings = [settings_of(run) for run in runs]
    configurations = [run.configuration or {} for run in runs]
    return {
        "seed": column([_seed(run) for run in runs]),
        "parent": column([text(_home(run)) for run in runs]),
        "folder": column([text(run.name) for run in runs]),
        "hash": column([text(run.hash) for run in runs]),
        "best": column([_best(run) for run in runs]),
        "names": column([tuple(each) for each in configurations], of_kind=shown),
        "values": {"each": [[cell(value) for value in each.values()] for each in configurations]},
        "where": column([_where(run) for run in runs]),
        "time": column(["" if run.best is None else cell(run.best.end) for run in runs]),
        "trials": column([_trials(run) for run in runs]),
        "reason": column([text(run.metadata.get("reason") or "") for run in runs]),
        "ended": column([run.last_active.isoformat(timespec="seconds") for run in runs]),
        "command": column(commands_of(runs), of_kind=text),
        "setting": column(settings, of_kind=shown),
    }


def left_out_rows(runs: Sequence[CollectedExperiment]) -> list[list[Any]]:
    """Of each run that is not compared: method, problem, seed, status, why it ended, and its folder."""
    return [
        [
            text(run.method),
            text(run.problem),
            _seed(run),
            run.status.value,
            text(run.metadata.get("reason") or ""),
            text(run.path),
        ]
        for run in runs[:MOST_LEFT_OUT]
    ]


def _home(run: CollectedExperiment) -> str:
    return str(run.path.parent) + os.sep


def _seed(run: CollectedExperiment) -> Any:
    return "" if run.seed is None else cell(run.seed)


def _best(run: CollectedExperiment) -> Any:
    return "" if run.best_value is None else cell(run.best_value)


def _where(run: CollectedExperiment) -> str:
    """Where the best value was reported."""
    incumbent = run.metadata.get("incumbent")
    if incumbent is None:
        return ""
    resource = run.metadata.get("resource") or "report"
    return text(f"{resource} {incumbent['resource']} of trial {incumbent['trial_id']}")


def _trials(run: CollectedExperiment) -> str:
    """How many trials and reports there were."""
    metadata = run.metadata
    if "n_reports" not in metadata:
        return ""
    return f"{trials_and_failures(metadata)}, {format_fixed(metadata['n_reports'], 0)} reports"
