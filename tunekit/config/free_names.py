"""Names that the user gives, as keys for Hydra: it takes letters of English, digits, _ and - there; a dot parts keys.

What it does not take is written as ``$HEX$`` in a name that begins with ``$$``, in options files as on the command
line, so that both are one key; what was composed has the names that were typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tunekit_core.errors import ConfigurationError

MARK = "$$"
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]")
ENCODED = re.compile(r"\$\$((?:[A-Za-z0-9_-]|\$[0-9a-f]+\$)+)")
QUOTES = re.compile("[\"'`]")
SIGN = re.compile(r"\$([0-9a-f]+)\$")
BENCHMARK, FIXED = "benchmark", "fixed"
OF_BENCHMARK = ("space", "environment", "metrics")  # options of a benchmark whose keys are the user's
WHOLE = (*(f"{BENCHMARK}.{option}." for option in OF_BENCHMARK), f"{FIXED}.")


def encoded_name(name: str) -> str:
    """A name as one key.

    >>> encoded_name("größe"), encoded_name("optim.lr"), encoded_name("weight-decay")
    ('$$gr$f6$$df$e', '$$optim$2e$lr', 'weight-decay')
    """
    if PLAIN.fullmatch(name) or ENCODED.fullmatch(name) or not name:
        return name
    return MARK + NOT_PLAIN.sub(lambda sign: f"${ord(sign[0]):x}$", name)


def encoded_free_key(key: str) -> str:
    """A dotted key of the command line. What follows benchmark.space and the like is one name, dots included."""
    for start in WHOLE:
        if key.startswith(start):
            return start + encoded_name(key.removeprefix(start))
    return ".".join(part if "$" in part or part.isascii() else encoded_name(part) for part in key.split("."))


def check_typed(override: str) -> None:
    """See that a name of the user's is one that was meant: the shell has taken its quotes away by now.

    Raises:
        ConfigurationError: If it has quotes, begins or ends with a blank, or one of its parts is empty.
    """
    key, equals, value = override.lstrip("+~").partition("=")
    start = next((each for each in WHOLE if key.startswith(each)), None)
    if start is None or key == start:  # what lacks a name altogether is refused as no option
        return
    name = key.removeprefix(start)
    meant = ".".join(part for each in QUOTES.sub("", name).split(".") if (part := each.strip()))
    if meant != name:
        raise ConfigurationError(
            f"'{override}': {name!r} is no name: quotes and blanks around it would be part of it, and no part between "
            f"dots may be empty. Type '{start}{meant or 'NAME'}{equals}{value}', or give it in an options file.",
            option=key,
            value=override,
        )


def with_encoded_names(content: Any, group: str) -> Any:
    """The content of an options file of a group, with names as keys.

    Args:
        content: In plain values.
        group: Such as ``"benchmark"``; empty for the primary configuration.
    """
    if not isinstance(content, dict):
        return content
    if group == BENCHMARK:
        return content | {key: _encoded(content[key]) for key in OF_BENCHMARK if isinstance(content.get(key), dict)}
    inner = {FIXED: _encoded(content.get(FIXED)), BENCHMARK: with_encoded_names(content.get(BENCHMARK), BENCHMARK)}
    return content | {key: value for key, value in inner.items() if key in content}


def decoded_text(text: str) -> str:
    """A text in which names are as they were typed."""
    return ENCODED.sub(lambda name: SIGN.sub(lambda sign: chr(int(sign[1], 16)), name[1]), text)


def decoded_names(value: Any) -> Any:
    """What was composed, with names as they were typed; of two keys of one name the last holds."""
    if isinstance(value, Mapping):
        return {decoded_text(k) if isinstance(k, str) else k: decoded_names(each) for k, each in value.items()}
    return [decoded_names(each) for each in value] if isinstance(value, list) else value


def _encoded(names: Any) -> Any:
    if not isinstance(names, dict):
        return names
    return {encoded_name(name) if isinstance(name, str) else name: value for name, value in names.items()}
