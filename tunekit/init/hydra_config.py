"""Reads the configuration of a Hydra application: its files, or the dataclass that it is made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import yaml

from tunekit.init.arguments import Argument, Interface, Level, kind_of_value
from tunekit.init.fields import arguments_of_class
from tunekit.init.modules import Module, Program, dotted_name
from tunekit.init.values import UNKNOWN, Values

FLOAT = re.compile(r"[-+]?(\d[\d_]*)(\.[\d_]*)?[eE][-+]?\d+")
QUIET = ("hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=stdout")  # files of its own go nowhere


class Loader(yaml.SafeLoader):
    """Reads ``1e-4`` as the number that it is for Hydra; for PyYAML it is a text."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789"))


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
    content = _content(file, notes)
    return [_entry(f"{prefix}{name}", value) for name, value in _leaves(content, "")]


def _content(file: Path, notes: list[str]) -> Mapping[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        content = Loader(text).get_single_data()  # as yaml.safe_load does, with the numbers of Hydra
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        notes.append(f"{file} cannot be read: {' '.join(str(error).split())}.")
        return {}
    return content if isinstance(content, dict) else {}


def _defaults(file: Path) -> Iterator[tuple[str, str]]:
    listed = _content(file, []).get("defaults", [])
    for entry in listed if isinstance(listed, list) else []:
        for group, option in entry.items() if isinstance(entry, dict) else []:
            if isinstance(group, str) and isinstance(option, str):
                yield group.removeprefix("optional ").removeprefix("override ").partition("@")[0], option


def _leaves(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if not isinstance(key, str) or (not prefix and key in ("defaults", "hydra")):
            continue
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _entry(name: str, value: Any) -> Argument:
    is_computed = isinstance(value, str) and "${" in value
    is_missing = value == "???"
    plain = value is None or isinstance(value, str | int | float | list)
    return Argument(
        name=name,
        form="override",
        line=0,
        kind=kind_of_value(value),
        default=None if is_missing else UNKNOWN if is_computed or not plain else value,
        is_required=is_missing,
        is_list=isinstance(value, list),
        obstacle="is computed from others" if is_computed else "",
    )
