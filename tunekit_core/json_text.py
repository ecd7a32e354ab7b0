"""Values as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def as_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON; NumPy's numbers are numbers there, and what JSON does not know is text."""
    return json.dumps(value, indent=indent, default=_as_known)


def _as_known(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
