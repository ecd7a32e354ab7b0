"""Names of the files of an experiment, and whole-or-nothing writing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, RecordError, shown
from tunekit_core.json_text import as_json
from tunekit_core.records.foreign_files import content_of
from tunekit_core.records.lock import is_locked
from tunekit_core.records.metadata_fields import check_fields
from tunekit_core.records.syncing import publish

METADATA = "metadata.json"
RESULTS = "results.csv.zip"
EVENTS = "events.jsonl"


def checked_path(given: object, option: str) -> Path:
    """The path that somebody gave, as text or as a path; ``~`` is their home. Nothing need be there.

    A path that begins with a tilde or a dash, as ``./~`` and ``./-x`` do once they are paths, is made absolute: read or
    typed again, it would be a home or a flag.

    Raises:
        ConfigurationError: If it is something else, or the system does not let anything be looked for there, as where a
            name is too long.
    """
    if not isinstance(given, str | os.PathLike):
        raise ConfigurationError(
            f"{option}={shown(given)} is no path: give the folder as text or as a pathlib.Path, such as 'results'.",
            option=option,
            value=given,
        )
    path = Path(os.path.expanduser(given))
    if str(path).startswith(("~", "-")):
        path = Path.cwd() / path
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:  # what is no text for the system, as with a zero byte, is a ValueError
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            f"{shown(os.fspath(given))} is no path where anything can be looked for: {why}. Give another.",
            option=option,
            value=given,
        ) from error
    return path


def why_not_writable(folder: Path) -> str:
    """Why nothing can be written in a folder, which need not exist yet; empty if something can.

    It is tried, by a folder that is removed at once: no mode of a file tells what a file system allows.
    """
    existing = folder.absolute()
    while not os.path.lexists(existing):
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is {'a link to nothing' if existing.is_symlink() else 'not a folder'}"
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".tunekit-", dir=existing))
    except PermissionError:
        return f"you may not write in {existing}"
    except OSError as error:
        return f"nothing can be written in {existing}: {error.strerror}"
    return ""


def write_whole(path: Path, content: str, *, sync: bool = False) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part.

    Args:
        path: The file.
        content: What it is to hold.
        sync: Whether that is so after a power cut too.
    """
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(content, encoding="utf-8")
    publish(temporary, path, sync=sync)


def write_metadata(folder: Path, metadata: Mapping[str, Any], *, sync: bool = False) -> None:
    """Write ``metadata.json``, as :func:`write_whole` does."""
    write_whole(folder / METADATA, as_json(metadata, indent=1) + "\n", sync=sync)


def read_metadata(folder: Path) -> dict[str, Any]:
    """Read ``metadata.json``. A status ``running`` without a live writer becomes ``interrupted``.

    Raises:
        RecordError: If there is none, or it cannot be read.
    """
    path = folder / METADATA
    try:
        metadata = json.loads(content_of(path).decode())
    except FileNotFoundError as error:
        raise RecordError(f"{folder} holds no experiment: it has no {METADATA}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    check_fields(path, metadata)
    if metadata["status"] == ExperimentStatus.RUNNING.value and not is_locked(folder):
        metadata["status"] = ExperimentStatus.INTERRUPTED.value
    return cast("dict[str, Any]", metadata)
