"""Modules of the user's own, whose content belongs to what a function is; installed ones count by name alone.

Found by reading: nothing is imported.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

ModuleDigest = Callable[[str, Path], str]
"""Takes the name of a local module and its file, and gives what identifies it with all that it imports."""

_PACKAGES = {"site-packages", "dist-packages"}
_STDLIB = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
_OWN = {"tunekit", "tunekit_core"}  # their versions are recorded, and a clone of them is edited all the time


def digest_of_module(name: str, file: Path) -> str:
    """SHA-256 of a local module: the bytes of its file and, recursively, of the local modules that it imports."""
    found: dict[str, str] = {}
    waiting = {name: file}
    while waiting:
        name, file = waiting.popitem()
        content = file.read_bytes()
        found[name] = hashlib.sha256(content).hexdigest()
        for imported in {*_parents(name), *_imported(content, name, file)}:
            if imported not in found and (place := local_file(imported)):
                waiting[imported] = place
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def local_file(name: str) -> Path | None:
    """The file of a module by its name; None if it is installed, part of Python, a folder alone, or missing."""
    file, _ = _locate(name)
    is_local = file is not None and name.partition(".")[0] not in _OWN and not is_installed(file)
    return file if is_local else None


def is_installed(file: Path) -> bool:
    """Whether a file lies where packages are installed, or belongs to Python."""
    return not _PACKAGES.isdisjoint(file.parts) or not _STDLIB.isdisjoint(file.resolve().parents)


def absolute_names(module: str, level: int, names: Iterable[str], package: str) -> Iterator[str]:
    """What an import may load: the module, and what is imported from it, which may be modules.

    Args:
        module: As it stands behind ``from`` or ``import``.
        level: The number of dots before it.
        names: What is imported from it.
        package: Name of the package in which the import stands.
    """
    if level:
        base = package.rsplit(".", level - 1)[0]
        module = f"{base}.{module}" if module else base
    yield module
    yield from (f"{module}.{name}" for name in names)


def _imported(content: bytes, name: str, file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # compiled, or half edited
        return
    package = name if file.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            yield from absolute_names(node.module or "", node.level, [alias.name for alias in node.names], package)


def _parents(name: str) -> Iterator[str]:
    """The packages that are imported before a module."""
    while name := name.rpartition(".")[0]:
        yield name


def _locate(name: str) -> tuple[Path | None, Iterable[str]]:
    """The file of a module, and where its submodules are looked for."""
    if module := sys.modules.get(name):
        content = ModuleType.__getattribute__(module, "__dict__")
        file, folders = content.get("__file__"), content.get("__path__", ())
        return Path(file) if isinstance(file, str) else None, folders
    parent = name.rpartition(".")[0]
    try:
        spec = PathFinder.find_spec(name, _locate(parent)[1]) if parent else importlib.util.find_spec(name)
    except (ImportError, ValueError):  # also an empty name
        spec = None
    if spec is None:
        return None, ()
    return Path(spec.origin) if spec.has_location and spec.origin else None, spec.submodule_search_locations or ()
