"""Options as their components declare them, and whether a value fits one."""

from __future__ import annotations

import os
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from tunekit_core.contracts.options import DECLARED, InputFile, InputFolder, Range
from tunekit_core.errors import ConfigurationError, PluginError, suggestion
from tunekit_core.secret_names import masked

TYPES = {
    bool: "true | false",
    int: "whole number",
    float: "number",
    str: "text",
    InputFile: "path of a file",
    InputFolder: "path of a folder",
}
INPUTS = (InputFile, InputFolder)
CONTAINERS = (list, tuple, dict, Sequence, Mapping)
ALLOWED_TYPES = (
    "bool, int, float, str, Literal[…], InputFile, InputFolder, lists, tuples and mappings of these, and several of "
    "them with | between, such as int | None"
)
RELATIVE = "A path that does not begin with / is taken from the current folder, in a file too. "
DURATION = re.compile(
    r"(?P<number>\d+(\.\d+)?) *(?P<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)", re.I
)
OF_TIME = re.compile(r"time|second|deadline|period|interval|delay|max_wait")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SIZE = re.compile(r"(?P<number>\d+(\.\d+)?) *(?P<unit>[kMGT]?)(?P<binary>i?)B?", re.I)
OF_SIZE = re.compile(r"[._](bytes|gb)$")
SIZES = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}  # powers of 1000, or of 1024
RESERVED = ("name", "distribution", "revision")
"""What a config says of a component beside its options, so that no option can be called that."""


@attrs.frozen
class Option:
    """One option of a component, as its class declares it.

    Attributes:
        name: Its name.
        annotation: Its type.
        default: Its default; meaningless if it is required.
        required: Whether it has no default.
        help: What it is, for people.
        range: The numbers that it takes.
    """

    name: str
    annotation: Any
    default: Any
    required: bool
    help: str
    range: Range

    @property
    def takes(self) -> str:
        """What it takes, for people: ``"whole number, at least 1"``."""
        return ", ".join(part for part in (type_text(self.annotation), str(self.range)) if part)


def check_declarations(declaring: type[Any]) -> None:
    """Check that a class declares its options with :func:`~tunekit_core.option`.

    It takes microseconds, so that every class can be looked at when its plugin is found; types are not read.

    Raises:
        PluginError: If it is no attrs class, or has a field that :func:`~tunekit_core.option` does not declare, or
            one without a type or with a reserved name.
    """
    name = getattr(declaring, "__qualname__", repr(declaring))
    if "__attrs_attrs__" not in getattr(declaring, "__dict__", {}):  # attrs.has() is content with a base class
        raise PluginError(f"{name} declares options and is no attrs class: write @attrs.frozen(kw_only=True) above it")
    for field in attrs.fields(declaring):
        if DECLARED not in field.metadata:
            raise PluginError(f"{name}.{field.name} is not declared with tunekit_core.option(…, help=…)")
        if field.type is None:
            raise PluginError(f"{name}.{field.name} has no type: write it as in {field.name}: int = option(…, help=…)")
        if field.name in RESERVED:
            raise PluginError(f"{name}.{field.name}: no option can be called '{field.name}', which a config says too")


def options_of(declaring: type[Any]) -> Mapping[str, Option]:
    """The options that a class declares, in their order.

    Raises:
        PluginError: As for :func:`check_declarations`, or if a type cannot be read, or no value that is typed or
            stands in a file has it.
    """
    check_declarations(declaring)
    try:
        hints = typing.get_type_hints(declaring)
    except NameError as error:
        raise PluginError(
            f"The types of the options in {declaring.__qualname__} cannot be read: {error}. They are needed when the "
            "program runs: import what they name outside of `if TYPE_CHECKING:`."
        ) from error
    for field in attrs.fields(declaring):
        for part in _parts_that_nothing_fits(hints[field.name]):
            raise PluginError(
                f"{declaring.__qualname__}.{field.name} has the type {getattr(part, '__qualname__', part)}, of which "
                f"nothing can be typed. An option may have: {ALLOWED_TYPES}. Make what belongs together a mapping, or "
                "an option each."
            )
    return {field.name: _option(field, hints[field.name]) for field in attrs.fields(declaring)}


def _parts_that_nothing_fits(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation) or annotation
    if _is_union(annotation) or origin in CONTAINERS:
        for part in typing.get_args(annotation):
            if part is not ...:
                yield from _parts_that_nothing_fits(part)
    elif origin not in (*TYPES, Any, type(None), typing.Literal):
        yield annotation


def _option(field: attrs.Attribute[Any], annotation: Any) -> Option:
    declared = field.metadata[DECLARED]
    default: Any = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # to type checkers a function, in truth a class
        default = default.factory()
    return Option(field.name, annotation, default, field.default is attrs.NOTHING, declared.help, declared.range)


def check_option(option: str, value: Any, annotation: Any, *, takes: str = "") -> Any:
    """A value as its option takes it: an int becomes a float where a float is wanted; nothing else changes.

    Args:
        option: Dotted name, for the message.
        value: What was given.
        annotation: The type of the option.
        takes: What it takes, for the message, where that is more than its type.

    Raises:
        ConfigurationError: If the value does not fit.
    """
    fits, converted = _fit(value, annotation)
    if fits:
        return converted
    value = masked(option, value)
    for path, given in _inputs_named(value, annotation):
        start = "" if os.path.isabs(os.path.expanduser(given)) else RELATIVE
        raise ConfigurationError(
            f"{option}={value!r}: {input_problem(path)}. {start}Type {option}=PATH with the {TYPES[type(path)]} that "
            "exists.",
            option=option,
            value=value,
        )
    choices = [str(choice) for choice in _literals(annotation)]
    hint = suggestion(str(value), choices) or _hint(option, value, annotation)
    if not hint and str in _alternatives(annotation) and isinstance(value, int | float | None):
        hint = f"Text that looks like a number, true, false or null has quotes of its own: '{option}=\"…\"'. "
    raise ConfigurationError(
        f"{option}={value!r} does not fit. {hint}Allowed: {takes or type_text(annotation)}.", option=option, value=value
    )


def _hint(option: str, value: Any, annotation: Any) -> str:
    """What is meant by a value, as a sentence that ends in a blank, or nothing."""
    if isinstance(value, list | tuple) and value and all(_fit(part, annotation)[0] for part in value):
        sweep = f", or --multirun {option}={','.join(map(str, value))} for a run with each" if len(value) > 1 else ""
        return f"One value is taken: type {option}={value[0]}{sweep}. "
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        return f"The name {wrong[0]!r} is no text: put it in quotes. " if wrong else ""
    if not isinstance(value, str):
        return ""
    begun = [choice for choice in map(str, _literals(annotation)) if value.lower().startswith(choice)]
    if begun:
        return f"Did you mean '{begun[0]}'? "
    kinds = _alternatives(annotation)
    if bool in kinds and value.lower() in ("yes", "no", "on", "off"):
        return f"Type {option}={'true' if value.lower() in ('yes', 'on') else 'false'}. "
    duration = DURATION.fullmatch(value.strip())
    if duration and {int, float} & {*kinds} and OF_TIME.search(option):
        seconds = float(duration["number"]) * SECONDS[duration["unit"].lower()[0]]
        return f"It is in seconds: type {option}={seconds:.12g}. "
    size, of_size = SIZE.fullmatch(value.strip()), OF_SIZE.search(option)
    if size and of_size and int in kinds:
        n_bytes = float(size["number"]) * (1024 if size["binary"] else 1000) ** SIZES[size["unit"].lower()]
        unit, divisor = ("gigabytes", 1e9) if of_size[1] == "gb" else ("bytes", 1)
        return f"It is in {unit}: type {option}={max(1, round(n_bytes / divisor))}. "
    return ""


def type_text(annotation: Any) -> str:
    """A type as a person would write it.

    >>> type_text(typing.Literal["min", "max"] | None)
    "'min' | 'max' | null"
    """
    if _is_union(annotation):
        return " | ".join(type_text(part) for part in typing.get_args(annotation))
    if typing.get_origin(annotation) is typing.Literal:
        return " | ".join(repr(choice) for choice in typing.get_args(annotation))
    if annotation is type(None):
        return "null"
    if annotation is Any:
        return "any value"
    origin = typing.get_origin(annotation) or annotation
    arguments = [part for part in typing.get_args(annotation) if part is not ...]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "mapping"
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        return f"list of {', '.join(type_text(part) for part in arguments)}" if arguments else "list"
    return TYPES.get(origin, str(origin))


def input_problem(path: InputFile | InputFolder) -> str | None:
    """Why an input cannot be read, as a clause; ``None`` if it can."""
    is_file, is_folder = os.path.isfile(path), os.path.isdir(path)
    if isinstance(path, InputFile) and not is_file:
        return f"{path} is a folder, where a file is wanted" if is_folder else f"there is no file {path}"
    if isinstance(path, InputFolder) and not is_folder:
        return f"{path} is a file, where a folder is wanted" if is_file else f"there is no folder {path}"
    return None if os.access(path, os.R_OK | os.X_OK if is_folder else os.R_OK) else f"you may not read {path}"


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) if _is_union(annotation) else (annotation,)


def _literals(annotation: Any) -> list[Any]:
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    if _is_union(annotation):
        return [choice for part in typing.get_args(annotation) for choice in _literals(part)]
    return []


def _fit(value: Any, annotation: Any) -> tuple[bool, Any]:
    """Whether the value fits, and the value as it fits."""
    if annotation is Any:
        return True, value
    if _is_union(annotation):
        parts = typing.get_args(annotation)
        if int in parts and float in parts and isinstance(value, float) and value.is_integer():
            value = int(value)  # one number is one value, with and without a point
        for part in parts:
            fits, converted = _fit(value, part)
            if fits:
                return True, converted
        return False, value
    origin = typing.get_origin(annotation) or annotation
    if origin is typing.Literal:
        return any(value == c and type(value) is type(c) for c in typing.get_args(annotation)), value
    if origin is bool:
        return isinstance(value, bool), value
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool), value
    if origin is float:
        return _fit_number(value)
    if origin in INPUTS:
        return _fit_input(value, origin)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _fit_mapping(value, typing.get_args(annotation))
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        return _fit_sequence(value, origin, typing.get_args(annotation))
    return isinstance(value, origin), value


def _fit_number(value: Any) -> tuple[bool, Any]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False, value
    try:
        return True, float(value) + 0.0  # -0.0 becomes 0.0
    except OverflowError:  # an integer beyond all floats
        return False, value


def _fit_input(value: Any, kind: type[InputFile] | type[InputFolder]) -> tuple[bool, Any]:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        return False, value
    path = kind(os.path.abspath(os.path.expanduser(value)))
    return input_problem(path) is None, path


def _inputs_named(value: Any, annotation: Any) -> Iterator[tuple[InputFile | InputFolder, str]]:
    """The inputs among what was given for an option that cannot be read: as absolute paths, and as they were given."""
    parts = typing.get_args(annotation)
    if annotation in INPUTS and isinstance(value, str | os.PathLike) and os.fspath(value):
        fits, path = _fit_input(value, annotation)
        if not fits:
            yield path, os.fspath(value)
    elif _is_union(annotation):
        yield from (named for part in parts for named in _inputs_named(value, part))
    elif isinstance(value, Mapping):
        yield from (named for part in parts[1:] for each in value.values() for named in _inputs_named(each, part))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from (named for part in parts for each in value for named in _inputs_named(each, part))


def _fit_sequence(value: Any, origin: type[Any], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False, value
    if origin is tuple and arguments and arguments[-1] is not ...:  # one type for each part
        annotations = list(arguments)
    else:
        annotations = [arguments[0] if arguments else Any] * len(value)
    if len(annotations) != len(value):
        return False, value
    parts = [_fit(part, annotation) for part, annotation in zip(value, annotations, strict=True)]
    converted = [part for _, part in parts]
    return all(fits for fits, _ in parts), tuple(converted) if origin is tuple else converted


def _fit_mapping(value: Any, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    if not isinstance(value, Mapping) or not arguments:
        return isinstance(value, Mapping), value
    keys_fit = all(_fit(key, arguments[0])[0] for key in value)
    parts = {key: _fit(part, arguments[1]) for key, part in value.items()}
    return keys_fit and all(fits for fits, _ in parts.values()), {key: part for key, (_, part) in parts.items()}
