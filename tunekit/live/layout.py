"""What the screen shows of a run at one moment."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from tunekit.console import duration
from tunekit.live.snapshot import Row, Standing, Subject, gist, number, printable
from tunekit_core.builtin.rung_sizes import PREFIX

GAP = 2  # blanks between columns
MOST_LINES_OF_CONFIGURATION = 3
LEAST_HEIGHT = 12  # of a window in which the configuration is shown


def frame(subject: Subject, standing: Standing, width: int, height: int) -> list[Text]:
    """The lines of the view, each to be cut at the width.

    Args:
        subject: What is watched.
        standing: Where it stands.
        width: Of the window, in characters.
        height: Of the window, in lines: trials that do not fit are only counted.
    """
    counts = textwrap.wrap(str(standing.counts), max(1, width))
    above = [*_title(subject, standing, width), *map(_line, counts), *_rungs(standing)]
    below = [
        *_incumbent(subject, standing, width if height >= LEAST_HEIGHT else 0),
        *_failure(standing),
        *_ending(standing),
    ]
    rows = _rows(subject, standing, width, height - len(above) - len(below))
    return [*above, *rows, *below]


def _title(subject: Subject, standing: Standing, width: int) -> list[Text]:
    title = _line((subject.title, "bold"))
    times = _line(", ".join([duration(standing.now), *subject.left(standing.counts, standing.now)]))
    one_line = Text(" " * GAP).join([title, times])
    return [one_line] if one_line.cell_len <= width else [title, times]


def _rungs(standing: Standing) -> list[Text]:
    """How many trials have come to each rung, lowest first."""
    sizes = [f"{name.removeprefix(PREFIX)}: {size}" for name, size in standing.columns if name.startswith(PREFIX)]
    return [_line(("trials at rungs  ", "dim"), "   ".join(sizes))] if sizes else []


def _rows(subject: Subject, standing: Standing, width: int, height: int) -> list[Text]:
    if not standing.rows:
        return []
    n_shown = len(standing.rows)
    if n_shown + 1 > height:
        n_shown = max(0, height - 2)  # but for the header, and a line about the others
    columns = _columns(subject, standing, standing.rows[:n_shown], width)
    widths = [max(Text(cell).cell_len for cell in column) for column in columns]
    lines = []
    for number_of_line, cells in enumerate(zip(*columns, strict=True)):
        padded = [" " * (size - Text(cell).cell_len) + cell for cell, size in zip(cells, widths, strict=True)]
        text = (" " * GAP).join(padded)
        lines.append(_line((text, "dim" if number_of_line == 0 else "")))
    if n_shown < len(standing.rows):
        lines.append(_line((f"and {len(standing.rows) - n_shown:,} more running", "dim")))
    return lines


def _columns(subject: Subject, standing: Standing, rows: Sequence[Row], width: int) -> list[list[str]]:
    """Headers and cells; in a narrow window some columns are left out."""
    trial = ["trial", *(f"{row.trial_id}" for row in rows)]
    resource = [subject.resource, *(_resource(subject, row) for row in rows)]
    metric = [subject.metric, *("" if row.resource is None else _aligned(row.value) for row in rows)]
    ending = ["", *(row.ending for row in rows)]
    devices = ["devices", *(row.devices for row in rows)]
    quiet = ["quiet for", *(duration(max(0.0, standing.now - row.heard)) for row in rows)]
    columns = [trial, resource, metric]
    for column in (ending, devices, quiet):  # the first are the last to go
        wider = [*columns, column]
        needed = sum(max(map(len, cells)) + GAP for cells in wider) - GAP
        if any(column[1:]) and needed <= width:
            columns = wider
    return [[printable(cell) for cell in column] for column in columns]


def _aligned(value: Any) -> str:
    return f"{value:#.6g}" if isinstance(value, float) else str(value)


def _resource(subject: Subject, row: Row) -> str:
    target = subject.max_resource if row.target is None else row.target
    reached = 0 if row.resource is None else row.resource
    return f"{reached}" if target is None else f"{reached}/{target}"


def _incumbent(subject: Subject, standing: Standing, width: int) -> list[Text]:
    """The best report, and its configuration if there is some width for it."""
    incumbent = standing.incumbent
    if incumbent is None:
        return []
    report = incumbent.report
    value = number(report.metrics[subject.metric])
    where = f" at {subject.resource} {report.resource} of trial {report.trial_id}"
    age = f", {duration(max(0.0, standing.now - report.time))} ago"
    best = _line((f"best {subject.metric} {value}", "green"), where + age)
    configuration = _folded(subject.configuration(incumbent.configuration), width - GAP) if width else []
    return [best, *(_line(" " * GAP + line) for line in configuration)]


def _failure(standing: Standing) -> list[Text]:
    failure = standing.failure
    if failure is None:
        return []
    lines = gist(failure.reason)
    first = _line((f"trial {failure.trial_id} has failed: ", "red"), *lines[:1])
    return [first, *(_line(" " * GAP + line) for line in lines[1:])]


def _ending(standing: Standing) -> list[Text]:
    if not standing.reason:
        return []
    waits = ". Waiting for what still runs to end" if standing.rows else ""
    return [_line((f"It ends: {standing.reason}{waits}.", "yellow"))]


def _folded(words: Sequence[str], width: int) -> list[str]:
    """Words in lines of this width, a few of them."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + GAP + len(word) <= width:
            lines[-1] += " " * GAP + word
        else:
            lines.append(word)
    if len(lines) > MOST_LINES_OF_CONFIGURATION:
        lines = lines[:MOST_LINES_OF_CONFIGURATION]
        lines[-1] += " …"
    return lines


def _line(*parts: str | tuple[str, str]) -> Text:
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((printable(text), style) for text, style in styled))
