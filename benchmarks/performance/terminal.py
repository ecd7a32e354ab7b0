"""What is read from the command line, and where tables are printed."""

from __future__ import annotations

import sys

from rich.console import Console

WIDTH = 120


def console() -> Console:
    """The terminal, or wide enough lines where the output goes to a file."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def names(text: str) -> tuple[str, ...]:
    """The names in a list that is separated by commas."""
    return tuple(name for name in text.split(",") if name)
