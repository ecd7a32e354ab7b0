"""A leading underscore means one thing: nobody outside this module uses the name. Modules have none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = (".", "benchmarks", "plugins/*", "docs/examples/*")
PACKAGES = sorted(
    folder
    for place in PLACES
    for pattern in ("tunekit", "tunekit_*", "hydra_plugins")
    for folder in ROOT.glob(f"{place}/{pattern}")
    if any(folder.rglob("*.py"))
)
OF_OTHERS = {
    "_exit",  # of os: documented, whatever its name says
    "_thread",  # of the standard library, documented as its low level
    "hydra._internal",  # Hydra has no public way to compose a configuration without running it
}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def defined(tree: ast.Module) -> Iterator[str]:
    """Names that a module gives to functions, classes, variables, and attributes of its own objects."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(ast.Name("self" | "cls"), name, ast.Store()):
                yield name


def borrowed(source: str) -> Iterator[tuple[int, str]]:
    """Private names of other modules that a module uses, with their lines.

    What a class inherits, and finds in ``self``, is not among them.
    """
    tree = ast.parse(source)
    own = set(defined(tree))
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=names):
                found = [f"{module or ''}.{alias.name}" for alias in names]
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.Attribute(value, name) if name not in own and getattr(value, "id", "") not in ("self", "cls"):
                found = [name]
            case _:
                continue
        for name in found:
            if any(map(is_private, name.split("."))) and not any(name.startswith(of_others) for of_others in OF_OTHERS):
                yield node.lineno, name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_no_module_has_a_name_that_begins_with_an_underscore(package):
    paths = [path.relative_to(ROOT) for path in package.rglob("*.py")]
    assert [str(path) for path in paths if any(is_private(part) for part in path.with_suffix("").parts)] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_no_module_uses_a_private_name_of_another(package):
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted(package.rglob("*.py"))
        for line, name in borrowed(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(["Make these public, or ask for what they are needed for:", *found])


def test_what_belongs_to_another_module_is_found():
    source = """
import os, json._nothing
from a import _b, c
from a._b import c
from . import _d
import a as _a

_own = 1

class Own:
    def __init__(self, other):
        self._x = other._x + other._y.z + other.w()._v + self._inherited
        _own, _a.b, other.__class__, os._exit
"""
    found = [name for _, name in sorted(borrowed(source))]
    assert found == ["json._nothing", "a._b", "a._b.c", "._d", "_v", "_y"]
