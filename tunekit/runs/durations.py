"""How long runs take, by those that are complete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError
from tunekit_core.records.files import METADATA, read_metadata

MOST_READ = 20  # of the newest


def usual_seconds(results_dir: Path, method: str, problem: str) -> float | None:
    """The mean of what complete runs of a method on a problem have taken, whatever their tag and options.

    Args:
        results_dir: Where results are.
        method: Name of the method.
        problem: Name of benchmark and dataset.

    Returns:
        Seconds of real time; ``None`` if there is none.
    """
    files = results_dir.glob(f"*/{method}/{problem}-*/{METADATA}")
    newest = sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)[:MOST_READ]
    known = [seconds for file in newest if (seconds := _seconds(file.parent)) is not None]
    return sum(known) / len(known) if known else None


def _seconds(folder: Path) -> float | None:
    try:
        metadata = read_metadata(folder)
    except RecordError:
        return None
    return _between(metadata) if metadata["status"] == ExperimentStatus.COMPLETED.value else None


def _between(metadata: Mapping[str, Any]) -> float | None:
    try:
        began, ended = (datetime.fromisoformat(metadata[name]) for name in ("started", "ended"))
    except (KeyError, TypeError, ValueError):
        return None
    return max(0.0, (ended - began).total_seconds())
