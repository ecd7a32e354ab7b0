"""The local modules that a program imports: looked for where Python would look, and never run."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from tunekit.sources.editable import Editable
from tunekit.sources.imports import Import, imports_of
from tunekit.sources.installed import holds_installed, is_installed, is_own

SUFFIXES = (".py", ".pyx", ".pyc")
COMPILED = ".so"  # also fast.cpython-311-x86_64-linux-gnu.so
# Python has these before it looks at any folder.
IMPORTED_BEFORE = {*sys.builtin_module_names, "abc", "codecs", "io", "os", "site", "stat"}


@attrs.frozen
class Place:
    """A folder in which modules are looked for.

    Attributes:
        folder: The folder.
        root: What the names of the files in it are relative to.
    """

    folder: str
    root: str


@attrs.frozen
class ModuleFile:
    """A file of a module.

    Attributes:
        path: Where it is.
        root: What its name is relative to.
        package: Dotted name of what its relative imports begin at; empty if they have nothing to begin at.
    """

    path: str
    root: str
    package: str


@attrs.frozen
class Module:
    """A module or a package.

    Attributes:
        files: All that may be it: a compiled file wins over one of the same name in Python. None of a namespace.
        places: Where a package has its modules; none of a module.
    """

    files: Sequence[ModuleFile]
    places: Sequence[Place] = ()


class ImportPath:
    """The modules on the path of one program.

    Args:
        places: The path, in order. What is installed is not looked for.
        elsewhere: Where modules lie that are on no path, without a suffix, by their dotted names.
    """

    def __init__(self, places: Sequence[Place], elsewhere: Mapping[str, str]) -> None:
        self._places = places
        self._elsewhere = elsewhere
        self._modules: dict[str, Module | None] = {}
        self._listings: dict[str, dict[str, list[str]]] = {}

    def find(self, name: str) -> Module | None:
        """The module of a dotted name, if it is local."""
        if name not in self._modules:
            self._modules[name] = self._find(name)
        return self._modules[name]

    def _find(self, name: str) -> Module | None:
        above, _, last = name.rpartition(".")
        places = self._places
        if above:
            package = self.find(above)
            places = package.places if package is not None else ()
        elif last in IMPORTED_BEFORE:
            return None
        return self._found(name, last, places) or self._found_elsewhere(name)

    def _found(self, name: str, last: str, places: Sequence[Place]) -> Module | None:
        above = name.rpartition(".")[0]
        portions = []
        for place in places:
            listing = self._listing(place.folder)
            if last not in listing:
                continue
            inside = Place(os.path.join(place.folder, last), place.root)
            if is_own(inside.folder):
                return None
            initial = self._listing(inside.folder).get("__init__", ()) if last in listing[last] else ()
            if initial:
                return Module(_files(initial, inside, name), (inside,))
            files = [file for file in listing[last] if file != last]
            if files:
                return Module(_files(files, place, above))
            portions.append(inside)
        return Module((), portions) if portions else None

    def _found_elsewhere(self, name: str) -> Module | None:
        path = self._elsewhere.get(name)
        if path is not None:
            folder, last = os.path.split(path)
            return self._found(name, last, [Place(folder, package_root(folder))])
        is_above = any(each.startswith(f"{name}.") for each in self._elsewhere)
        return Module(()) if is_above else None

    def _listing(self, folder: str) -> dict[str, list[str]]:
        """By name of a module what there is in a folder that may be it: files, and a folder of that name."""
        if folder not in self._listings:
            listing: dict[str, list[str]] = {}
            self._listings[folder] = listing
            try:
                names = os.listdir(folder)
            except (OSError, ValueError):  # no folder, or no path at all
                names = []
            for file in sorted(names):
                name, point, _ = file.partition(".")
                if name and (not point or file.endswith(COMPILED) or file[len(name) :] in SUFFIXES):
                    listing.setdefault(name, []).append(file)
        return self._listings[folder]


def _files(names: Iterable[str], place: Place, package: str) -> list[ModuleFile]:
    return [ModuleFile(os.path.join(place.folder, name), place.root, package) for name in names]


def imported(imports: Iterable[Import], path: ImportPath) -> Iterator[ModuleFile]:
    """The files of all local modules that a program imports, by what those import as well, each once.

    Args:
        imports: What the program itself imports.
        path: Where modules are looked for.
    """
    seen: set[str] = set()
    waiting = deque([(imports, "")])
    while waiting:
        imports, package = waiting.popleft()
        for each in imports:
            for name in names_of(each, package, path):
                if name in seen:
                    continue
                seen.add(name)
                module = path.find(name)
                for file in module.files if module is not None else ():
                    yield file
                    waiting.append((imports_of(file.path).imports, file.package))


def names_of(each: Import, package: str, path: ImportPath) -> Iterator[str]:
    """Dotted names of what may be the modules that one import loads, packages before what is in them.

    Args:
        each: The import.
        package: What it begins at if it is relative.
        path: Where modules are looked for.
    """
    parts = each.module.split(".") if each.module else []
    if each.level:
        above = package.split(".") if package else []
        if each.level > len(above):
            return  # Python refuses it
        parts = above[: len(above) - each.level + 1] + parts
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        if path.find(name) is None:
            return
        yield name
    for taken in each.names:
        if taken == "*":
            module = path.find(name)
            for file in module.files if module is not None else ():
                yield from (f"{name}.{offered}" for offered in imports_of(file.path).offered)
        else:
            yield f"{name}.{taken}"


def package_root(folder: str) -> str:
    """The first folder, going up, that is no package."""
    above = os.path.dirname(folder)
    if folder == above or not os.path.isfile(os.path.join(folder, "__init__.py")):
        return folder
    return package_root(above)


def import_path(folder: str, shared: Editable) -> ImportPath:
    """The path of a program without what is installed.

    Args:
        folder: Where Python looks first. It may lie within what is installed, as the scripts of a plugin do.
        shared: What ``PYTHONPATH`` and projects that are worked on add.
    """
    folders = [folder] if not holds_installed(folder) else []
    folders += [each for each in shared.folders if not is_installed(each)]
    return ImportPath([Place(each, package_root(each)) for each in dict.fromkeys(folders)], shared.modules)
