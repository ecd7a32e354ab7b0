"""Where a run that is watched shows itself: a view that changes in a terminal, plain lines elsewhere."""

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

from tunekit.live.layout import frame
from tunekit.live.snapshot import Standing, Subject, gist, number, printable

SECONDS_BETWEEN_PLAIN_LINES = 30.0  # about progress, where nothing else tells of it


class Screen(Protocol):
    """Shows a run. Entered, used and left in one thread, which is not the tuner's: writing may take long."""

    def __enter__(self) -> Screen: ...
    def __exit__(self, kind: object, error: object, trace: object) -> None: ...
    def show(self, lines: Sequence[str], standing: Standing) -> None:
        """Show what has happened since the last call, and where the run stands."""


class PlainScreen:
    """Writes what happens line by line, and now and then where the run stands.

    Args:
        file: Where to.
        subject: What is watched.
    """

    def __init__(self, file: IO[str], subject: Subject) -> None:
        self._file = file
        self._subject = subject
        self._told = time.monotonic()

    def __enter__(self) -> PlainScreen:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        return None

    def show(self, lines: Sequence[str], standing: Standing) -> None:
        """Write the lines, and every half a minute one about progress."""
        lines = list(lines)
        if time.monotonic() - self._told >= SECONDS_BETWEEN_PLAIN_LINES:
            self._told = time.monotonic()
            lines.append(progress_line(self._subject, standing))
        write_lines(self._file, lines)


class TerminalScreen:
    """Draws the view in place, and lines above it; nothing but lines while a shell has put us into the background.

    Args:
        console: On the terminal.
        subject: What is watched.
    """

    def __init__(self, console: Console, subject: Subject) -> None:
        self._console = console
        self._subject = subject
        self._live: Live | None = None
        self._drawn: list[Text] = []
        self._size = console.size
        self._last: Standing | None = None

    def __enter__(self) -> TerminalScreen:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Take the view away and give the cursor back; what failed is kept."""
        if self._live is not None:
            self._live.update(Text(""), refresh=True)
            self._live.stop()
        if self._last is not None and self._last.failure is not None:
            counts, failure = self._last.counts, self._last.failure
            why = " … ".join(gist(failure.reason))
            which = f"{counts.n_failed:,} of {counts.n_started:,} trials failed, the last of them trial"
            write_lines(self._console.file, [f"{which} {failure.trial_id}: {why}"])

    def show(self, lines: Sequence[str], standing: Standing) -> None:
        """Draw, unless everything is as it was."""
        self._last = standing
        if not _is_in_foreground(self._console.file):
            self._let_go()
            write_lines(self._console.file, lines)
            return
        size = self._console.size
        drawn = frame(self._subject, standing, size.width, size.height)
        if self._live is not None and not lines and (drawn, size) == (self._drawn, self._size):
            return
        picture = Text("\n", no_wrap=True, overflow="ellipsis").join(drawn)
        if self._live is None:
            write_lines(self._console.file, lines)
            self._start(picture)
        else:
            with self._console:  # in one piece, so that nothing flickers
                self._erase_what_was_wrapped(size.width)
                for line in lines:
                    self._console.print(Text(printable(line)), soft_wrap=True)
                self._live.update(picture, refresh=True)
        self._drawn, self._size = drawn, size

    def _start(self, picture: Text) -> None:
        self._live = Live(
            picture,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # what others print to the terminal comes out above the view
            vertical_overflow="crop",
        )
        self._live.start(refresh=True)

    def _let_go(self) -> None:
        """A shell writes where the view was: erase nothing there, and begin below when we may draw again."""
        if self._live is not None:
            self._console.quiet = True
            self._live.stop()
            self._console.quiet = False
            self._console.show_cursor(True)
            self._live = None

    def _erase_what_was_wrapped(self, width: int) -> None:
        """A window that has become narrower has wrapped the lines of the last picture: rich counts too few of them."""
        rows = [max(1, -(-min(line.cell_len, self._size.width) // width)) for line in self._drawn]
        if sum(rows) == len(rows):
            return
        up = [(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * (sum(rows) - 1)
        down = [(ControlType.CURSOR_DOWN, len(rows) - 1)] if len(rows) > 1 else []
        self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), *up, *down))


def progress_line(subject: Subject, standing: Standing) -> str:
    """Where the run stands, in one line."""
    parts = [str(standing.counts)]
    if standing.incumbent is not None:
        parts.append(f"best {subject.metric} {number(standing.incumbent.report.metrics[subject.metric])}")
    return ", ".join([*parts, *subject.left(standing.counts, standing.now)])


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
