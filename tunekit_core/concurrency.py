"""How many experiments go on at the same time, where several are started together."""

from __future__ import annotations

import os

PARALLEL_RUNS = "TUNEKIT_PARALLEL_RUNS"
"""The variable by which whoever starts them says so."""


def parallel_runs() -> int:
    """How many there are, this one included: what they ask of a service that counts requests, they share."""
    text = os.environ.get(PARALLEL_RUNS, "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() else 1
