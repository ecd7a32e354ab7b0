"""What is shown of a run at one moment, in lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from tunekit.console import duration, first_and_last_line, printable
from tunekit.live.snapshot import RunInfo, RunningTrial, Snapshot
from tunekit_core.builtin.rung_sizes import PREFIX
from tunekit_core.number_text import format_number

GAP = 2  # blanks between columns
MOST_LINES_OF_CONFIGURATION = 3
LEAST_HEIGHT = 12  # of a window in which the configuration is shown


def layout_lines(run_info: RunInfo, snapshot: Snapshot, width: int, height: int) -> list[Text]:
    """The lines of the view, each to be cut at the width.

    Args:
        run_info: The run.
        snapshot: Where it stands.
        width: Of the window, in characters.
        height: Of the window, in lines: trials that do not fit are only counted.
    """
    counts = textwrap.wrap(str(snapshot.counts), max(1, width))
    above = [*_title(run_info, snapshot, width), *map(_line, counts), *_rungs(snapshot)]
    below = [
        *_incumbent(run_info, snapshot, width if height >= LEAST_HEIGHT else 0),
        *_newest_failure(snapshot),
        *_reason(snapshot),
        *(_line((note, "yellow")) for note in snapshot.notes),
    ]
    trials = _running_trials(run_info, snapshot, width, height - len(above) - len(below))
    return [*above, *trials, *below]


def _title(run_info: RunInfo, snapshot: Snapshot, width: int) -> list[Text]:
    title = _line((run_info.title, "bold"))
    times = _line(", ".join([duration(snapshot.now), *snapshot.remaining]))
    one_line = Text(" " * GAP).join([title, times])
    return [one_line] if one_line.cell_len <= width else [title, times]


def _rungs(snapshot: Snapshot) -> list[Text]:
    """How many trials have come to each rung, lowest first."""
    sizes = [f"{name.removeprefix(PREFIX)}: {size}" for name, size in snapshot.columns if name.startswith(PREFIX)]
    return [_line(("trials at rungs  ", "dim"), "   ".join(sizes))] if sizes else []


def _running_trials(run_info: RunInfo, snapshot: Snapshot, width: int, height: int) -> list[Text]:
    """A table of the trials that run, a line each; nothing if none does."""
    n_running = len(snapshot.running)
    if n_running == 0:
        return []
    n_shown = n_running if n_running + 1 <= height else max(0, height - 2)  # header, and a line about the others
    columns = trial_columns(run_info, snapshot, snapshot.running[:n_shown], width)
    widths = [max(Text(cell).cell_len for cell in column) for column in columns]
    lines = []
    for position, cells in enumerate(zip(*columns, strict=True)):
        padded = [" " * (size - Text(cell).cell_len) + cell for cell, size in zip(cells, widths, strict=True)]
        lines.append(_line(((" " * GAP).join(padded), "dim" if position == 0 else "")))
    if n_shown < n_running:
        lines.append(_line((f"and {n_running - n_shown:,} more running", "dim")))
    return lines


def trial_columns(run_info: RunInfo, snapshot: Snapshot, trials: Sequence[RunningTrial], width: int) -> list[list[str]]:
    """The columns of the table, each a header and a cell for each trial; in a narrow window some are left out."""
    trial_id = ["trial", *(f"{trial.trial_id}" for trial in trials)]
    resource = [run_info.resource, *(_resource(run_info, trial) for trial in trials)]
    metric = [run_info.metric, *("" if trial.resource is None else _aligned(trial.value) for trial in trials)]
    ending = ["", *(trial.ending for trial in trials)]
    devices = ["devices", *(trial.devices for trial in trials)]
    quiet = ["quiet for", *(duration(max(0.0, snapshot.now - trial.heard)) for trial in trials)]
    columns = [trial_id, resource, metric]
    for column in (ending, devices, quiet):  # the most important first: each takes room from those that follow
        wider = [*columns, column]
        needed = sum(max(map(len, cells)) + GAP for cells in wider) - GAP
        if any(column[1:]) and needed <= width:
            columns = wider
    return [[printable(cell) for cell in column] for column in columns]


def _aligned(value: Any) -> str:
    return f"{value:#.6g}" if isinstance(value, float) else format_number(value)


def _resource(run_info: RunInfo, trial: RunningTrial) -> str:
    target = run_info.max_resource if trial.target is None else trial.target
    reached = 0 if trial.resource is None else trial.resource
    return f"{reached}" if target is None else f"{reached}/{target}"


def _incumbent(run_info: RunInfo, snapshot: Snapshot, width: int) -> list[Text]:
    """The best report, and its configuration if there is some width for it."""
    incumbent = snapshot.incumbent
    if incumbent is None:
        return []
    report = incumbent.report
    value = format_number(report.metrics[run_info.metric])
    where = f" at {run_info.resource} {report.resource} of trial {report.trial_id}"
    age = f", {duration(max(0.0, snapshot.now - report.time))} ago"
    best = _line((f"best {run_info.metric} {value}", "green"), where + age)
    configuration = _folded(run_info.searched_values(incumbent.configuration), width - GAP) if width else []
    return [best, *(_line(" " * GAP + line) for line in configuration)]


def _newest_failure(snapshot: Snapshot) -> list[Text]:
    failure = snapshot.newest_failure
    if failure is None:
        return []
    lines = first_and_last_line(failure.reason)
    first = _line((f"trial {failure.trial_id} has failed: ", "red"), *lines[:1])
    return [first, *(_line(" " * GAP + line) for line in lines[1:])]


def _reason(snapshot: Snapshot) -> list[Text]:
    if not snapshot.reason:
        return []
    waits = ". Waiting for what still runs to end" if snapshot.running else ""
    return [_line((f"It ends: {snapshot.reason}{waits}.", "yellow"))]


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
