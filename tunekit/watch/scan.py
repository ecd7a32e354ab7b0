"""Which experiments lie below a folder, looked at again and again: what has not changed is not read again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import attrs

from tunekit_core.errors import RecordError
from tunekit_core.records.files import METADATA

Stamp: TypeAlias = tuple[int, int, int]
"""Inode, size in bytes and time of the last change in nanoseconds of a file."""

SETTLED = 2_000_000_000  # nanoseconds: a folder that changed later may change again without another time
T = TypeVar("T")


@attrs.define
class _Folder:
    """A folder that holds no experiment itself.

    Attributes:
        changed: When an entry was added or removed last, in nanoseconds since the epoch.
        is_settled: Whether the next such change gives it another time for certain.
        folders: Those in it, hidden ones and links left out.
    """

    changed: int
    is_settled: bool
    folders: list[str]


@attrs.frozen
class _Seen(Generic[T]):
    """What was read of an experiment, and its file then."""

    stamp: Stamp
    value: T | None
    why: str


class FolderScan(Generic[T]):
    """Looks into a folder and those below it; links and hidden folders are not followed.

    One look at 10,000 experiments that have not changed is one look at the size and time of each file.

    Args:
        folder: The folder.
        read: What is kept of the experiment in a folder; raises a RecordError if it cannot be read.

    Attributes:
        experiments: By folder what was read of those that can be read.
        unreadable: By folder why others cannot be read.
    """

    def __init__(self, folder: Path, read: Callable[[Path], T]) -> None:
        self.experiments: Mapping[str, T] = {}
        self.unreadable: Mapping[str, str] = {}
        self._top = str(folder)
        self._read = read
        self._folders: dict[str, _Folder] = {}
        self._seen: dict[str, _Seen[T]] = {}

    def look(self) -> bool:
        """Look again; whether an experiment was added, changed or removed."""
        folders: dict[str, _Folder] = {}
        seen: dict[str, _Seen[T]] = {}
        has_changed = False
        left = [self._top]
        while left:
            path = left.pop()
            stamp = _stamp(path) if path in self._seen or path not in self._folders else None
            if stamp is None:
                folder = self._look_into(path)
                if folder is None:
                    continue
                if METADATA not in folder.folders:
                    folders[path] = folder
                    left += [os.path.join(path, name) for name in folder.folders]
                    continue
                stamp = _stamp(path)
                if stamp is None:  # it has gone meanwhile
                    continue
            known = self._seen.get(path)
            if known is None or known.stamp != stamp:
                known = self._read_one(path, stamp)
                has_changed = True
            seen[path] = known
        if has_changed or seen.keys() != self._seen.keys():
            has_changed = True
            self.experiments = {path: each.value for path, each in seen.items() if each.value is not None}
            self.unreadable = {path: each.why for path, each in seen.items() if each.why}
        self._folders, self._seen = folders, seen
        return has_changed

    def replace(self, path: str, value: T) -> None:
        """What is kept of an experiment is something else now, though its file is the same."""
        self._seen[path] = attrs.evolve(self._seen[path], value=value)
        self.experiments = {**self.experiments, path: value}

    def _look_into(self, path: str) -> _Folder | None:
        """A folder, with ``metadata.json`` among its folders if it holds an experiment; ``None`` if it is gone."""
        known = self._folders.get(path)
        try:
            changed = os.stat(path).st_mtime_ns
            if known is not None and known.is_settled and known.changed == changed:
                return known
            is_settled = time.time_ns() - changed > SETTLED
            with os.scandir(path) as entries:
                names = []
                for entry in entries:
                    if entry.name == METADATA:
                        return _Folder(changed, is_settled, [METADATA])
                    if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                        names.append(entry.name)
        except OSError:
            return None
        return _Folder(changed, is_settled, sorted(names, reverse=True))

    def _read_one(self, path: str, stamp: Stamp) -> _Seen[T]:
        try:
            return _Seen(stamp, self._read(Path(path)), "")
        except RecordError as error:
            return _Seen(stamp, None, str(error))


def _stamp(folder: str) -> Stamp | None:
    try:
        status = os.stat(f"{folder}/{METADATA}")  # os.path.join takes as long as this
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
