"""Lines that are drawn again in place at the bottom of a terminal, while others come out above them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import IO, TypeAlias

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from tunekit.console import printable

LayOut: TypeAlias = Callable[[int, int], list[Text]]
"""The lines to be drawn in a window of this width and height, in characters and lines."""


class TerminalView:
    """Draws lines in place; nothing but what comes above them while a shell has put the process into the background.

    Args:
        console: On the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._drawn: list[Text] = []
        self._drawn_size = console.size

    def close(self) -> None:
        """Erase what was drawn and show the cursor again."""
        if self._live is not None:
            self._live.update(Text(""), refresh=True)
            self._live.stop()
            self._live = None

    def draw(self, lines: Sequence[str], lay_out: LayOut) -> None:
        """Draw, unless everything is as it was.

        Args:
            lines: What is written above, and stays.
            lay_out: What is drawn.
        """
        if not _is_in_foreground(self._console.file):
            self._stop_without_erasing()
            write_lines(self._console.file, lines)
            return
        size = self._console.size
        drawn = lay_out(size.width, size.height)
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
