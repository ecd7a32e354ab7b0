"""Reads what is declared by annotations: fields of dataclasses, and parameters of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import attrs

from tunekit.init.arguments import Argument, Form, Kind, as_choices, kind_of_value, one_line
from tunekit.init.modules import Module, dotted_name
from tunekit.init.values import FIELDS, UNKNOWN, ClassOf, Instance, Values

KINDS: dict[str, Kind] = {"int": "int", "float": "float", "bool": "bool"}
NUMBERS = {"PositiveInt": "int", "PositiveFloat": "float", "NonNegativeInt": "int", "NonNegativeFloat": "float"}
LISTS = ("list", "List", "tuple", "Tuple", "Sequence", "set", "Set", "dict", "Dict")
DEEPEST = 5


@attrs.frozen(kw_only=True)
class Annotation:
    """What an annotation says.

    Attributes:
        kind: What the values are.
        choices: The values, if they are a few.
        is_list: Whether there are several.
        cls: A class of the user's, which has fields of its own.
    """

    kind: Kind | None = None
    choices: tuple[Any, ...] | None = None
    is_list: bool = False
    cls: ClassOf | None = None


def read_annotation(node: ast.expr | None, module: Module, values: Values, *, by_name: bool = False) -> Annotation:
    """What an annotation says; those that stand in quotes are read as well.

    Args:
        node: The annotation.
        module: Where it stands.
        values: Reads what it names.
        by_name: Whether a member of an enumeration is typed by its name rather than its value.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return read_annotation(ast.parse(node.value, mode="eval").body, module, values, by_name=by_name)
        except SyntaxError:
            return Annotation()
    if isinstance(node, ast.BinOp):  # float | None
        parts = [node.left, node.right]
    elif isinstance(node, ast.Subscript):
        name = dotted_name(module, node.value).rpartition(".")[2]
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            choices = as_choices([values.of(part, module) for part in inner])
            return Annotation(kind=kind_of_value(choices[0]) if choices else None, choices=choices)
        if name in LISTS:
            return Annotation(kind=read_annotation(inner[0], module, values).kind, is_list=True)
        if name in ("Annotated", "Positional", "Final", "Required"):
            return read_annotation(inner[0], module, values, by_name=by_name)
        parts = inner if name in ("Optional", "Union") else []
    else:
        name = dotted_name(module, node).rpartition(".")[2]
        cls = values.class_of(node, module)
        if cls is not None and values.is_enum(cls):
            members = values.members(cls)
            return Annotation(choices=as_choices(list(members) if by_name else list(members.values())))
        kind = KINDS.get(name) or NUMBERS.get(name) or ("text" if name in ("str", "Path") else None)
        return Annotation(kind=kind, is_list=name in LISTS, cls=cls)  # type: ignore[arg-type]
    some = [part for part in parts if not (isinstance(part, ast.Constant) and part.value is None)]
    return read_annotation(some[0], module, values, by_name=by_name) if len(some) == 1 else Annotation()


def fields_of(cls: ClassOf, values: Values) -> Iterator[tuple[str, Module, ast.AnnAssign]]:
    """The fields of a class, those of its bases first; a later one takes the place of an earlier one of its name."""
    fields: dict[str, tuple[str, Module, ast.AnnAssign]] = {}
    for each in values.bases(cls):
        for part in each.node.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                fields[part.target.id] = (part.target.id, each.module, part)
    yield from fields.values()


def arguments_of_class(
    cls: ClassOf,
    values: Values,
    *,
    bools: Form,
    prefix: str = "",
    dashes: bool = False,
    nests: bool = False,
    given: Instance | None = None,
    depth: int = 0,
) -> list[Argument]:
    """The arguments that are made of the fields of a dataclass.

    Args:
        cls: The class.
        values: Reads defaults.
        bools: How what is true or false is typed.
        prefix: What stands before each name.
        dashes: Whether names have dashes in place of underscores, and enumerations are typed by name, as in tyro.
        nests: Whether the fields of a dataclass in it have its name and a dot before theirs.
        given: An object of the class that is the default.
        depth: How far it lies inside of others.
    """
    found: list[Argument] = []
    for name, module, field in fields_of(cls, values):
        annotation = read_annotation(field.annotation, module, values, by_name=dashes)
        text = ast.unparse(field.annotation)
        if "ClassVar" in text or "InitVar" in text or _says(field.value, "init", values, module) is False:
            continue
        default = values.default_of(field.value, module) if field.value is not None else None
        if given is not None:
            default = given.attributes.get(name, default)
        is_required = field.value is None and given is None
        if isinstance(field.value, ast.Call) and dotted_name(module, field.value.func).rpartition(".")[2] in FIELDS:
            words = {word.arg for word in field.value.keywords}
            is_required = not words & {"default", "default_factory", "factory"} and not field.value.args
        shown = name.replace("_", "-") if dashes else name
        if annotation.cls is not None and annotation.choices is None:
            if depth < DEEPEST:
                inside = f"{prefix}{shown}." if nests else prefix
                inner = default if isinstance(default, Instance) else None
                options = {"bools": bools, "prefix": inside, "dashes": dashes, "nests": nests}
                found += arguments_of_class(annotation.cls, values, given=inner, depth=depth + 1, **options)  # type: ignore[arg-type]
            continue
        metadata = _says(field.value, "metadata", values, module)
        metadata = metadata if isinstance(metadata, dict) else {}
        choices = as_choices(metadata.get("choices", UNKNOWN)) or annotation.choices
        found.append(
            made_argument(
                f"{prefix}{shown}",
                annotation,
                default,
                bools="option" if dashes and is_required else bools,  # for tyro a flag needs a default
                line=field.lineno,
                is_required=is_required,
                choices=choices,
                help_text=metadata.get("help") or _says(field.value, "help", values, module),
            )
        )
    return found


def made_argument(
    name: str,
    annotation: Annotation,
    default: Any,
    *,
    bools: Form,
    line: int,
    is_required: bool,
    choices: tuple[Any, ...] | None,
    help_text: Any,
    form: Form = "option",
) -> Argument:
    """An argument of what an annotation and a default say."""
    kind = annotation.kind or ("text" if choices is not None else kind_of_value(default))
    plain = default is None or isinstance(default, str | int | float | list)
    return Argument(
        name=name,
        form=bools if kind == "bool" and form == "option" else form,
        line=line,
        kind=kind,
        default=default if plain else UNKNOWN,
        choices=choices if kind != "bool" else None,
        is_required=is_required,
        is_list=annotation.is_list or isinstance(default, list),
        help=one_line(help_text),
    )


def arguments_of_function(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    module: Module,
    values: Values,
    *,
    bools: Form,
    dashes: bool,
    nests: bool,
) -> list[Argument]:
    """The arguments that are made of the parameters of a function, and of the fields of those that are dataclasses."""
    found: list[Argument] = []
    for parameter, default_node in parameters_of(function):
        annotation = read_annotation(parameter.annotation, module, values, by_name=dashes)
        default = None if default_node is None else values.of(default_node, module)
        name = parameter.arg.replace("_", "-") if dashes else parameter.arg
        if annotation.cls is not None and annotation.choices is None:
            given = default if isinstance(default, Instance) else None
            prefix = f"{name}." if nests else ""
            found += arguments_of_class(
                annotation.cls, values, bools=bools, prefix=prefix, dashes=dashes, nests=nests, given=given
            )
            continue
        found.append(
            made_argument(
                name,
                annotation,
                default,
                bools="option" if dashes and default_node is None else bools,
                line=parameter.lineno,
                is_required=default_node is None,
                choices=annotation.choices,
                help_text="",
            )
        )
    return found


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[tuple[ast.arg, ast.expr | None]]:
    """The parameters of a function, each with its default if it has one."""
    positional = [*function.args.posonlyargs, *function.args.args]
    missing = len(positional) - len(function.args.defaults)
    defaults: list[ast.expr | None] = [*[None] * missing, *function.args.defaults, *function.args.kw_defaults]
    return list(zip([*positional, *function.args.kwonlyargs], defaults, strict=True))


def _says(node: ast.expr | None, word: str, values: Values, module: Module) -> Any:
    """What ``field(…)`` says under a name."""
    if not isinstance(node, ast.Call):
        return UNKNOWN
    return next((values.of(each.value, module) for each in node.keywords if each.arg == word), UNKNOWN)
