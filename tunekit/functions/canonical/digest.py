"""The digest of a function: all that belongs to it, in an order that does not depend on the process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import chain
from typing import Any

from tunekit.functions.canonical.constants import encoded
from tunekit.functions.canonical.form import Label
from tunekit.functions.canonical.modules import digest_of_module
from tunekit.functions.canonical.names import class_name
from tunekit.functions.canonical.walk import Unknown, Walk, digest_of
from tunekit_core.errors import ConfigurationError, shown

_FORMAT = b"tunekit function 1"


def digest_of_function(function: Callable[..., Any]) -> str:
    """SHA-256, in hexadecimal digits, of what a function does and of all that it uses.

    Functions and classes that other processes import count by name, with the content of the module if it is no
    installed one; all others by their code, and by the values of their defaults and of the variables that they use.

    Equal in every process of one Python version. Files, lines, comments, docstrings, annotations and almost always the
    way in which lines are broken do not count. What a function looks up by a name that it makes as it runs
    (``globals()[name]``, ``importlib``) is not seen.

    Args:
        function: A function, a class, or any object that can be called.

    Raises:
        ConfigurationError: If it uses something whose content cannot be known. The message says by what way.
    """
    walk = Walk(functools.cache(digest_of_module))
    try:
        return digest_of(chain([("", _FORMAT)], walk.pieces(function))).hex()
    except Unknown as error:
        raise ConfigurationError(_message(function, error), option="function", value=function) from error


def _message(function: Callable[..., Any], error: Unknown) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    steps = [_text(label) for label in error.labels if label]
    way = ", which ".join([*steps, f"is an object of class {class_name(type(error.value))}"])
    return (
        f"{name} cannot be told from another version of itself, since the content of what it uses is not known: {name} "
        f"{way} ({error}). Make that in the function itself, or name the version of the function yourself, "
        "tune(…, version='1'), and another one after each change."
    )


def _text(label: Label) -> str:
    if isinstance(label, str):
        return label
    template, key = label
    is_plain = isinstance(key, str) or encoded(key) is not None  # others would run code of their class
    return template.format(key if isinstance(key, str) else shown(key) if is_plain else class_name(type(key)))
