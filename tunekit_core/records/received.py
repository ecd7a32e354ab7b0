"""Puts an experiment that was run elsewhere into its folder here: all of it or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ExperimentLocked
from tunekit_core.records.believed import find
from tunekit_core.records.files import EVENTS, METADATA, RESULTS
from tunekit_core.records.lock import FolderLock
from tunekit_core.records.set_aside import set_aside

INCOMING = ".incoming"  # in the folder of the experiment, so that nobody takes it for one
ENDED = (ExperimentStatus.COMPLETED, ExperimentStatus.FAILED)


def receive_experiment(folder: Path, run_hash: str, fetch: Callable[[Path], bool]) -> str | None:
    """Put an experiment into its folder, unless it is complete there, or a process writes it.

    It is believed to be complete only once all of it is here and whole. What is in the folder and would be lost is set
    aside. Who dies on the way has changed nothing that counts.

    Args:
        folder: Of the experiment.
        run_hash: That of the run.
        fetch: Writes the files of the experiment into a folder, which it makes; false if there is nothing to be had.

    Returns:
        Its status, ``"completed"`` or ``"failed"``, if it was put there; else ``None``.
    """
    if find(folder, run_hash).status is ExperimentStatus.COMPLETED:
        return None
    incoming = folder / f"{INCOMING}-{os.getpid()}"
    shutil.rmtree(incoming, ignore_errors=True)
    try:
        if not fetch(incoming):
            return None
        status = find(incoming, run_hash).status
        if status not in ENDED or _same(folder / METADATA, incoming / METADATA):
            return None
        assert status is not None
        return status.value if _put(incoming, folder, run_hash) else None
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        with suppress(OSError):  # there is something in it
            folder.rmdir()


def _put(incoming: Path, folder: Path, run_hash: str) -> bool:
    try:
        lock = FolderLock(folder)
    except ExperimentLocked:
        return False
    with lock:
        if find(folder, run_hash).status is ExperimentStatus.COMPLETED:
            return False
        names = sorted(os.listdir(incoming), key=lambda name: (name == METADATA, name))  # this makes it complete
        for name in sorted({*names, EVENTS, RESULTS}, key=lambda name: name != METADATA):  # this made it something
            if os.path.lexists(folder / name):
                _make_way(folder / name, incoming / name)
        for name in names:
            os.rename(incoming / name, folder / name)
    return True


def _make_way(path: Path, coming: Path) -> None:
    if _same(path, coming):
        path.unlink()
    else:
        set_aside(path)


def _same(path: Path, other: Path) -> bool:
    return path.is_file() and other.is_file() and path.read_bytes() == other.read_bytes()
