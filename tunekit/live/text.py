"""Values and texts as they are shown."""

from __future__ import annotations

import re
from typing import Any

COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # what scripts print in colour


def format_value(value: Any) -> str:
    """A value in few digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def printable(text: str) -> str:
    """One line, without anything that would steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in COLOUR.sub("", text))
