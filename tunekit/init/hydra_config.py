"""Reads the configuration of a Hydra application: its files, or the dataclass that it is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import attrs

from tunekit.init.arguments import Argument, Interface, Level
from tunekit.init.entries import argument_of_entry, content_of, entries
from tunekit.init.fields import arguments_of_class
from tunekit.init.modules import Module, Program, dotted_name
from tunekit.init.values import Values

QUIET = ("hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=stdout")  # files of its own go nowhere


def read_hydra(program: Program, values: Values) -> Interface | None:
    """What a Hydra application takes; ``None`` if the script is none."""
    for module in program.modules_with("hydra"):
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and dotted_name(module, decorator.func) == "hydra.main":
                    return _application(decorator, module, program, values)
    return None


def _application(decorator: ast.Call, module: Module, program: Program, values: Values) -> Interface:
    given = {word.arg: values.of(word.value, module) for word in decorator.keywords}
    name, folder = given.get("config_name"), given.get("config_path")
    arguments: list[Argument] = []
    notes: list[str] = []
    if isinstance(name, str):
        file = module.path.parent / (folder if isinstance(folder, str) else ".") / f"{name.removesuffix('.yaml')}.yaml"
        if file.is_file():
            arguments += _of_file(file, notes)
            for group, option in _defaults(file):
                part = file.parent / group / f"{option}.yaml"
                if part.is_file():
                    first = part.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
                    prefix = "" if "@package _global_" in first else f"{group.replace('/', '.')}."
                    arguments += _of_file(part, notes, prefix)
        else:
            arguments += _structured(name, program, values)
            if not arguments:
                notes.append(f"There is neither a file {file} nor a dataclass that is stored as {name!r}.")
    else:
        notes.append(f"The name of its configuration cannot be read ({module.path.name}, line {decorator.lineno}).")
    by_name = {
        each.name: each for each in reversed(arguments)
    }  # the file itself is read first, and goes over its groups
    ordered = [each for each in arguments if by_name[each.name] is each]
    return Interface(reader="Hydra", levels=[Level(arguments=ordered)], notes=notes, words=QUIET, prints_log=True)


def _structured(name: str, program: Program, values: Values) -> list[Argument]:
    """The fields of the dataclass that is stored under a name."""
    for module in program.imported_modules():
        for call in module.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr == "store":
                words = {word.arg: word.value for word in call.keywords}
                stored = values.of(words.get("name", call.args[0] if call.args else None), module)
                cls = values.class_of(words.get("node"), module)
                if stored == name and cls is not None:
                    found = arguments_of_class(cls, values, bools="override", nests=True)
                    return [attrs.evolve(each, form="override") for each in found]
    return []


def _of_file(file: Path, notes: list[str], prefix: str = "") -> list[Argument]:
    content = {key: value for key, value in content_of(file, notes).items() if key not in ("defaults", "hydra")}
    return [argument_of_entry(f"{prefix}{name}", value, "override") for name, value in entries(content)]


def _defaults(file: Path) -> Iterator[tuple[str, str]]:
    listed = content_of(file, []).get("defaults", [])
    for entry in listed if isinstance(listed, list) else []:
        for group, option in entry.items() if isinstance(entry, dict) else []:
            if isinstance(group, str) and isinstance(option, str):
                yield group.removeprefix("optional ").removeprefix("override ").partition("@")[0], option
