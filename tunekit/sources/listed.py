"""The files that a script itself says are its sources."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tunekit.sources.collected import OPTION, Collected, Sources
from tunekit.sources.modules import package_root
from tunekit_core.errors import ConfigurationError

MEMORY = "__pycache__"


def listed(paths: Sequence[Path], here: str, home: str | None, results_dir: Path | None) -> Sources:
    """Files, and all that is in folders except what is hidden, links that lead nowhere, and results.

    Args:
        paths: Files and folders, relative to the folder of the program.
        here: That folder.
        home: The same if names are relative to it, else ``None``.
        results_dir: Where results go.

    Raises:
        ConfigurationError: If one does not exist, or there are too many files.
    """
    collected = Collected(home)
    results = "" if results_dir is None else os.path.realpath(results_dir)
    for given in paths:
        path = os.path.abspath(os.path.join(here, given))
        root = package_root(os.path.dirname(path))
        if os.path.isfile(path):
            collected.add(path, root)
        elif os.path.isdir(path):
            for file in _below(path, (os.path.realpath(path), results)):
                collected.add(file, root)
        else:
            raise ConfigurationError(
                f"{OPTION}: there is no file or folder {path}. Type {OPTION}=[train.py,src] with those that make up "
                "the program.",
                option=OPTION,
                value=os.fspath(given),
            )
    return collected.sources()


def _below(folder: str, not_entered: tuple[str, ...]) -> Iterator[str]:
    """The files of a folder, in an order that no file system changes; a link back to a folder above is not followed."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith(".") or name == MEMORY:
            continue
        if os.path.isfile(path):
            yield path
        elif os.path.isdir(path):
            real = os.path.realpath(path)
            if real not in not_entered:
                yield from _below(path, (*not_entered, real))
