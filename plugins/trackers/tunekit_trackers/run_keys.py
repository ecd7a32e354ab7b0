"""The key by which an experiment that goes on finds its run again at a tracker."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

FOLDER = "trackers"


def kept_key(folder: Path, tracker: str, *, begins: bool) -> str:
    """The key of an experiment at a tracker, which a file in the folder of the experiment keeps.

    It is there before the tracker is told anything, so that a process that is killed leaves no run behind that the next
    one does not find.

    Args:
        folder: Of the experiment.
        tracker: Its name.
        begins: Whether the experiment begins: then its key is new.

    Raises:
        OSError: If the file cannot be read or written.
    """
    path = folder / FOLDER / f"{tracker}.json"
    if not begins and (found := _read(path)):
        return found
    key = new_key()
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({"run": key}) + "\n", encoding="utf-8")
    os.replace(temporary, path)
    return key


def new_key() -> str:
    """A key that no other run has, in letters that every tracker takes."""
    return uuid.uuid4().hex[:16]


def _read(path: Path) -> str | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # what is damaged is written again
        return None
    key = found.get("run") if isinstance(found, dict) else None
    return key if isinstance(key, str) else None
