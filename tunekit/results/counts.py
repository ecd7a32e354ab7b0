"""How many trials there were, and how many of them failed, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit.console import plural


def trials_and_failures(metadata: Mapping[str, Any]) -> str:
    """Such as ``12 trials, 10 failed``; the trials alone if none has failed.

    Args:
        metadata: The ``metadata.json`` of a run that has come to an end.
    """
    trials, n_failed = plural(metadata["n_started"], "trial"), metadata["n_failed"]
    return f"{trials}, {n_failed:,} failed" if n_failed else trials
