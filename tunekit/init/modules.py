"""The files of a program that are read: the script, and modules of the user's own that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from tunekit_core.errors import ConfigurationError

LIBRARIES = ("absl", "argparse", "click", "fire", "hydra", "simple_parsing", "transformers", "tunekit", "typer", "tyro")
"""What is known here: it is never read, even where a folder of that name lies beside the script."""
MOST_MODULES = 100


@attrs.frozen(eq=False)
class Module:
    """A file of Python.

    Attributes:
        path: Where it is.
        source: Its text.
        tree: What it holds.
        calls: All calls, in the order of the text.
        imported: By name in it the dotted name that is imported.
        definitions: By name what its module level defines last: functions, classes, and values.
        assigned_twice: Names whose value is not one.
    """

    path: Path
    source: bytes
    tree: ast.Module
    calls: Sequence[ast.Call]
    imported: Mapping[str, str]
    definitions: Mapping[str, ast.AST]
    assigned_twice: frozenset[str]


class Program:
    """A script and the modules beside it.

    Args:
        path: The script.

    Raises:
        ConfigurationError: If it cannot be read, or is no Python.
    """

    def __init__(self, path: Path) -> None:
        here, self._folder = Path.cwd(), path.resolve().parent
        self._root = here if self._folder.is_relative_to(here) else self._folder
        self._modules: dict[Path, Module | None] = {}
        self._imported: list[Module] | None = None
        self.script = _read(path, self._root)

    def imported_modules(self) -> list[Module]:
        """The script first, then what it imports of the user's own, and what that imports."""
        if self._imported is not None:
            return self._imported
        self._imported = found = [self.script]
        for module in found:
            for name in module.imported.values():
                for dotted in (name, name.rpartition(".")[0]):
                    other = self.local(dotted)
                    if other is not None and other not in found and len(found) < MOST_MODULES:
                        found.append(other)
        return found

    def name_of_module(self) -> str:
        """What ``python -m`` calls the script, if it imports what it finds only then; otherwise nothing.

        That is what is relative to it, or lies in the folder in which the command is typed and not beside the script.
        """
        path = self.script.path.resolve()
        if self._folder == self._root or not path.is_relative_to(self._root):
            return ""
        parts = path.relative_to(self._root).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__main__" else parts
        nodes = [node for node in ast.walk(self.script.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        is_relative = any(isinstance(node, ast.ImportFrom) and node.level for node in nodes)
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
        firsts = {name.partition(".")[0] for name in names} - set(LIBRARIES)
        here = {name for name in firsts if _lies_in(self._folder, name)}
        there = {name for name in firsts if _lies_in(self._root, name)}
        is_of_root = there > here
        return ".".join(parts) if (is_relative or is_of_root) and all(part.isidentifier() for part in parts) else ""

    def modules_with(self, library: str) -> list[Module]:
        """Those of them that import a library."""
        return [
            module
            for module in self.imported_modules()
            if any(name.partition(".")[0] == library for name in module.imported.values())
        ]

    def local(self, dotted: str) -> Module | None:
        """The module of a dotted name, if it lies beside the script and can be read."""
        if not dotted or dotted.partition(".")[0] in LIBRARIES:
            return None
        places = [folder.joinpath(*dotted.split(".")) for folder in dict.fromkeys((self._folder, self._root))]
        files = [file for place in places for file in (place.with_name(f"{place.name}.py"), place / "__init__.py")]
        return next(filter(None, map(self._read, files)), None)

    def find(self, module: Module, name: str, depth: int = 10) -> tuple[Module, ast.AST] | None:
        """What a name or a dotted name means in a module, if that is defined in a file of the user's."""
        first, _, rest = name.partition(".")
        if first in module.definitions:
            return (module, module.definitions[first]) if not rest else None
        dotted = module.imported.get(first)
        if dotted is None or not depth:
            return None
        whole = f"{dotted}.{rest}" if rest else dotted
        owner, _, last = whole.rpartition(".")
        other = self.local(owner)
        return None if other is None or other is module else self.find(other, last, depth - 1)

    def _read(self, path: Path) -> Module | None:
        if path not in self._modules:
            try:
                self._modules[path] = _read(path, self._root) if path.is_file() else None
            except (ConfigurationError, OSError):
                self._modules[path] = None
        return self._modules[path]


def dotted_name(module: Module, node: ast.AST | None) -> str:
    """The whole name of what an expression names, ``click.option`` however it was imported; empty if it names none."""
    if isinstance(node, ast.Name):
        return module.imported.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        owner = dotted_name(module, node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def calls(tree: ast.AST) -> list[ast.Call]:
    """All calls, in the order of the text."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of one level, those inside of ``if``, ``try``, ``with`` and loops among them."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for part in ("body", "orelse", "finalbody"):
                yield from statements(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from statements(handler.body)


def _lies_in(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or any((folder / name).glob("*.py"))


def _read(path: Path, root: Path) -> Module:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", value=str(path)) from error
    try:
        tree = ast.parse(content, str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ConfigurationError(
            f"{path} is not Python that can be read{where}: {reason}. Mend it, or if the program is in another "
            "language, write its file by hand: docs/how-to/write-the-command.md shows how.",
            value=str(path),
        ) from error
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                imported[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom):
            owner = _owner(node, path, root)
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{owner}.{alias.name}".lstrip(".")
    definitions: dict[str, ast.AST] = {}
    twice: set[str] = set()
    for statement in statements(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            definitions[statement.name] = statement
        for target, value in _assigned(statement):
            if target in definitions:
                twice.add(target)
            definitions[target] = value
    return Module(path, content, tree, calls(tree), imported, definitions, frozenset(twice))


def _owner(node: ast.ImportFrom, path: Path, root: Path) -> str:
    """The module that a statement imports from, as it is called from the root."""
    folder = path.resolve().parent
    for _ in range(node.level - 1):
        folder = folder.parent
    parts = folder.relative_to(root).parts if node.level and folder.is_relative_to(root) else ()
    return ".".join([*parts, *([node.module] if node.module else [])])


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                pairs = zip(target.elts, statement.value.elts, strict=False)
                yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        if isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.value
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement  # type: ignore[misc]  # no expression: nothing that has a value
