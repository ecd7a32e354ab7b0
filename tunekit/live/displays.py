"""Where a run that is watched is shown: a view that is drawn again in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import IO, Protocol

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from tunekit.console import first_and_last_line, plural, printable
from tunekit.live.layout import layout_lines
from tunekit.live.snapshot import RunInfo, Snapshot
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
            lines.append(_progress_line(self._run_info, snapshot))
        write_lines(self._file, lines)


class TerminalDisplay:
    """Draws the view in place, and lines above it; only lines while a shell has put the process into the background.

    Args:
        console: On the terminal.
        run_info: The run.
    """

    def __init__(self, console: Console, run_info: RunInfo) -> None:
        self._console = console
        self._run_info = run_info
        self._live: Live | None = None
        self._drawn: list[Text] = []
        self._drawn_size = console.size
        self._newest: Snapshot | None = None

    def __enter__(self) -> TerminalDisplay:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Erase the view and show the cursor again. If trials failed, a line about that stays."""
        if self._live is not None:
            self._live.update(Text(""), refresh=True)
            self._live.stop()
        if self._newest is not None and self._newest.newest_failure is not None:
            counts, failure = self._newest.counts, self._newest.newest_failure
            why = " … ".join(first_and_last_line(failure.reason))
            which = f"{counts.n_failed:,} of {plural(counts.n_started, 'trial')} failed, the last of them trial"
            write_lines(self._console.file, [f"{which} {failure.trial_id}: {why}"])

    def show(self, lines: Sequence[str], snapshot: Snapshot) -> None:
        """Draw, unless everything is as it was."""
        self._newest = snapshot
        if not _is_in_foreground(self._console.file):
            self._stop_without_erasing()
            write_lines(self._console.file, lines)
            return
        size = self._console.size
        drawn = layout_lines(self._run_info, snapshot, size.width, size.height)
        if self._live is not None and not lines and (drawn, size) == (self._drawn, self._drawn_size):
            return
        view = Text("\n", no_wrap=True, overflow="ellipsis").join(drawn)
        if self._live is None:
            write_lines(self._console.file, lines)
            self._start(view)
        else:
            with self._console:  # in one piece, so that nothing flickers
                self._erase_wrapped_lines(size.width)
                for line in lines:
                    self._console.print(Text(printable(line)), soft_wrap=True)
                self._live.update(view, refresh=True)
        self._drawn, self._drawn_size = drawn, size

    def _start(self, view: Text) -> None:
        self._live = Live(
            view,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # what others print to the terminal comes out above the view
            vertical_overflow="crop",
        )
        self._live.start(refresh=True)

    def _stop_without_erasing(self) -> None:
        """A shell writes where the view was. When we may draw again, a new view begins below."""
        if self._live is not None:
            self._console.quiet = True
            self._live.stop()
            self._console.quiet = False
            self._console.show_cursor(True)
            self._live = None

    def _erase_wrapped_lines(self, width: int) -> None:
        """A window that has become narrower has wrapped the lines of the view: rich counts too few of them."""
        heights = [max(1, -(-min(line.cell_len, self._drawn_size.width) // width)) for line in self._drawn]
        if sum(heights) == len(heights):
            return
        up = [(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * (sum(heights) - 1)
        down = [(ControlType.CURSOR_DOWN, len(heights) - 1)] if len(heights) > 1 else []
        self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), *up, *down))


def _progress_line(run_info: RunInfo, snapshot: Snapshot) -> str:
    parts = [str(snapshot.counts)]
    if snapshot.incumbent is not None:
        best = snapshot.incumbent.report.metrics[run_info.metric]
        parts.append(f"best {run_info.metric} {format_number(best)}")
    return ", ".join([*parts, *run_info.remaining(snapshot.counts, snapshot.now)])


def write_lines(file: IO[str], lines: Sequence[str]) -> None:
    """Write lines as they are. Not through rich: where the reader has gone, it would redirect standard output too."""
    if lines:
        file.write("".join(f"{printable(line)}\n" for line in lines))
        file.flush()


def _is_in_foreground(file: IO[str]) -> bool:
    try:
        return os.tcgetpgrp(file.fileno()) in (0, os.getpgrp())  # 0: of a process outside our container
    except (AttributeError, OSError, ValueError):
        return True  # no terminal that we share with a shell
