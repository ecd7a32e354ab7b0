"""What Ctrl-C, SIGTERM and SIGHUP do before anything runs: they end the process at once, with a line.

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

from tunekit.runs.interruption import SIGNALS, interrupt, raise_again_what_is_dropped
from tunekit.secrets import without_secrets
from tunekit_core.known_secrets import redacted

STDERR = 2  # a file of Python's may be in the middle of a write


def end_at_once_when_interrupted() -> None:
    """From now on. What is ignored, as Ctrl-C is in the background and SIGHUP under nohup, still is."""
    end = _EndAtOnce(sys.argv[1:])
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, end)


def raise_when_interrupted() -> None:
    """From now on an interruption is a ``KeyboardInterrupt`` again: something begins that has to come to an end."""
    ending = [number for number in SIGNALS if isinstance(signal.getsignal(number), _EndAtOnce)]
    if ending:
        raise_again_what_is_dropped()
    for number in ending:
        signal.signal(number, interrupt)


def write_last_line(text: str) -> None:
    """Write to standard error, where there still is one: the terminal may be closed, and that be the interruption."""
    with suppress(OSError):
        os.write(STDERR, f"{redacted(text)}\n".encode(errors="backslashreplace"))


def how_to_go_on(given: Sequence[str]) -> str:
    """The line after an interruption.

    Args:
        given: What follows the name of the program.
    """
    return f"Interrupted. To go on, type: {command(given)}"


def command(given: Sequence[str]) -> str:
    """A command line, to be typed; secrets are masked."""
    program = os.path.basename(sys.argv[0])
    words = ["python", "-m", "tunekit"] if program == "__main__.py" else [program]
    return shlex.join([*words, *without_secrets(given)])


class _EndAtOnce:
    """What a signal does: it says how to go on, and ends the process.

    Args:
        typed: What follows the name of the program. Hydra is given another line while it composes options.
    """

    def __init__(self, typed: Sequence[str]) -> None:
        self._typed = typed

    def __call__(self, number: int, frame: FrameType | None) -> None:
        write_last_line(how_to_go_on(self._typed))
        os._exit(128 + number)
