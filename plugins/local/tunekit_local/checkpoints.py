"""What a trial goes on from.

========================== ============================================================================================
``checkpoint/``            what its script finds when it begins. A script that publishes nothing writes here itself
``checkpoints/<r>/``       a version, of resource r: whole, and never changed. The script has published it, or the trial
                           was started from that of another
``checkpoints/taken.json`` which version ``checkpoint/`` was last made from, and a fingerprint of it; see `begin_from`
``checkpoints/best.json``  which version belongs to the best report of the trial, and its loss: that is kept as well
========================== ============================================================================================

Everything gets its name by being renamed, and loses it so before it is removed: what a process that dies leaves behind
has a name that begins with a dot. Only folders count, not links to folders: they may lead anywhere.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
from pathlib import Path

from tunekit_core import set_aside
from tunekit_local.begin_from import TAKEN, check_is_file, fingerprint
from tunekit_local.trial_files import is_folder, read_json, remove, write_new

RESOURCE = re.compile(r"[1-9][0-9]{0,15}")  # how the Reporter names a version
KEPT_VERSIONS = 3  # a scheduler that copies from a trial which runs on knows its last reports
BEST = "best.json"


class Checkpoints:
    """The checkpoints of one trial. No two threads or processes of the tuner use them at a time.

    Args:
        trial: The folder of the trial.

    Attributes:
        working: ``checkpoint/``.
        versions: ``checkpoints/``, which need not exist.
    """

    def __init__(self, trial: Path) -> None:
        self._trial = trial
        self.working = trial / "checkpoint"
        self.versions = trial / "checkpoints"
        self._best_loss: float | None = None  # until it is asked for

    def prepare(self, reached: int) -> None:
        """Make ready for the next run, and remove what one that was cut off may have left.

        Versions above what the trial has reached are removed: the tuner has no reports of them, and would never get
        those of the resources in between if the next run went on from there.

        Args:
            reached: How far the trial has come, as the tuner knows it.

        Raises:
            OSError: If something else is in its place, or cannot be removed.
        """
        self.working.mkdir(exist_ok=True)  # it may have been deleted
        for folder, beginning in ((self._trial, ".checkpoint"), (self.versions, ".")):
            for name in os.listdir(folder) if is_folder(folder) else ():
                if name.startswith(beginning):
                    remove(folder / name)
        for resource in self.resources():
            if resource > reached:
                _remove(self.version(resource))

    def exist(self) -> bool:
        """Whether there is something that a later run goes on from."""
        return bool(self.resources()) or not _is_empty(self.working)

    def resources(self) -> list[int]:
        """Of which resources there are versions, lowest first."""
        if not (is_folder(self._trial) and is_folder(self.versions)):
            return []
        names = [name for name in os.listdir(self.versions) if RESOURCE.fullmatch(name)]
        return sorted(int(name) for name in names if is_folder(self.versions / name))

    def version(self, resource: int) -> Path:
        """Where the version of a resource is, or would be."""
        return self.versions / str(resource)

    def version_to_take(self) -> Path | None:
        """The version that ``checkpoint/`` has to be made from; ``None`` if there is none, or it was already."""
        resources = self.resources()
        if not resources or self._taken().get("resource") == resources[-1]:
            return None
        return self.version(resources[-1])

    def publish_working(self, resource: int) -> bool:
        """Make a version of what the script has written to ``checkpoint/`` itself. It must not run.

        Returns:
            Whether there was anything: not if it is empty, or as it was taken from a version.
        """
        if not is_folder(self.working) or _is_empty(self.working):
            return False
        if fingerprint(str(self.working)) == self._taken().get("fingerprint"):
            return False
        self.versions.mkdir(exist_ok=True)
        self.working.rename(self.version(resource))
        return True

    def take(self, version: Path, resource: int) -> None:
        """Have a version of another trial as the first of this one.

        Its files are the same on the disk, not copies: a version is never changed, so this takes no time and does not
        depend on what becomes of the other trial.
        """
        self.versions.mkdir(exist_ok=True)
        part = self.versions / f".{resource}"
        remove(part)
        shutil.copytree(version, part, symlinks=True, copy_function=_link)
        part.rename(self.version(resource))

    def keep_if_best(self, resource: float, loss: float) -> None:
        """Keep the version of a report, rather than that of one before, if it is the best so far: its model is wanted.

        Args:
            resource: Of the report. There need be no version of it.
            loss: Of the report, infinite if it can be none of the best.
        """
        if self._best_loss is None:
            self._best_loss = self._best()[0]
        if loss < self._best_loss and resource in self.resources():
            self._best_loss = loss
            with contextlib.suppress(OSError):  # it is kept no longer than others
                write_new(self.versions / BEST, json.dumps({"resource": int(resource), "loss": loss}))

    def prune(self, reached: float) -> None:
        """Remove old versions, of a trial that has come so far; not those that it has not yet told of."""
        with contextlib.suppress(OSError):  # they only take room
            known = [resource for resource in self.resources() if resource <= reached]
            if len(known) <= KEPT_VERSIONS:
                return
            _, best = self._best()
            for resource in known[:-KEPT_VERSIONS]:
                if resource != best:
                    _remove(self.version(resource))

    def set_aside(self) -> None:
        """Keep all under other names, as if there were none."""
        for folder in (self.working, self.versions):
            if os.path.lexists(folder):
                set_aside(folder)

    def delete(self) -> None:
        """Remove all that is needed to go on."""
        for folder in (self.versions, self.working):
            with contextlib.suppress(OSError):
                _remove(folder)

    def _best(self) -> tuple[float, int | None]:
        """The loss and the resource of the version that is kept as the best; infinite and ``None`` if there is none."""
        best = self._said_in(BEST)
        loss, resource = best.get("loss"), best.get("resource")
        if isinstance(loss, float) and isinstance(resource, int) and is_folder(self.version(resource)):
            return loss, resource
        return math.inf, None

    def _taken(self) -> dict[str, object]:
        return self._said_in(TAKEN)

    def _said_in(self, name: str) -> dict[str, object]:
        try:
            said = read_json(self._trial.parent, self.versions / name)
        except OSError:  # never written, or empty, since the machine went down right then
            return {}
        return said if isinstance(said, dict) else {}


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
    except OSError:  # the next run is told
        return False


def _link(source: str, target: str) -> None:
    check_is_file(source)
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)


def _remove(path: Path) -> None:
    removed = path.with_name(f".{path.name}.removed")
    remove(removed)
    with contextlib.suppress(FileNotFoundError):
        path.rename(removed)
    remove(removed)
