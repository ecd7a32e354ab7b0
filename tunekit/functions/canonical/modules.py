"""Modules of the user's own, whose content belongs to what a function is; installed ones count by name alone.

Found by reading: nothing is imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from tunekit.functions.canonical.form import Undescribable
from tunekit.sources import Source
from tunekit.sources.content import digest
from tunekit.sources.imports import Import, imports_of
from tunekit.sources.installed import is_installed

ModuleDigest = Callable[[str, str], str]
"""Takes the name of a local module and its file, and gives what identifies it with all that it imports."""


def digest_of_module(name: str, file: str) -> str:
    """SHA-256 of a local module: the content of its file and, recursively, of the local modules that it imports.

    Raises:
        Undescribable: If one of these files is gone, though its module is loaded.
    """
    found = {name: source.digest for name, source in files_of_module(name, file).items()}
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def files_of_module(name: str, file: str) -> dict[str, Source]:
    """The file of a local module and, recursively, of the local modules that it imports, by names of the modules.

    What is recorded of where a file is follows from the name of its module, wherever it was found.

    Raises:
        Undescribable: If one of these files is gone, though its module is loaded.
    """
    found: dict[str, Source] = {}
    waiting = {name: file}
    while waiting:
        name, file = waiting.popitem()
        content = digest(file)
        if content is None:
            raise Undescribable(f"{file}, from which it was imported, is gone")
        is_package = os.path.basename(file).startswith("__init__.")
        found[name] = Source(_recorded(name, file, is_package=is_package), file, content)
        package = name if is_package else name.rpartition(".")[0]
        imported = {each for statement in imports_of(file).imports for each in names_of(statement, package)}
        for each in {*_parents(name), *imported} - found.keys():
            if place := local_file(each):
                waiting[each] = place
    return found


def _recorded(name: str, file: str, *, is_package: bool) -> str:
    path, base = name.replace(".", "/"), os.path.basename(file)
    if is_package:
        return f"{path}/{base}"
    return f"{path}{base.removeprefix(os.path.basename(path))}" if base.startswith(os.path.basename(path)) else base


def local_file(name: str) -> str | None:
    """The file of a module by its name; None if it is installed, part of Python, a folder alone, or missing.

    Of a module in an archive it is the archive.
    """
    file, _ = _locate(name)
    if file is None or is_installed(os.path.abspath(file)):
        return None
    return file if os.path.exists(file) else next((str(p) for p in Path(file).parents if p.is_file()), file)


def loaded(name: object) -> ModuleType | None:
    """The module that is loaded under a name. Other objects may be there, too."""
    module = sys.modules.get(name) if isinstance(name, str) else None
    return module if issubclass(type(module), ModuleType) else None


def module_dict(module: ModuleType) -> dict[str, Any]:
    """The variables of a module, without asking the module."""
    content: dict[str, Any] = ModuleType.__getattribute__(module, "__dict__")
    return content


def names_of(statement: Import, package: str) -> Iterator[str]:
    """The modules that an import may load, with the packages that they are in, by their whole names.

    Args:
        statement: The import.
        package: Name of the package in which it stands.
    """
    above = package.split(".") if package else []
    if statement.level > len(above):
        above = []  # Python refuses it, or what it begins at is not known
    parts = above[: len(above) - statement.level + 1] if statement.level else []
    parts += statement.module.split(".") if statement.module else []
    name = ".".join(parts)
    yield from (name, *_parents(name), *(f"{name}.{taken}" for taken in statement.names))


def _parents(name: str) -> Iterator[str]:
    """The packages that are imported before a module."""
    while name := name.rpartition(".")[0]:
        yield name


def _locate(name: str) -> tuple[str | None, Sequence[str]]:
    """The file of a module, and where its submodules are looked for."""
    if module := loaded(name):
        content = module_dict(module)
        file, folders = content.get("__file__"), content.get("__path__", ())
        return file if isinstance(file, str) else None, folders
    parent = name.rpartition(".")[0]
    try:
        spec = PathFinder.find_spec(name, _locate(parent)[1]) if parent else importlib.util.find_spec(name)
    except Exception:  # of an empty name, or of what somebody has added to the import system
        spec = None
    if spec is None:
        return None, ()
    return spec.origin if spec.has_location else None, spec.submodule_search_locations or ()
