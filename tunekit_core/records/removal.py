"""Removes an experiment, or the checkpoints of its trials: never one that runs, and nothing behind a link."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError
from tunekit_core.records.files import METADATA, read_metadata
from tunekit_core.records.finding import ListedExperiment
from tunekit_core.records.lock import LOCK, FolderLock, writer_of
from tunekit_core.records.trial_folders import PUBLISHED, WORKING

LAST = (METADATA, LOCK)  # who dies on the way leaves an experiment that is not complete, and can be removed


def why_kept(experiment: ListedExperiment) -> str:
    """Why an experiment is not to be removed, as the end of a sentence; empty if it may be."""
    hashes = [each for each in (experiment.hash, *experiment.formerly) if each]
    if not any(experiment.name.endswith(f"-{each}") for each in hashes):
        return "has no folder of its own, with its hash in the name: other files may lie there"
    writer = writer_of(experiment.path)
    return "" if writer is None else f"is being written by {writer}"


def remove_experiment(experiment: ListedExperiment) -> int:
    """Remove the folder of an experiment.

    Returns:
        Bytes that its files had.

    Raises:
        RecordError: If it is not to be removed, or is another experiment by now.
        ExperimentLocked: If another live process writes it.
        OSError: If a file cannot be removed; those that are left are removed when it is tried again.
    """
    n_bytes = size_of([experiment.path])
    with _locked(experiment):
        names = [name for name in sorted(os.listdir(experiment.path)) if name not in LAST]
        for name in (*names, *LAST):
            _remove(experiment.path / name)
        experiment.path.rmdir()
    return n_bytes


def checkpoints_of(experiment: ListedExperiment) -> list[Path]:
    """Folders of checkpoints of the trials of a complete experiment, but for those of the best and the recommended."""
    if experiment.status is not ExperimentStatus.COMPLETED:
        return []
    told = [experiment.metadata.get(name) or {} for name in ("incumbent", "recommended")]
    kept = {str(trial.get("trial_id")) for trial in told}
    trials = [entry for entry in experiment.path.iterdir() if entry.name.isdecimal() and entry.name not in kept]
    folders = [trial / name for trial in sorted(trials) if not trial.is_symlink() for name in (WORKING, PUBLISHED)]
    return [folder for folder in folders if folder.is_dir() and not folder.is_symlink()]


def remove_checkpoints(experiment: ListedExperiment) -> int:
    """Remove what :func:`checkpoints_of` names.

    Returns:
        Bytes that the files had.

    Raises:
        RecordError, ExperimentLocked, OSError: As for :func:`remove_experiment`.
    """
    with _locked(experiment):
        folders = checkpoints_of(experiment)
        n_bytes = size_of(folders)
        for folder in folders:
            shutil.rmtree(folder)
    return n_bytes


def size_of(folders: Iterable[Path]) -> int:
    """Bytes of the files in folders. A link is not followed: a script may have made one to anywhere."""
    n_bytes, left = 0, [os.fspath(folder) for folder in folders]
    while left:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:  # it may be closed to us, or gone
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    n_bytes += entry.stat(follow_symlinks=False).st_size
    return n_bytes


@contextlib.contextmanager
def _locked(experiment: ListedExperiment) -> Iterator[None]:
    why = why_kept(experiment) if experiment.path.is_dir() else "is gone"
    if why:
        raise RecordError(f"{experiment.path} {why}.")
    with FolderLock(experiment.path):
        if read_metadata(experiment.path).get("hash", "") != experiment.hash:
            raise RecordError(f"{experiment.path} is another experiment by now.")
        yield


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
