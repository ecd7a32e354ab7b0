"""One thread for linear algebra.

Sums over several threads depend on how many there are, so results would too; and parallelism is over runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


_found: dict[str, str | None] = {}


def set_thread_variables() -> None:
    """Ask for one thread, whatever the environment says. Works for libraries that are loaded later."""
    for variable in THREAD_VARIABLES:
        _found.setdefault(variable, os.environ.get(variable))
        os.environ[variable] = "1"


def changes_for_trials() -> dict[str, str | None]:
    """What undoes :func:`set_thread_variables` in the environment of a trial: training may take more than one thread.

    Returns:
        Variables and what they were before; ``None`` for one that was not there.
    """
    return dict(_found)


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limit the libraries that are already loaded to one thread while the block runs."""
    import threadpoolctl

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 1
    with threadpoolctl.threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
