"""Reads parsers that are made of dataclasses or functions: ``HfArgumentParser``, tyro, simple_parsing, fire."""

from __future__ import annotations

import ast

from tunekit.init.arguments import Argument, Interface, Level
from tunekit.init.fields import arguments_of_class, arguments_of_function
from tunekit.init.modules import Module, Program, dotted_name
from tunekit.init.values import ClassOf, Values

HF = ("HfArgumentParser", "H4ArgumentParser", "TrlParser")


def read_dataclasses(program: Program, values: Values) -> Interface | None:
    """What they take; ``None`` if there are none."""
    for module in program.imported_modules():
        for call in module.calls:
            name = dotted_name(module, call.func)
            first = call.args[0] if call.args else _keyword(call, "dataclass_types")
            if name.endswith(HF) and first is not None:
                parts = first.elts if isinstance(first, ast.Tuple | ast.List) else [first]
                arguments, notes = _of_classes(parts, module, values)
                return Interface(reader="HfArgumentParser", levels=[Level(arguments=arguments)], notes=notes)
            if name == "tyro.cli" and first is not None:
                return _of_anything("tyro", first, module, program, values)
            if name == "fire.Fire":
                return _of_anything("fire", first, module, program, values)
            if name == "simple_parsing.parse" and first is not None:
                arguments, notes = _of_classes([first], module, values)
                return Interface(reader="simple_parsing", levels=[Level(arguments=arguments)], notes=notes)
    return None


def _of_classes(nodes: list[ast.expr], module: Module, values: Values) -> tuple[list[Argument], list[str]]:
    arguments: list[Argument] = []
    notes = []
    for node in nodes:
        cls = values.class_of(node, module)
        if cls is None:
            notes.append(
                f"The fields of {ast.unparse(node)} (line {node.lineno}) lie in a library, which is not read: add "
                "those that you want to search to the space."
            )
            continue
        for base in (base for each in values.bases(cls) for base in each.node.bases):
            if values.class_of(base, cls.module) is None and ast.unparse(base) not in ("object", "ABC"):
                notes.append(
                    f"{cls.node.name} inherits from {ast.unparse(base)}, which lies in a library and is not read: add "
                    "those of its fields that you want to search to the space."
                )
        arguments += arguments_of_class(cls, values, bools="option")
    return arguments, notes


def _of_anything(
    reader: str, node: ast.expr | None, module: Module, program: Program, values: Values
) -> Interface | None:
    """What is made of a class or of a function."""
    if isinstance(node, ast.Subscript):  # tyro.conf.OmitSubcommandPrefixes[Config]
        node = node.slice
    found = program.find(module, ast.unparse(node)) if isinstance(node, ast.Name | ast.Attribute) else None
    if found is None:
        what = "all that the module holds" if node is None else ast.unparse(node)
        note = f"{reader} makes its arguments of {what}, which cannot be read: name one function or one class."
        return Interface(reader=reader, levels=[Level()], notes=[note])
    where, definition = found
    is_tyro = reader == "tyro"
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        bools = "no_flag" if is_tyro else "option"
        arguments = arguments_of_function(definition, where, values, bools=bools, dashes=is_tyro, nests=True)  # type: ignore[arg-type]
        return Interface(reader=reader, levels=[Level(arguments=arguments)])
    if isinstance(definition, ast.ClassDef) and is_tyro:
        cls = ClassOf(where, definition)
        arguments = arguments_of_class(cls, values, bools="no_flag", dashes=True, nests=True)
        return Interface(reader=reader, levels=[Level(arguments=arguments)])
    what = ast.unparse(node) if node is not None else "nothing"
    note = f"{reader} makes its arguments of {what}, which is neither a function nor one class."
    return Interface(reader=reader, levels=[Level()], notes=[note])


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)
