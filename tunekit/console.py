"""Where text goes: answers to standard output, everything about getting there to standard error."""

from __future__ import annotations

import sys
from functools import cache

from rich.console import Console

PLAIN_WIDTH = 160  # of tables in files and pipes, where there is no window


def answers() -> Console:
    """Standard output."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def messages() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, highlight=False, width=None if sys.stderr.isatty() else PLAIN_WIDTH)


def say(text: str, style: str | None = None) -> None:
    """Write a line to standard error, as it is: nothing in it is markup, and it is not wrapped."""
    messages().print(text, style=style, markup=False, soft_wrap=True)


@cache
def warn_once(text: str) -> None:
    """Write a warning to standard error, unless this process has written it before."""
    say(f"Warning: {text}", style="yellow")
