"""Whether a function keeps checkpoints, as far as reading it tells; it is not run."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from tunekit.config.specs.fitting import names_checkpoints
from tunekit.functions.canonical.names import imported_name, is_a
from tunekit.sources import Sources

# In a pickle, where the parts of a dotted name need not stand together; and what runs programs, modules and text that
# are not read.
MAY_KEEP_SOME = re.compile(
    rb"checkpoint|callbacks|subprocess|runpy|system|popen|exec|spawn|__import__|importlib", re.IGNORECASE
)


def keeps_no_checkpoint(function: Callable[..., Any], pickled: bytes, files: Sources) -> bool:
    """Whether a function looks for no checkpoint.

    A copy of it is searched, with the variables that it uses, and the files of the local modules. Where it is none that
    was written in Python, or an installed one, that is not known.

    Args:
        function: The function.
        pickled: Its copy, in which modules are named and not contained.
        files: Those of the local modules that it uses.
    """
    paths = [file.path for file in files.files]
    if not _is_read(function) or not all(path.endswith(".py") for path in paths):
        return False
    return not MAY_KEEP_SOME.search(pickled) and not any(map(names_checkpoints, paths))


def _is_read(function: Any) -> bool:
    """Whether what it runs is in its copy, or in a file of the user's own."""
    if is_a(function, functools.partial):
        return _is_read(function.func)
    if is_a(function, MethodType):
        return _is_read(function.__func__)
    if is_a(function, FunctionType) or is_a(function, type):
        name = imported_name(function)
        return name is None or name.file is not None
    call = getattr(type(function), "__call__", None)  # noqa: B004  which kind of method it is, not whether there is one
    return is_a(call, FunctionType) and _is_read(type(function))
