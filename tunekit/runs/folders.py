"""The folder of a run: its name ends in the hash of what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import print_stderr
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, ExperimentLocked, LockingError, RecordError
from tunekit_core.records.files import METADATA, read_metadata, write_metadata
from tunekit_core.records.lock import FolderLock
from tunekit_core.records.metadata_fields import FORMERLY, HASH
from tunekit_core.records.syncing import sync_folder

WAIT = "Wait until it has ended, or interrupt it with Ctrl-C."


def hash_of(folder: Path) -> str | None:
    """The hash of what is in the folder of a run; ``None`` if that is nothing, or cannot be read."""
    try:
        found = read_metadata(folder).get(HASH)
    except RecordError:
        return None
    return found if isinstance(found, str) else None


def now_at(folder: Path) -> Path | None:
    """Where the experiment is that was in a folder, which is not there any more; ``None`` if that is not known."""
    for path in sorted(folder.resolve().parent.glob(f"*/{METADATA}")):
        try:
            formerly = read_metadata(path.parent).get(FORMERLY, [])
        except RecordError:
            continue
        if any(folder.resolve().name.endswith(f"-{each}") for each in formerly):
            return path.parent
    return None


def settle(spec: RunSpec) -> None:
    """Move what is in the folder of a run, if that is another run by now, to where it belongs; and the run to there.

    An experiment that gets another end, or whose program is edited, is another run: it is told so first and moved
    then. Its process may die in between.

    Raises:
        ExperimentLocked: If another process writes it.
        ConfigurationError: If what it is now exists already.
    """
    if spec.can_restore and not spec.folder.exists():
        for path in sorted(spec.folder.parent.glob(f"{spec.folder.name.removesuffix(spec.hash)}*/{METADATA}")):
            if hash_of(path.parent) == spec.hash:
                move(path.parent, spec.folder)
                return
    found = hash_of(spec.folder)
    if found not in (None, spec.hash):
        move(spec.folder, spec.folder.with_name(spec.folder.name.removesuffix(spec.hash) + found))


def become(folder: Path, metadata: Mapping[str, Any], spec: RunSpec) -> None:
    """Tell an experiment which run it is from now on. Its folder is renamed afterwards, by :func:`move`.

    Args:
        folder: Of the experiment.
        metadata: Of the experiment.
        spec: What it becomes.

    Raises:
        ExperimentLocked: If another process writes it.
    """
    with _locked(folder):
        before = [*metadata.get(FORMERLY, []), metadata[HASH]]
        interrupted = {"status": ExperimentStatus.INTERRUPTED.value, FORMERLY: before}
        write_metadata(folder, {**metadata, **spec.metadata(), **interrupted}, sync=True)


def move(folder: Path, target: Path) -> None:
    """Rename the folder of an experiment that is another run now.

    Raises:
        ExperimentLocked, ConfigurationError: As for :func:`settle`.
    """
    if target.exists():
        raise ConfigurationError(
            f"{folder} holds the experiment that belongs to {target}, where there is one already. Move one of them to "
            "another folder of results."
        )
    with _locked(folder) as lock:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.move(target)
        sync_folder(target.parent)
    print_stderr(f"The experiment in {folder} moves to {target}, the folder of what it is now.")


@contextmanager
def _locked(folder: Path) -> Iterator[FolderLock]:
    try:
        with FolderLock(folder) as lock:
            yield lock
    except ExperimentLocked as error:
        raise type(error)(f"{error} {WAIT}") from error
    except LockingError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written, so that the experiment in it keeps the end that it has: {error.strerror} "
            f"({error.filename or folder}). Make it writable, or copy it to where it is."
        ) from error
