"""Where text goes: results to standard output, everything on the way there to standard error."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TextIO

from rich.console import Console

from tunekit_core.error_lines import telling_lines
from tunekit_core.errors import TunekitWarning
from tunekit_core.known_secrets import redacted
from tunekit_core.number_text import format_number

COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # what scripts print in colour
LONGEST = 1e9  # seconds that are shown as hours: 30 years
PLAIN_WIDTH = 160  # of tables in files and pipes, where there is no window


def stdout_console() -> Console:
    """Standard output."""
    return _console(sys.stdout)


def stderr_console() -> Console:
    """Standard error."""
    return _console(sys.stderr)


def print_stdout(text: str) -> None:
    """Write text to standard output, not wrapped; a script may have written parts of it."""
    stdout_console().print(harmless(text), soft_wrap=True)


def write_stdout(text: str) -> None:
    """Write text to standard output exactly as it is. Where nobody reads it any more, the command ends."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        stdout_console().on_broken_pipe()  # as what the console prints


def print_stderr(text: str, style: str | None = None) -> None:
    """Write text to standard error, not wrapped, secrets masked; a script may have written parts of it."""
    stderr_console().print(harmless(redacted(text)), style=style, soft_wrap=True)


def harmless(text: str) -> str:
    """Text in its lines, without anything that would steer a terminal."""
    return "\n".join(map(printable, text.split("\n")))


def printable(text: str) -> str:
    """One line, without anything that would steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in COLOUR.sub("", text))


def duration(seconds: float) -> str:
    """A time span for people.

    >>> duration(3725)
    '1:02:05'
    """
    if not abs(seconds) < LONGEST:
        return f"{format_number(seconds)} s"
    minutes, whole = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"


def plural(n: int, noun: str) -> str:
    """A number of things.

    >>> plural(1200, "trial")
    '1,200 trials'
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


@contextmanager
def warnings_for_people() -> Iterator[None]:
    """What components warn of while they run is written without the line of code that does so."""
    as_developers_see_them = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, TunekitWarning) and file is None:
            warn_once(str(message))
        else:
            as_developers_see_them(message, category, filename, lineno, file, line)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = as_developers_see_them


@cache
def warn_once(text: str) -> None:
    """Write a warning to standard error, unless this process has written it before."""
    print_stderr(f"Warning: {text}", style="yellow")


def _console(file: TextIO) -> Console:
    # What users and plugins write may look like markup; it is text.
    width = None if file.isatty() else PLAIN_WIDTH
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def first_and_last_line(text: str) -> list[str]:
    """The first line of a text that is not blank, and if there are several the last that tells anything.

    Of the reason why a script failed, it names the error.
    """
    lines = telling_lines(text)
    return lines[:1] + lines[1:][-1:]
