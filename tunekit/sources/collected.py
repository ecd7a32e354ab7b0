"""Files that are counted as sources, each under a name that does not depend on where the program lies."""

from __future__ import annotations

import os
from collections.abc import Iterable

import attrs

from tunekit.sources.content import digest
from tunekit_core.errors import ConfigurationError

OPTION = "benchmark.sources"
MANY = 10_000  # files: more than any program has, and read in seconds
N_TOLD = 2


@attrs.frozen
class Source:
    """A file that belongs to a program.

    Attributes:
        name: What is recorded of where it is.
        path: Where it is.
        digest: What is in it.
    """

    name: str
    path: str
    digest: str


@attrs.frozen
class Sources:
    """The files that make up a program, as they were when they were read.

    Attributes:
        files: The program first, then what it imports.
    """

    files: tuple[Source, ...]

    @property
    def digests(self) -> dict[str, str]:
        """What is in each file, by its name."""
        return {file.name: file.digest for file in self.files}

    def changed(self) -> list[str]:
        """Names of the files in which something else is now, or which are gone.

        A file with the same content has not changed, whatever its times are. Only files whose times, size or inode
        are others than before are read.
        """
        return [file.name for file in self.files if digest(file.path) != file.digest]


class Collected:
    """Collects files.

    Args:
        home: The folder of the program; names of the files below it are relative to it. ``None`` where nothing is
            relative to any folder, as in a command of absolute paths.
    """

    def __init__(self, home: str | None) -> None:
        # Python itself follows links to the folder of a script, and finds modules below that.
        self._homes = () if home is None else (home, os.path.realpath(home))
        self._files: dict[str, Source] = {}

    def add(self, path: str, root: str) -> None:
        """Add a file, if it is one and is not there yet.

        Args:
            path: Absolute, without ``..``.
            root: A folder above it; what its name is relative to where it is not below the folder of the program.

        Raises:
            ConfigurationError: If these are too many.
        """
        name = self._name(path, root)
        found = self._files.get(name)
        if found is not None and os.path.realpath(found.path) == os.path.realpath(path):
            return
        content = digest(path)
        if content is None:
            return
        name = name if found is None else _text(path)
        if len(self._files) == MANY:
            raise ConfigurationError(
                f"The program has more than {MANY:,} source files, {name} among them. Type {OPTION}=[train.py,src] "
                "with the files and folders that make up yours.",
                option=OPTION,
            )
        self._files[name] = Source(name, path, content)

    def sources(self) -> Sources:
        """What was added, in that order."""
        return Sources(tuple(self._files.values()))

    def _name(self, path: str, root: str) -> str:
        base = next((home for home in self._homes if path.startswith(os.path.join(home, ""))), root)
        return _text(os.path.relpath(path, base))


def told(names: Iterable[str]) -> str:
    """The line that names files, such as ``"Sources: train.py, lib/model.py and 3 more."``."""
    shown = [name if name.isprintable() else ascii(name) for name in names]
    if not shown:
        return "Sources: none. An edit of the program will not be noticed."
    if len(shown) <= N_TOLD + 1:
        *first, last = shown
        return f"Sources: {', '.join(first)} and {last}." if first else f"Sources: {last}."
    return f"Sources: {', '.join(shown[:N_TOLD])} and {len(shown) - N_TOLD} more."


def _text(path: str) -> str:
    """A path as text that any file can hold: names of files may have bytes that are none."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
