"""Names of the files of an experiment, whole-or-nothing writing, and the lock that marks a live writer."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ExperimentLocked, RecordError
from tunekit_core.json_text import as_json
from tunekit_core.records.metadata_fields import check_fields

METADATA = "metadata.json"
RESULTS = "results.csv.zip"
EVENTS = "events.jsonl"
LOCK = ".lock"
ATTEMPTS = 4  # who looks whether a folder is locked holds the lock for a moment
SECONDS_BETWEEN_ATTEMPTS = 0.01


class FolderLock:
    """Marks a folder as being written by this process, until released or the process dies.

    Args:
        folder: The folder of an experiment; made if it does not exist.

    Raises:
        ExperimentLocked: If another live process holds the lock.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = open(folder / LOCK, "a")  # noqa: SIM115 - held for longer than a block
        for attempt in range(1, ATTEMPTS + 1):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError as error:
                if attempt == ATTEMPTS:
                    self._file.close()
                    raise ExperimentLocked(f"{folder} is being written by another process.") from error
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)

    def release(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_locked(folder: Path) -> bool:
    """Whether a live process writes this experiment."""
    try:
        file = open(folder / LOCK)  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, or two who look would see each other
        except OSError:
            return True
    return False


def write_whole(path: Path, content: str) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(content, encoding="utf-8")
    os.replace(temporary, path)


def write_metadata(folder: Path, metadata: Mapping[str, Any]) -> None:
    """Write ``metadata.json``."""
    write_whole(folder / METADATA, as_json(metadata, indent=1) + "\n")


def read_metadata(folder: Path) -> dict[str, Any]:
    """Read ``metadata.json``. A status ``running`` without a live writer becomes ``interrupted``.

    Raises:
        RecordError: If there is none, or it cannot be read.
    """
    path = folder / METADATA
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no file")
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(f"{folder} holds no experiment: it has no {METADATA}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    check_fields(path, metadata)
    if metadata["status"] == ExperimentStatus.RUNNING.value and not is_locked(folder):
        metadata["status"] = ExperimentStatus.INTERRUPTED.value
    return cast("dict[str, Any]", metadata)
