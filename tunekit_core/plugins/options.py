"""Options of components: the keyword-only parameters of a class, and whether a value fits one."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tunekit_core.errors import ConfigurationError, suggestion


@attrs.frozen
class Option:
    """One option of a component.

    Attributes:
        name: Its name.
        annotation: Its type.
        default: Its default; meaningless if it is required.
        required: Whether it has no default.
    """

    name: str
    annotation: Any
    default: Any
    required: bool

    @property
    def type_text(self) -> str:
        """The type as a person would write it."""
        return type_text(self.annotation)


def options_of(factory: type[Any]) -> Mapping[str, Option]:
    """The keyword-only parameters of a class, in their order."""
    constructor: Any = factory.__init__
    hints = typing.get_type_hints(constructor)
    return {
        name: Option(name, hints.get(name, Any), parameter.default, parameter.default is parameter.empty)
        for name, parameter in inspect.signature(factory).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def check_option(option: str, value: Any, annotation: Any) -> Any:
    """A value as its option takes it: an int becomes a float where a float is wanted; nothing else changes.

    Args:
        option: Dotted name, for the message.
        value: What was given.
        annotation: The type of the option.

    Raises:
        ConfigurationError: If the value does not fit.
    """
    fits, converted = _fit(value, annotation)
    if fits:
        return converted
    choices = [str(choice) for choice in _literals(annotation)]
    hint = suggestion(str(value), choices)
    raise ConfigurationError(
        f"{option}={value!r} does not fit. {hint}Allowed: {type_text(annotation)}.", option=option, value=value
    )


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
    return {bool: "true | false", int: "whole number", float: "number", str: "text"}.get(origin, str(origin))


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


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
        for part in typing.get_args(annotation):
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
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return fits, float(value) if fits else value
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _fit_mapping(value, typing.get_args(annotation))
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        return _fit_sequence(value, origin, typing.get_args(annotation))
    return isinstance(value, origin), value


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
