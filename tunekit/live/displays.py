"""Where a run that is watched is shown: a view that is drawn again in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import IO, Protocol

from rich.console import Console

from tunekit.console import first_and_last_line, plural
from tunekit.live.layout import layout_lines
from tunekit.live.snapshot import RunInfo, Snapshot
from tunekit.live.terminal_view import TerminalView, write_lines
from tunekit_core.number_text import format_number

SECONDS_BETWEEN_PROGRESS_LINES = 30.0  # where there is no view


class Display(Protocol):
    """Shows a run. Entered, used and left in one thread, which is not the tuner's: writing may take long."""

    def __enter__(self) -> Display: ...
    def __exit__(self, kind: object, error: object, trace: object) -> None: ...
    def show(self, lines: Sequence[str], snapshot: Snapshot) -> None:
        """Show what has happened since the last call, a line each, and the run as it is now."""


class PlainDisplay:
    """Writes what happens line by line, and every half a minute how far the run has come.

    Args:
        file: Where to.
        run_info: The run.
    """

    def __init__(self, file: IO[str], run_info: RunInfo) -> None:
        self._file = file
        self._run_info = run_info
        self._last_progress_line = time.monotonic()

    def __enter__(self) -> PlainDisplay:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        return None

    def show(self, lines: Sequence[str], snapshot: Snapshot) -> None:
        lines = list(lines)
        if time.monotonic() - self._last_progress_line >= SECONDS_BETWEEN_PROGRESS_LINES:
            self._last_progress_line = time.monotonic()
            lines.append(progress_line(self._run_info, snapshot))
        write_lines(self._file, lines)


class TerminalDisplay:
    """Draws the view in place, and lines above it; only lines while a shell has put the process into the background.

    Args:
        console: On the terminal.
        run_info: The run.
    """

    def __init__(self, console: Console, run_info: RunInfo) -> None:
        self._file = console.file
        self._view = TerminalView(console)
        self._run_info = run_info
        self._newest: Snapshot | None = None

    def __enter__(self) -> TerminalDisplay:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Erase the view and show the cursor again. If trials failed, a line about that stays."""
        self._view.close()
        if self._newest is not None and self._newest.newest_failure is not None:
            counts, failure = self._newest.counts, self._newest.newest_failure
            why = " … ".join(first_and_last_line(failure.reason))
            which = f"{counts.n_failed:,} of {plural(counts.n_started, 'trial')} failed, the last of them trial"
            write_lines(self._file, [f"{which} {failure.trial_id}: {why}"])

    def show(self, lines: Sequence[str], snapshot: Snapshot) -> None:
        """Draw, unless everything is as it was."""
        self._newest = snapshot
        self._view.draw(lines, lambda width, height: layout_lines(self._run_info, snapshot, width, height))


def progress_line(run_info: RunInfo, snapshot: Snapshot) -> str:
    """How far a run has come: counts, the best, and what is left."""
    parts = [str(snapshot.counts)]
    if snapshot.incumbent is not None:
        best = snapshot.incumbent.report.metrics[run_info.metric]
        parts.append(f"best {run_info.metric} {format_number(best)}")
    return ", ".join([*parts, *snapshot.remaining])
