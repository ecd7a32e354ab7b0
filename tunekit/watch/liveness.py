"""Whether a process runs an experiment, seen from outside."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.files import EVENTS, METADATA, read_metadata
from tunekit_core.records.lock import writer_of

INTERRUPTED, RUNNING = ExperimentStatus.INTERRUPTED, ExperimentStatus.RUNNING


@attrs.frozen
class Liveness:
    """Where an experiment stands.

    Attributes:
        status: The status: ``RUNNING`` while a live process writes it, on whatever machine.
        note: What there is to say about that; empty where nothing is.
    """

    status: ExperimentStatus
    note: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nobody writes it any more."""
        return self.status is not RUNNING


def look_at(folder: Path) -> tuple[dict[str, Any], Liveness]:
    """The metadata of an experiment, and where it stands.

    Raises:
        RecordError: If there are no metadata, or they cannot be read.
    """
    metadata = read_metadata(folder)
    if metadata["status"] == INTERRUPTED.value:
        metadata = read_metadata(folder)  # it may have come to its end between the look at the file and at the lock
    return metadata, liveness_of(folder, metadata)


def liveness_of(folder: Path, metadata: Mapping[str, Any]) -> Liveness:
    """Where an experiment stands.

    Args:
        folder: Its folder.
        metadata: Its metadata, as :func:`~tunekit_core.records.files.read_metadata` gives them.
    """
    status = ExperimentStatus(metadata["status"])
    writer = None if status is ExperimentStatus.COMPLETED else writer_of(folder)
    if writer is None:
        return Liveness(status)
    is_here = writer.host in ("", platform.node())
    return Liveness(RUNNING, "" if is_here else f"Its process is on {writer.host}")  # it may not have said so yet


def last_written(folder: Path) -> float:
    """When the record of an experiment, or what it says of itself, was written last, in seconds since the epoch."""
    times = [0.0]
    for name in (METADATA, EVENTS):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times)
