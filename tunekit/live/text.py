"""Values and texts as they are shown."""

from __future__ import annotations

from typing import Any


def format_value(value: Any) -> str:
    """A value in few digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
