"""While code of plugins runs, what it prints goes to standard error, and the working directory stays what it was.

Standard output is for results, and results go to a folder that is looked up from the working directory.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

STDOUT, STDERR = 1, 2
C = ctypes.CDLL(None)  # the library of C that this process has loaded


@contextmanager
def stdout_diverted() -> Iterator[None]:
    """Send to standard error what is written to standard output: by Python, by C code, and by processes started here.

    It is for the whole process, so that it belongs around code that takes no longer than an import.
    """
    _flush()
    try:
        kept = os.dup(STDOUT)
    except OSError:  # closed, as in some services: nothing can be written there
        with redirect_stdout(sys.stderr):
            yield
        return
    try:
        os.dup2(STDERR, STDOUT)
    except OSError:  # standard error is closed, so standard output is all there is
        os.close(kept)
        yield
        return
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _flush()  # what was held back while this was on belongs to standard error too
        os.dup2(kept, STDOUT)
        os.close(kept)


@contextmanager
def folder_kept() -> Iterator[None]:
    """Go back to the working directory of before."""
    try:
        before = os.open(".", os.O_RDONLY)
    except OSError:  # it was removed, or may not be read: then there is no way back
        yield
        return
    try:
        yield
    finally:
        os.fchdir(before)
        os.close(before)


def _flush() -> None:
    """Write out what Python and C hold back for standard output."""
    for stream in {sys.stdout, sys.__stdout__}:
        with suppress(OSError, ValueError):  # nobody reads any more, or it is closed: then nothing is held back
            if stream is not None:
                stream.flush()
    C.fflush(None)
