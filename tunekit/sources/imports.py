"""What a Python file imports, found by reading it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache

import attrs

from tunekit.sources.content import Identity, identity, kept, read

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where statements hold others
FUNCTIONS = ("import_module", "__import__")


@attrs.frozen
class Import:
    """One thing that is imported.

    Attributes:
        module: Dotted name, without the dots before it.
        level: How many dots stand before it; 0 for an absolute import.
        names: What is taken from it, each an attribute or a submodule; ``*`` for all that it offers.
    """

    module: str
    level: int = 0
    names: tuple[str, ...] = ()


@attrs.frozen
class Imports:
    """What a file imports anywhere: in functions, under conditions, for type checkers alone.

    Attributes:
        imports: In their order.
        offered: The names in its ``__all__``, which another file may import with a star.
    """

    imports: tuple[Import, ...] = ()
    offered: tuple[str, ...] = ()


NOTHING = Imports()


def imports_of(path: str) -> Imports:
    """What a file imports; nothing if it is none of Python's that this version understands."""
    found = identity(path)
    return NOTHING if found is None else kept(_imports_of, path, found)


@lru_cache(maxsize=2**14)
def _imports_of(path: str, _: Identity) -> Imports:
    content = read(path)
    return NOTHING if content is None else read_imports(content)


def read_imports(content: bytes | str) -> Imports:
    """What a text of Python imports; nothing if it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the text, such as an invalid escape: its author sees them when it runs
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # zero bytes, another encoding, nested too deep
        return NOTHING
    imports = [each for statement in _statements(tree.body) for each in _imports(statement)]
    text = content if isinstance(content, str) else content.decode("latin-1")
    if any(function in text for function in FUNCTIONS):  # going through all expressions takes as long as all the rest
        imports += [each for node in ast.walk(tree) if isinstance(node, ast.Call) for each in _called(node)]
    return Imports(tuple(imports), tuple(name for statement in tree.body for name in _offered(statement)))


def _statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    waiting = list(body)[::-1]
    while waiting:
        statement = waiting.pop()
        yield statement
        for block in reversed(BLOCKS):
            waiting.extend(reversed(getattr(statement, block, ())))


def _imports(statement: ast.AST) -> Iterator[Import]:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield Import(alias.name)
    elif isinstance(statement, ast.ImportFrom):
        yield Import(statement.module or "", statement.level, tuple(alias.name for alias in statement.names))


def _called(call: ast.Call) -> Iterator[Import]:
    """What ``import_module("a.b")``, ``import_module(".b", __package__)`` and ``__import__("a")`` import."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
    name = _text(call.args[0]) if call.args else None
    if function not in FUNCTIONS or name is None:
        return
    module = name.lstrip(".")
    package = _text(call.args[1]) if len(call.args) > 1 else None
    level = len(name) - len(module)
    if level and package is not None:
        parts = package.split(".")
        yield Import(".".join([*parts[: len(parts) - level + 1], module]))
    else:
        yield Import(module, level)


def _offered(statement: ast.AST) -> Iterator[str]:
    """The names that a statement puts into ``__all__``."""
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            yield from (text for node in ast.walk(statement.value) if (text := _text(node)) is not None)


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
