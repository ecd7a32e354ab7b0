"""Signals by which somebody ends the command: the first one interrupts it.

Ctrl-C sends SIGINT. SIGTERM comes from batch systems, containers and ``kill``, SIGHUP where a terminal is closed. These
two often come several times, and to every process: once the command ends, only another Ctrl-C makes it end sooner.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_UNTIL_AGAIN = 0.01  # until what was dropped is raised again

_interrupted_by = signal.SIGINT  # of this process, as signals are; unless told otherwise Python has seen a Ctrl-C


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """What handles each of them while something runs: it is a ``KeyboardInterrupt`` that says where it comes from."""
    note(number)
    raise Interruption(number, interrupt, *reasons(number))


class Interruption(KeyboardInterrupt):
    """What a handler of signals raises.

    Args:
        number: The signal.
        handler: What handles it, if Python drops what was raised.
        reasons: What there is to say about it.
    """

    def __init__(self, number: int, handler: Callable[[int, FrameType | None], Any], *reasons: str) -> None:
        super().__init__(*reasons)
        self.number = number
        self.handler = handler


def raise_again_what_is_dropped() -> None:
    """From now on, in this process. Python drops and prints what is raised within ``__del__`` and the like."""
    show = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        dropped = unraisable.exc_value
        if not isinstance(dropped, Interruption):
            show(unraisable)
            return
        signal.signal(dropped.number, dropped.handler)
        start_new_thread(_send_later, (dropped.number,))  # those of `threading` take locks that may be held here

    sys.unraisablehook = hook


def _send_later(number: int) -> None:
    time.sleep(SECONDS_UNTIL_AGAIN)
    os.kill(os.getpid(), number)


def note(number: int) -> None:
    """It is interrupted by this signal. From now on another Ctrl-C raises at once, and the others do nothing."""
    global _interrupted_by
    _interrupted_by = signal.Signals(number)
    for each in SIGNALS:
        if signal.getsignal(each) not in (signal.SIG_IGN, signal.SIG_DFL):
            signal.signal(each, signal.default_int_handler if each is signal.SIGINT else pass_over)


def pass_over(number: int, frame: FrameType | None) -> None:
    """What handles a signal that is to do nothing any more.

    Python complains on standard error about one that came a moment before it was ignored. And what is ignored would
    be so in programs that are started from now on.
    """


def reasons(number: int) -> tuple[str, ...]:
    """What there is to say about an interruption: nothing about one from the keyboard."""
    return () if number == signal.SIGINT else (f"interrupted by {signal.Signals(number).name}",)


def exit_status() -> int:
    """What the command exits with after an interruption, as a shell tells it of a process that a signal ended."""
    return 128 + _interrupted_by


@contextmanager
def on_interruption(act: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Within, what would raise a ``KeyboardInterrupt`` is handled otherwise."""
    raising = (signal.default_int_handler, interrupt)
    before = {each: signal.getsignal(each) for each in SIGNALS if signal.getsignal(each) in raising}
    for each in before:
        signal.signal(each, act)
    try:
        yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is act:  # it was not interrupted
                signal.signal(each, handler)
