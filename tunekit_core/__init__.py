"""The core of tunekit: everything that a plugin or a program of yours needs is imported from here.

Names are loaded when they are asked for first, so that a process which needs few of them starts fast. Which there
are is said once, in ``__init__.pyi``, for type checkers and for this package.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

from tunekit_core.threads import set_thread_variables

set_thread_variables()  # before numpy is imported, in every process

__version__ = "0.1.0"

_HOME_OF = {
    alias.name: f"{__name__}.{statement.module}"
    for statement in ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
    if isinstance(statement, ast.ImportFrom)
    for alias in statement.names
}
__all__ = [*sorted(_HOME_OF), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
