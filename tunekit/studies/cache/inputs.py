"""Everything that a comparison follows from, as a digest: files, what was typed, and the code that compares."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np
import scipy

from tunekit_core.plugins.hookspecs import PROJECT
from tunekit_core.records.finding import find_metadata

LEAST_EXPERIMENTS = 1000  # fewer are compared in less than half a second
SETTLED = 3.0  # seconds: a file that is younger may change again without another time stamp
CODE = ("tunekit", "tunekit_core")
NOT_CODE = "__pycache__"


def digest_of_inputs(folders: Sequence[str], filters: Sequence[str], options: Mapping[str, str]) -> str | None:
    """A digest that is another one as soon as anything is that a comparison follows from.

    Of each experiment it holds the path, the size and the time stamps of its metadata, which no writer leaves as they
    were; the same of the files beside the index of an experiment tag, and of the code of tunekit and of every plugin,
    since a developer changes it without another version.

    Args:
        folders: Where experiments are, as typed.
        filters: Those that were typed.
        options: By name what was typed of the comparison.

    Returns:
        ``None`` where nothing is worth to be kept or safe to: there are few experiments, a folder cannot be looked
        into, or a file has just been written.
    """
    files = find_metadata(*folders)
    if files is None or len(files) < LEAST_EXPERIMENTS:
        return None
    if max(max(file.st_mtime, file.st_ctime) for _, file in files) > time.time() - SETTLED:
        return None
    digest = hashlib.sha256()
    programs = (sys.version, np.__version__, scipy.__version__)
    for part in (
        *programs,
        os.getcwd(),
        *folders,
        "",
        *filters,
        "",
        *(f"{key}={options[key]}" for key in sorted(options)),
    ):
        digest.update(f"{part}\0".encode(errors="surrogateescape"))
    for path, state in (*files, *_beside(path for path, _ in files), *_code()):
        text = f"{path}\0{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}\n"
        digest.update(text.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _beside(files: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    """What lies in the folders of experiment tags, such as rules that were fixed for comparisons beforehand."""
    for folder in sorted({os.path.dirname(os.path.dirname(os.path.dirname(file))) for file in files}):
        with suppress(OSError), os.scandir(folder or os.curdir) as entries:
            yield from sorted((entry.path, entry.stat()) for entry in entries if entry.is_file())


def _code() -> Iterator[tuple[str, os.stat_result]]:
    """The files of tunekit and of every plugin, with what lies beside them, such as data of benchmarks."""
    modules = [entry.value.partition(":")[0] for entry in importlib.metadata.entry_points(group=PROJECT)]
    for package in sorted({*CODE, *(module.partition(".")[0] for module in modules)}):
        spec = importlib.util.find_spec(package)
        if spec is None:
            continue
        if spec.submodule_search_locations is None and spec.origin is not None:
            yield spec.origin, os.stat(spec.origin)
        for top in sorted(spec.submodule_search_locations or ()):
            yield from _files(top)


def _files(top: str) -> Iterator[tuple[str, os.stat_result]]:
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if name != NOT_CODE)
        for name in sorted(files):
            path = os.path.join(folder, name)
            with suppress(FileNotFoundError):  # an editor has just removed it
                yield path, os.lstat(path)
