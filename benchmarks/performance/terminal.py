"""Where tables are printed."""

from __future__ import annotations

import sys

from rich.console import Console

WIDTH = 120


def console() -> Console:
    """The terminal, or wide enough lines where the output goes to a file."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)
