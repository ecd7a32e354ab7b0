"""One thread for linear algebra.

Sums over several threads depend on how many there are, so results would too; and parallelism is over runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

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
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 1
    with _libraries(len(sys.modules)).limit(limits=1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> ThreadpoolController:
    """The libraries with threads that are loaded, looked for anew only where more modules are: it takes a millisecond.

    Args:
        n_modules: Of Python, which load the libraries.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
