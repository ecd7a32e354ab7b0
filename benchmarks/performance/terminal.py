"""What is read from the command line, and where tables are printed."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

WIDTH = 120


def console() -> Console:
    """The terminal, or wide enough lines where the output goes to a file."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def names(text: str) -> tuple[str, ...]:
    """The names in a list that is separated by commas."""
    return tuple(name for name in text.split(",") if name)


def count(text: str) -> int:
    """A whole number from 1.

    Raises:
        argparse.ArgumentTypeError: If it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)
