"""Whether the folder of an experiment says what its user has said: if others made it, they say what is run as him."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.console import print_stderr
from tunekit.runs.given_again import SECRETS
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import EVENTS, METADATA

YES = "--yes"
HOW = f"Look at it, and at the checkpoints that its trials would load; to run it all the same, add {YES}"


def check_trust(folder: Path, metadata: Mapping[str, Any], *, is_accepted: bool) -> None:
    """See that what is in a folder may decide what is run, or ask.

    Args:
        folder: Of an experiment.
        metadata: Its ``metadata.json``.
        is_accepted: Whether ``--yes`` was typed.

    Raises:
        ConfigurationError: If others made it or can change it, and nobody is there to ask, or the answer is no.
    """
    doubts = list(_doubts(folder))
    if not doubts or is_accepted:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError(f"{doubts[0]}, and it says what is run as you: {_first(metadata)}. {HOW}", option=YES)
    for line in (*doubts, "What it says would be run as you:", *_decided(metadata)):
        print_stderr(line)
    print_stderr("Its trials would load the checkpoints that lie there. Type yes to go on:")
    if sys.stdin.readline().strip().lower() != "yes":
        raise ConfigurationError(f"{folder} was left as it is. {HOW}", option=YES)


def _doubts(folder: Path) -> Iterator[str]:
    """What speaks against it, of the folder itself and of the files that are read."""
    for path in (folder, folder / METADATA, folder / EVENTS):
        if not os.path.lexists(path):
            continue
        for status in (os.lstat(path), os.stat(path) if path.exists() else os.lstat(path)):
            if status.st_uid != os.geteuid():
                yield f"{path} belongs to another user, {_name(status.st_uid)}"
                break
            if status.st_mode & stat.S_IWOTH and not stat.S_ISLNK(status.st_mode):
                yield f"{path} can be written by everybody"
                break


def _name(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:
        return f"number {uid}"


def _first(metadata: Mapping[str, Any]) -> str:
    """The command, or what else comes first of the benchmark."""
    benchmark = metadata["config"]["benchmark"]
    key = "command" if "command" in benchmark else "name"
    return f"benchmark.{key}={benchmark[key]!r}"


def _decided(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Lines with all that the benchmark is told, in which nothing has a meaning for the terminal."""
    for key, value in metadata["config"]["benchmark"].items():
        if key not in (DISTRIBUTION, REVISION):
            yield f"  benchmark.{key}={value!r}"
    for key, written in metadata.get(SECRETS, {}).items():
        yield f"  {key} would be read from your environment: {written!r}"
