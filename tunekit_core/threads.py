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


def environment_for_trials() -> dict[str, str]:
    """The environment as it was before :func:`set_thread_variables`: training may take more than one thread."""
    environment = dict(os.environ)
    for variable, value in _found.items():
        if value is None:
            environment.pop(variable, None)
        else:
            environment[variable] = value
    return environment


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
