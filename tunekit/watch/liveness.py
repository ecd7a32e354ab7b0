"""Whether a process runs an experiment, seen from outside."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit.console import duration
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.files import EVENTS, METADATA, read_metadata
from tunekit_core.records.lock import host_of, is_locked

SECONDS_OF_SILENCE = 600.0  # after which a process of another machine is taken to be dead
INTERRUPTED, RUNNING = ExperimentStatus.INTERRUPTED, ExperimentStatus.RUNNING


@attrs.frozen
class Liveness:
    """Where an experiment stands.

    Attributes:
        status: The status. It is ``RUNNING`` while a process of this machine holds the lock, and where one of another
            machine, whose lock cannot be seen from here, has written not long ago.
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
    if status in (RUNNING, ExperimentStatus.COMPLETED):
        return Liveness(status)
    if is_locked(folder):  # it goes on, and has not said so yet
        return Liveness(RUNNING)
    host = host_of(folder)
    if status is not INTERRUPTED or "ended" in metadata or host in ("", platform.node()):
        return Liveness(status)
    silence = max(0.0, time.time() - last_written(folder))
    where = f"Its process is on {host}, and whether that lives cannot be seen from here: it wrote last"
    return Liveness(RUNNING if silence < SECONDS_OF_SILENCE else INTERRUPTED, f"{where} {duration(silence)} ago")


def last_written(folder: Path) -> float:
    """When the record of an experiment, or what it says of itself, was written last, in seconds since the epoch."""
    times = [0.0]
    for name in (METADATA, EVENTS):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times)
