"""What a trial of a Python function runs: ``python …/trial.py FILE METRIC``.

Until it has read where the process that tunes finds modules, it imports the standard library alone.
"""

from __future__ import annotations

import json
import os
import pickle
import reprlib
import stat
import sys
import traceback
from collections.abc import Mapping

CONFIGURATION = "TUNEKIT_CONFIGURATION"
NO_NUMBERS = (bool, str, bytes, list, tuple, set)  # that a script may report, but that cannot be the metric


def main(path: str, metric: str) -> None:
    """Call the function with the configuration of the trial. What it returns is its report if it has made none.

    Args:
        path: File with two pickles: where modules are looked for, and the function. The process that tunes wrote it.
        metric: What a single number that the function returns is called.
    """
    with open(os.environ[CONFIGURATION], encoding="utf-8") as file:
        configuration = json.load(file)
    with open(path, "rb", opener=_ours_alone) as pickles:
        sys.path[:] = pickle.load(pickles)
        from tunekit.reporter import REPORTS, Reporter

        function = pickle.load(pickles)
    try:
        returned = function(**configuration)
    except Exception as error:
        trace = error.__traceback__
        traceback.print_exception(error.with_traceback(trace and trace.tb_next))  # without the line above
        sys.exit(1)
    if _has_bytes(os.environ[REPORTS]):
        return
    name = getattr(function, "__name__", type(function).__name__)
    what = "nothing, and has reported nothing" if returned is None else _told(returned)
    if returned is None or isinstance(returned, NO_NUMBERS) or (isinstance(returned, Mapping) and not returned):
        sys.exit(
            f"{name} returned {what}. It is to return {metric}, as a number or in a mapping such as "
            f"{{'{metric}': 0.5}}, or to report it on the way through a Reporter."
        )
    try:
        Reporter()(**(returned if isinstance(returned, Mapping) else {metric: returned}))
    except (TypeError, ValueError) as error:
        sys.exit(f"{name} returned {what}: {error}")


def _told(value: object) -> str:
    """What a value is, in a few words."""
    return f"{reprlib.repr(value)}, of type {type(value).__name__}"


def _ours_alone(path: str, flags: int) -> int:
    """Open a file that nobody but this user can have written: what is loaded from it runs as this user."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        sys.exit(f"{path} is not loaded, since it cannot be opened as a file: {error.strerror}.")
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        sys.exit(f"{path} is not loaded, since it is no file of this user alone. Run what made it again.")
    return descriptor


def _has_bytes(path: str) -> bool:
    try:
        return os.path.getsize(path) > 0
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
