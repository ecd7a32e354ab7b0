"""A Python function as the program of trials, which import its modules anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tunekit.functions.canonical import digest_of_function, parts_of_function
from tunekit.runs.edits import Program
from tunekit.sources import Sources


def program_of_function(function: Callable[..., Any], name: str, version: str | None) -> Program:
    """What a function is now.

    Args:
        function: The function.
        name: What it is called.
        version: What counts in its place; its content unless given.

    Raises:
        ConfigurationError: If it uses something whose content cannot be known.
    """
    if version is not None:
        return Program({name: f"version {version}"}, Sources(()), {})
    digest = digest_of_function(function)
    parts = parts_of_function(function, name)
    return Program({name: digest}, parts.files, parts.digests)
