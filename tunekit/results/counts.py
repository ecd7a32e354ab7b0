"""How many trials there were, and how many of them failed or wait, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tunekit.console import plural
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.finding import ListedExperiment


def counted(experiments: Sequence[ListedExperiment]) -> str:
    """How many experiments there are of each status, as a sentence."""
    counts = Counter(each.status.value for each in experiments)
    of_each = ", ".join(f"{n:,} {status}" for status, n in sorted(counts.items()))
    return f"{plural(len(experiments), 'experiment')}: {of_each}."


def trials_and_failures(metadata: Mapping[str, Any]) -> str:
    """Such as ``12 trials, 10 failed``; the trials alone if none has failed.

    Args:
        metadata: The ``metadata.json`` of a run that has come to an end.
    """
    trials, n_failed = plural(metadata["n_started"], "trial"), metadata["n_failed"]
    return f"{trials}, {n_failed:,} failed" if n_failed else trials


def none_to_its_end(metadata: Mapping[str, Any]) -> str:
    """That no trial has come to its end though some are paused, in a sentence; empty where that is not so.

    Args:
        metadata: The ``metadata.json`` of a run that has come to an end.
    """
    n_paused = metadata.get("n_paused", 0)
    if not n_paused or metadata["n_completed"] or metadata["status"] != ExperimentStatus.COMPLETED.value:
        return ""
    waiting = "1 is paused and goes" if n_paused == 1 else f"{n_paused:,} are paused, and the best of them go"
    return f"No trial has come to its end: {waiting} on with a later end, such as more trials or a longer time."
