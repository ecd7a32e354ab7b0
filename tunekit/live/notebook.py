"""A run that is watched in a notebook: a view below the cell, which is replaced in place."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from typing import IO, Any

from tunekit.live.layout import layout_lines
from tunekit.live.snapshot import RunInfo, Snapshot
from tunekit.live.terminal_view import write_lines

WIDTH, HEIGHT = 100, 24  # characters and lines: a notebook does not tell how large it is


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; IPython in a terminal is none."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookDisplay:
    """Shows the view below the cell that runs when this is made, and takes it away at the end.

    Args:
        file: Where lines go.
        run_info: The run.
    """

    def __init__(self, file: IO[str], run_info: RunInfo) -> None:
        from IPython.display import display

        self._file = file
        self._run_info = run_info
        self._shown = ""
        # Here, in the thread that runs the cell: what other threads display may land below another one.
        self._handle: Any = display(_bundle(""), raw=True, display_id=True)

    def __enter__(self) -> NotebookDisplay:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._replace("")

    def show(self, lines: Sequence[str], snapshot: Snapshot) -> None:
        """Show it, unless everything is as it was."""
        write_lines(self._file, lines)
        self._replace("\n".join(line.plain[:WIDTH] for line in layout_lines(self._run_info, snapshot, WIDTH, HEIGHT)))

    def _replace(self, text: str) -> None:
        if text != self._shown:
            self._shown = text
            self._handle.update(_bundle(text), raw=True)


def _bundle(text: str) -> dict[str, str]:
    """A text in the two forms that front ends take it in; without one nothing is seen."""
    return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>" if text else ""}
