"""What Ctrl-C does before anything runs: it ends the process at once, with a line.

Nothing has to be cleaned up by then. A ``KeyboardInterrupt`` would pass through imports, plugins and Hydra: some of
them swallow it, others make another error of it.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from tunekit.cli.exit_status import STOPPED_BY_USER

STDERR = 2  # a file of Python's may be in the middle of a write


def end_at_once_when_interrupted() -> None:
    """From now on. Where interruptions are ignored, as in the background, they still are."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_when_interrupted() -> None:
    """From now on an interruption is a ``KeyboardInterrupt`` again: something begins that has to come to an end."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def how_to_go_on(given: Sequence[str]) -> str:
    """The line after an interruption.

    Args:
        given: What follows the name of the program.
    """
    return f"Interrupted. To go on, type: {command(given)}"


def command(given: Sequence[str]) -> str:
    """A command line, to be typed."""
    program = os.path.basename(sys.argv[0])
    return shlex.join([*(["python", "-m", "tunekit"] if program == "__main__.py" else [program]), *given])


def _end(number: int, frame: FrameType | None) -> None:
    with suppress(OSError):  # it may be closed
        os.write(STDERR, f"{how_to_go_on(sys.argv[1:])}\n".encode())
    os._exit(STOPPED_BY_USER)
