"""Objects that are no functions: containers, and whatever can be copied."""

from __future__ import annotations

import copyreg
import functools
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from operator import itemgetter
from pathlib import PurePath
from types import (
    BuiltinMethodType,
    CellType,
    ClassMethodDescriptorType,
    CodeType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any, NamedTuple

from tunekit.functions.canonical.code import code_form
from tunekit.functions.canonical.form import Form, Label, Undescribable, known_value
from tunekit.functions.canonical.names import class_name, is_a, is_installed_module, kept_name

Part = tuple[Label, object]

_PROTOCOL = 4  # of pickle: the last one in which everything is part of what is described


def form_of_object(value: object) -> Form:
    """Describe an object by what it holds.

    Of a class that has no form of its own here this is what a copy of it is made from, so code of that class may run:
    what makes it copyable.

    Raises:
        Undescribable: If it cannot be copied.
    """
    if make := _FORMS.get(type(value)):
        return make(value)
    for cls, names in _DESCRIPTORS.items():
        if is_a(value, cls):
            return Form("descriptor", (), [("is of a class", type(value)), *_attributes(names, value)])
    if is_a(value, Enum):
        return _form_of_member(value)
    if is_a(value, PurePath) and is_installed_module(type(value).__module__):
        return known_value("path", (type(value).__name__, str(value)))
    if name := kept_name(value):
        return known_value("kept", name)
    return _form_of_copy(value)


def _items(values: Iterable[object]) -> Iterator[Part]:
    return ((("holds the item {}", number), value) for number, value in enumerate(values))


def _entries(entries: Iterable[tuple[object, object]]) -> Iterator[Part]:
    for key, value in entries:
        yield "has a key", key
        yield ("has the value of {}", key), value


def _attributes(names: Iterable[str], value: Any) -> list[Part]:
    return [(("has the attribute `{}`", name), getattr(value, name)) for name in names]


def _form_of_slot(value: Any) -> Form:
    return Form("slot", value.__name__, [("belongs to a class", value.__objclass__)])


def _form_of_bound(value: Any) -> Form:
    return Form("method of", value.__name__, [("belongs to an object", value.__self__)])


def _form_of_cache(value: Any) -> Form:
    return Form("cached", tuple(value.cache_parameters().values()), [("calls another", value.__wrapped__)])


def _form_of_cell(value: CellType) -> Form:
    try:
        return Form("cell", (), [("has a content", value.cell_contents)])
    except ValueError:  # it is empty
        return Form("cell")


def _form_of_member(member: Enum) -> Form:
    content = object.__getattribute__(member, "__dict__")
    return Form("member", content.get("_name_"), [("is of a class", type(member)), ("has a value", content["_value_"])])


def _form_of_copy(value: object) -> Form:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recipe = _recipe(value)
    except Exception as error:  # whatever a class raises
        raise Undescribable(f"{type(error).__name__}: {error}") from error
    if isinstance(recipe, str):
        return known_value("global", (class_name(type(value)), recipe))
    names, attributes = _state(recipe.state)
    facts = (len(recipe.arguments), names, len(recipe.items), len(recipe.entries), recipe.set_state is not None)
    parts: list[Part] = [("is made by a function", recipe.make)]
    parts += [(("is made from the argument {}", number), value) for number, value in enumerate(recipe.arguments)]
    parts += [*attributes, *_items(recipe.items), *_entries(recipe.entries)]
    if recipe.set_state is not None:
        parts.append(("has a function that sets its state", recipe.set_state))
    return Form("object", facts, parts)


class _Recipe(NamedTuple):
    """How a copy of an object is made, as ``__reduce_ex__`` gives it."""

    make: object
    arguments: tuple[object, ...]
    state: object
    items: list[object]
    entries: list[tuple[object, object]]
    set_state: object


def _recipe(value: Any) -> str | _Recipe:
    cls: Any = type(value)
    reducer = copyreg.dispatch_table.get(cls)
    reduced = reducer(value) if reducer else cls.__reduce_ex__(value, _PROTOCOL)
    if isinstance(reduced, str):  # it is found under a name
        return reduced
    make, arguments, state, items, entries, set_state = (*reduced, None, None, None, None)[:6]
    return _Recipe(make, tuple(arguments), state, list(items or ()), list(entries or ()), set_state)


def _state(state: Any) -> tuple[object, list[Part]]:
    """Attributes are in alphabetical order: they are in another one where they were set in another."""
    dicts = state if type(state) is tuple and len(state) == 2 else (state,)  # the second is that of slots
    if not all(part is None or (type(part) is dict and all(type(name) is str for name in part)) for part in dicts):
        return "another", [("has a state", state)]
    ordered = [None if part is None else dict(sorted(part.items(), key=itemgetter(0))) for part in dicts]
    names = tuple(None if part is None else tuple(part) for part in ordered)
    return names, [
        (("has the attribute `{}`", name), value) for part in ordered for name, value in (part or {}).items()
    ]


_FORMS: dict[type, Callable[[Any], Form]] = {
    tuple: lambda value: Form("tuple", (), _items(value)),
    list: lambda value: Form("list", (), _items(value)),
    dict: lambda value: Form("dict", (), _entries(value.items())),
    set: lambda value: Form("set", (), _items(value), is_unordered=True),
    frozenset: lambda value: Form("frozenset", (), _items(value), is_unordered=True),
    bytearray: lambda value: Form("bytearray", (), content=memoryview(value)),
    MappingProxyType: lambda value: Form("mapping", (), _entries(value.items())),
    type({}.keys()): lambda value: Form("keys", (), _items(value)),
    type({}.values()): lambda value: Form("values", (), _items(value)),
    type({}.items()): lambda value: Form("items", (), _items(value)),
    CellType: _form_of_cell,
    CodeType: lambda value: Form("code", code_form(value).digest),
    MethodType: lambda value: Form("method", (), _attributes(("__func__", "__self__"), value)),
    BuiltinMethodType: _form_of_bound,
    MethodWrapperType: _form_of_bound,
    MethodDescriptorType: _form_of_slot,
    ClassMethodDescriptorType: _form_of_slot,
    WrapperDescriptorType: _form_of_slot,
    GetSetDescriptorType: _form_of_slot,
    MemberDescriptorType: _form_of_slot,
    type(functools.lru_cache(len)): _form_of_cache,
    weakref.WeakKeyDictionary: lambda value: Form("weak dictionary"),  # a cache: what it holds may go at any time
    weakref.WeakValueDictionary: lambda value: Form("weak dictionary"),
    weakref.WeakSet: lambda value: Form("weak set"),
}

_DESCRIPTORS: dict[type, tuple[str, ...]] = {
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget", "fset", "fdel"),
    functools.cached_property: ("func",),
}
