"""Standard output and standard error that are closed, or take no more."""

from __future__ import annotations

import os
import sys

from tunekit.console import print_stderr


def open_what_is_closed() -> None:
    """Let what is printed go nowhere where a standard stream is closed, as after ``>&-``: results are in files."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def is_of_standard_output(error: OSError) -> bool:
    """Whether an error means that standard output takes no more, as on a full disk; that is told then."""
    try:
        print(flush=True)  # what failed is gone from its buffer: only another write tells
    except OSError as of_output:
        if of_output.errno != error.errno:
            return False
    else:
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # Python flushes it once more at its end
    os.close(nowhere)
    print_stderr(f"Standard output takes no more: {error.strerror}. What was recorded is in its folders.", style="red")
    return True
