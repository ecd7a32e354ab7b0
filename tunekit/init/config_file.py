"""An argument that names a file of settings: the command passes a copy of it, in which entries are set."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit.init.arguments import Argument, Interface
from tunekit.init.entries import argument_of_entry, content_of, entries
from tunekit.init.modules import Program, dotted_name
from tunekit.init.names import NEVER, SETTINGS, words_of
from tunekit.init.proposing import propose

SUFFIXES = (".yaml", ".yml", ".json")
LOADS = ("load", "loads", "safe_load", "full_load", "unsafe_load")
OPENS = ("open", "pathlib.Path")
BASES = ("_base_", "_BASE_", "base", "extends", "include", "includes", "inherit_from", "defaults")
PLACES = (".", "config", "configs", "conf", "cfg", "cfgs", "settings")


def with_config_file(interface: Interface, program: Program) -> Interface:
    """The interface with the entries of the file that one of its arguments names, if there is one.

    Args:
        interface: What the script takes.
        program: The script.
    """
    if interface.reader == "Hydra":
        return interface
    opened = _opened(program)
    for number, level in enumerate(interface.levels):
        for argument in level.arguments:
            if not _is_file_of_settings(argument, opened):
                continue
            others = [each for each in interface.arguments if each is not argument]
            file = _file(argument, others, program)
            notes: list[str] = []
            content = content_of(Path(file), notes) if file else {}
            odd = next(_odd(content), None)
            if odd is not None:
                notes.append(f"{file} has {odd}, of which no copy is made: put it in quotes, and type this again.")
            if not content or odd is not None:
                return attrs.evolve(interface, notes=[*interface.notes, *notes, _what_to_type(argument)])
            found = [argument_of_entry(name, value, "in_file") for name, value in entries(content)]
            typed = {_last(each.name) for each in others}
            twice = [each.name for each in found if _last(each.name) in typed]
            notes += [*_on_bases(file, content), *_on_names(file, twice)]
            arguments = [
                *(
                    attrs.evolve(each, file=file) if each is argument else _over(each, found)
                    for each in level.arguments
                ),
                *(each for each in found if each.name not in twice),
            ]
            levels = list(interface.levels)
            levels[number] = attrs.evolve(level, arguments=arguments)
            return attrs.evolve(interface, levels=levels, notes=[*interface.notes, *notes])
    return interface


def _odd(content: Any) -> Iterator[str]:
    """What the copy of a file cannot hold: keys and values that JSON has not."""
    if isinstance(content, dict):
        yield from (f"the key {key}" for key in content if not isinstance(key, str))
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from _odd(each)
    elif content is not None and not isinstance(content, str | int | float):
        yield f"the value {content}"


def _on_bases(file: str, content: Mapping[str, Any]) -> Iterator[str]:
    base = next((key for key in BASES if isinstance(content.get(key), str | list)), None)
    if base is not None:
        yield (
            f"{file} names others under {base}. Trials read a copy of it that lies elsewhere: paths there have to be "
            "absolute, or from the folder in which you type."
        )


def _on_names(file: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield (
            f"{', '.join(names)} of {file}: the script has an argument of that name as well, which is taken to go over "
            "the file. If the file goes over it, search the entry in its place."
        )


def _is_file_of_settings(argument: Argument, opened: frozenset[str]) -> bool:
    if argument.kind != "text" or argument.is_list or argument.choices is not None or argument.obstacle:
        return False
    words = set(words_of(argument.name))
    is_read = argument.name.replace("-", "_") in opened
    if words & SETTINGS:
        return is_read or (_is_name_of_file(argument.default) and Path(argument.default).is_file())
    return is_read and not words & NEVER


def _is_name_of_file(value: object) -> bool:
    return isinstance(value, str) and value.endswith(SUFFIXES)


def _file(argument: Argument, others: Sequence[Argument], program: Program) -> str:
    """Its path, as it is typed: the default, or the only one that can be meant."""
    if isinstance(argument.default, str) and argument.default:
        can_be_copied = _is_name_of_file(argument.default) and not set(argument.default) & set("{}")
        return argument.default if can_be_copied and Path(argument.default).is_file() else ""
    if not argument.is_required and any(propose(each).is_searched for each in others):
        return ""  # the script has its arguments, and goes without
    folders = dict.fromkeys(base / place for base in (Path("."), program.script.path.parent) for place in PLACES)
    files = {path.resolve(): path for folder in folders for path in sorted(folder.glob("*")) if _may_be(path)}
    named = [path for path in files.values() if set(words_of(path.stem)) & (SETTINGS | {"default"})]
    found = list(files.values())
    only = found if len(found) == 1 else named if len(named) == 1 else []
    return only[0].as_posix() if only else ""


def _may_be(path: Path) -> bool:
    is_file = path.suffix in SUFFIXES and path.is_file() and not set(path.as_posix()) & set("{}")
    numbers = (value for _, value in entries(content_of(path, []))) if is_file else ()
    return any(type(value) in (int, float) for value in numbers)


def _opened(program: Program) -> frozenset[str]:
    """Names whose files the script reads as YAML or JSON, as far as that can be seen."""
    modules = program.imported_modules()
    loads = {call for module in modules for call in module.calls if _loads(dotted_name(module, call.func))}
    if not loads:
        return frozenset()
    functions = {
        node.name
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and any(each in loads for each in ast.walk(node))
    }
    names: set[str] = set()
    for module in modules:
        for call in module.calls:
            name = dotted_name(module, call.func)
            if call in loads or name in OPENS or name.rpartition(".")[2] in functions:
                names.update(_names(call.args))
            elif isinstance(call.func, ast.Attribute) and call.func.attr in ("open", "read_text"):
                names.update(_names([call.func.value]))
    return frozenset(names)


def _loads(name: str) -> bool:
    first, _, rest = name.partition(".")
    return first in ("yaml", "json", "omegaconf", "ruamel") and rest.rpartition(".")[2] in LOADS


def _names(nodes: Sequence[ast.expr]) -> Iterator[str]:
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                yield part.id
            elif isinstance(part, ast.Attribute):
                yield part.attr


def _over(argument: Argument, found: Sequence[Argument]) -> Argument:
    """An argument that goes over an entry of the file, and has its default there."""
    if argument.default is not None or argument.is_required:
        return argument
    entry = next((each for each in found if _last(each.name) == _last(argument.name)), None)
    return argument if entry is None else attrs.evolve(argument, default=entry.default)


def _last(name: str) -> str:
    return name.rpartition(".")[2].replace("-", "_")


def _what_to_type(argument: Argument) -> str:
    typed = {"positional": "", "short": f"{argument.flag} "}.get(argument.form, f"--{argument.name} ")
    return (
        f"{argument.name} is a file that the script reads. To search what stands in yours, write "
        f"{typed}{{yaml:FILE}}, or {{json:FILE}}, in the command, and its entries in the space, such as optim.lr."
    )
