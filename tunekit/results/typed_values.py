"""Values as they are typed, one or several in a word."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tunekit_core.number_text import WHOLE_BELOW

IN_BRACKETS = re.compile(r"\[.*\]|\{.*\}")
AFTER_SIGN = re.compile(r"\s*([,:])\s*")


def as_typed(value: Any) -> str:
    """A value as it is typed: 720 rather than 720.0, and null rather than None.

    >>> as_typed(720.0), as_typed(0.1), as_typed(None), as_typed(True), as_typed("relu"), as_typed([1, "a"])
    ('720', '0.1', 'null', 'true', 'relu', '[1,a]')
    """
    if isinstance(value, list):
        return f"[{','.join(map(as_typed, value))}]"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{as_typed(entry)}' for key, entry in value.items())}}}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE_BELOW:
        return str(int(value))
    return str(value)


def split_values(text: str) -> list[str]:
    """The values of a word, which commas divide that are in no brackets.

    >>> split_values("a,[1, 2],b*")
    ['a', '[1,2]', 'b*']
    """
    values, depth = [""], 0
    for character in text:
        depth = max(0, depth + (character in "[{") - (character in "]}"))
        if character == "," and depth == 0:
            values.append("")
        else:
            values[-1] += character
    return [AFTER_SIGN.sub(r"\1", value) if is_in_brackets(value) else value for value in values]


def is_in_brackets(value: str) -> bool:
    """Whether a value that was typed is a list or a mapping."""
    return IN_BRACKETS.fullmatch(value) is not None
