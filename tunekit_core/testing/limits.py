"""A component that never comes to an end is stopped, so that the tests go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 8.0  # a searcher may load its libraries when it proposes first


@contextmanager
def comes_to_an_end(rule: str) -> Iterator[None]:
    """Fail if what is done within takes more than 8 s of processor time: what else the machine does counts nothing.

    Only where the system has such a clock, and in the main thread, where tests run.

    Args:
        rule: What is broken then, for people.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"{rule} It took more than {SECONDS:g} s.")

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
