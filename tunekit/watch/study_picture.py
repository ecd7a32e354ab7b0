"""A study at one moment, in lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from rich.cells import cell_len
from rich.text import Text

from tunekit.console import duration, first_and_last_line, plural, printable
from tunekit.results.column_widths import GAP, fit, narrow
from tunekit.watch.tallies import RunCounts, RunFailure, Tally
from tunekit_core.number_text import format_number

NAMES = ("setup", "benchmark")
STYLES = {"running": "cyan", "failed": "red", "interrupted": "yellow"}


@attrs.frozen
class StudyPicture:
    """A study at one moment.

    Attributes:
        folder: What is watched.
        totals: Counts over all of it.
        tallies: The same by benchmark and setup, in their order.
        seconds_left: What is left, by the runs that are over; ``None`` where none is or nothing runs.
        failures: The runs that failed last, newest first.
        unreadable: Why experiments cannot be read, by folder.
        is_over: Whether nothing runs, and nothing has changed for a while.
    """

    folder: Path
    totals: RunCounts
    tallies: Sequence[Tally]
    seconds_left: float | None
    failures: Sequence[RunFailure]
    unreadable: Mapping[str, str]
    is_over: bool

    def lay_out(self, width: int, height: int) -> list[Text]:
        """It in the lines of a window, in characters and lines."""
        return _lines(self, width, height)

    def line(self) -> str:
        """It in one line: how many runs there are of each status, and the time that is left."""
        counts = [f"{n:,} {status}" for status, n in self.totals.by_status.items() if n]
        left = [] if self.seconds_left is None else [f"about {duration(self.seconds_left)} left for these"]
        return f"{plural(self.totals.n_runs, 'run')}: {', '.join([*counts, *left])}" if counts else "no run yet"


def _lines(study: StudyPicture, width: int, height: int) -> list[Text]:
    """Setups that do not fit into the window are only counted."""
    above = [Text.assemble((printable(str(study.folder)), "bold"), " " * GAP, study.line())]
    below = [*_failures(study.failures), *_unreadable(study.unreadable)]
    return [*above, *_table(study.tallies, width, height - len(above) - len(below)), *below]


def _table(tallies: Sequence[Tally], width: int, height: int) -> list[Text]:
    """A line for each setup on each benchmark, below their names."""
    n_shown = len(tallies) if len(tallies) + 1 <= height else max(0, height - 2)
    if not tallies:
        return []
    columns = tally_columns(tallies[:n_shown])
    widths = {name: max(map(cell_len, [name, *cells])) for name, cells in columns.items()}
    narrow(widths, width, NAMES)
    lines = [Text((" " * GAP).join(_aligned(name, name, widths[name]) for name in columns), "dim")]
    for i in range(n_shown):
        line = Text()
        for name, cells in columns.items():
            cell = _aligned(cells[i], name, widths[name])
            line.append(" " * (GAP if line else 0) + cell, STYLES.get(name, "") if cells[i] else "")
        lines.append(line)
    if n_shown < len(tallies):
        lines.append(Text(f"and {len(tallies) - n_shown:,} more lines; --once shows all", "dim"))
    return lines


def tally_columns(tallies: Sequence[Tally]) -> dict[str, list[str]]:
    """The columns of the table by their names; those of which all cells are empty are left out."""
    counts = [tally.counts.by_status for tally in tallies]
    columns = {
        "setup": [printable(tally.setup) for tally in tallies],
        "benchmark": [printable(tally.benchmark) for tally in tallies],
        **{
            status: [f"{each[status]:,}" if each[status] else "" for each in counts] for status in RunCounts().by_status
        },
        "best": [best_text(tally) for tally in tallies],
    }
    return {name: cells for name, cells in columns.items() if name == "complete" or any(cells)}


def best_text(tally: Tally) -> str:
    """The best value of a setup so far, with what it is of; empty if there is none."""
    return "" if tally.best is None else printable(f"{tally.metric} {format_number(tally.best)}")


def failure_lines(failure: RunFailure) -> list[str]:
    """Which run failed, and the first and the last line that tell why."""
    return [f"{failure.title} has failed: {' … '.join(first_and_last_line(failure.reason))}", f"{failure.path}"]


def _failures(failures: Sequence[RunFailure]) -> list[Text]:
    lines = []
    for failure in failures:
        what, where = map(printable, failure_lines(failure))
        lines += [Text(what, "red"), Text(" " * GAP + where, "dim")]
    return lines


def _unreadable(unreadable: Mapping[str, str]) -> list[Text]:
    if not unreadable:
        return []
    first = printable(next(iter(unreadable.values())))
    more = f" So it is with {len(unreadable) - 1:,} more." if len(unreadable) > 1 else ""
    return [Text(f"Left out: {first}{more}", "yellow")]


def _aligned(cell: str, name: str, width: int) -> str:
    return fit(cell, width) if name in (*NAMES, "best") else " " * (width - cell_len(cell)) + cell
