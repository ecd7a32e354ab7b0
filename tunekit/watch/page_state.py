"""What the page shows, as values of JSON: all of it text, that the page need not know what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from tunekit.console import duration, first_and_last_line
from tunekit.live.layout import trial_columns
from tunekit.watch.experiment import ExperimentPicture
from tunekit.watch.study_picture import StudyPicture, failure_lines, tally_columns
from tunekit_core.builtin.rung_sizes import PREFIX
from tunekit_core.number_text import format_number

WIDE = 10_000  # columns: of a table, nothing is left out


def state_of(picture: ExperimentPicture | StudyPicture) -> dict[str, Any]:
    """A picture in values of JSON.

    Returns:
        ``title`` and ``status`` are texts. Each of the ``sections`` has a ``heading``, a ``kind`` (``failure``,
        ``note`` or empty), ``lines``, and the ``columns`` and ``rows`` of a table. ``controls`` are those of
        :class:`~tunekit.watch.controls.Controls`, of an experiment that can be steered.
    """
    if isinstance(picture, StudyPicture):
        return _state_of_study(picture)
    info, snapshot = picture.run_info, picture.snapshot
    times = [duration(snapshot.now), *([] if picture.is_over else snapshot.remaining)]
    rungs = [(name.removeprefix(PREFIX), f"{size}") for name, size in snapshot.columns if name.startswith(PREFIX)]
    running = trial_columns(info, snapshot, snapshot.running, WIDE) if snapshot.running else []
    failure = snapshot.newest_failure
    sections = [
        _section("Trials", [str(snapshot.counts)]),
        _section("The best so far", _best(picture)),
        _section("Running", [], running),
        _section(f"Trials at rungs, by {info.resource}", [], [[level, size] for level, size in rungs]),
        _section(
            "The newest failure",
            [] if failure is None else [f"trial {failure.trial_id}", *first_and_last_line(failure.reason)],
            kind="failure",
        ),
        _section(
            "Notes", [*([f"It ends: {snapshot.reason}."] if snapshot.reason else []), *snapshot.notes], kind="note"
        ),
    ]
    status = f"{picture.liveness.status.value}, {', '.join(times)}. {picture.folder}"
    controls = None if picture.controls is None else attrs.asdict(picture.controls)
    return {"title": info.title, "status": status, "sections": _not_empty(sections), "controls": controls}


def _state_of_study(picture: StudyPicture) -> dict[str, Any]:
    failures = [line for failure in picture.failures for line in failure_lines(failure)]
    columns = [[name, *cells] for name, cells in tally_columns(picture.tallies).items()] if picture.tallies else []
    sections = [
        _section("Runs", [], columns),
        _section("The newest failures", failures, kind="failure"),
        _section("Left out", list(picture.unreadable.values())[:20], kind="note"),
    ]
    return {"title": str(picture.folder), "status": picture.line(), "sections": _not_empty(sections), "controls": None}


def _best(picture: ExperimentPicture) -> list[str]:
    info, snapshot = picture.run_info, picture.snapshot
    if snapshot.incumbent is None:
        return []
    report = snapshot.incumbent.report
    value = f"{info.metric} {format_number(report.metrics[info.metric])}"
    where = f"at {info.resource} {report.resource} of trial {report.trial_id}"
    age = f"{duration(max(0.0, snapshot.now - report.time))} ago"
    return [f"{value} {where}, {age}", *info.searched_values(snapshot.incumbent.configuration)]


def _section(
    heading: str, lines: Sequence[str], columns: Sequence[Sequence[str]] = (), *, kind: str = ""
) -> dict[str, Any]:
    """A section; each of the columns begins with its name."""
    return {
        "heading": heading,
        "kind": kind,
        "lines": list(lines),
        "columns": [column[0] for column in columns],
        "rows": [list(row) for row in zip(*(column[1:] for column in columns), strict=True)],
    }


def _not_empty(sections: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [section for section in sections if section["lines"] or section["columns"]]
