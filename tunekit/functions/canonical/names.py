"""What other processes find under a name, and import rather than copy."""

from __future__ import annotations

from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, TypeGuard, TypeVar

from tunekit.functions.canonical.modules import loaded, local_file, module_dict

T = TypeVar("T")

_CLASS_DICT = type.__dict__["__dict__"]
_CLASS_MODULE = type.__dict__["__module__"]
_CLASS_QUALNAME = type.__dict__["__qualname__"]


class ImportedName(NamedTuple):
    """Where a function or class can be imported from; ``file`` is that of a module of the user's own."""

    module: str
    qualname: str
    file: str | None


def imported_name(value: object) -> ImportedName | None:
    """Where a function, class or the like can be imported from, or None if only this process has it.

    As cloudpickle does, which sends a copy of everything else.
    """
    for module_name, qualname in _candidates(value):
        module = loaded(module_name)
        if module is None or module_name == "__main__" or _lookup(module_dict(module), qualname) is not value:
            continue
        file = local_file(module_name)
        if file is not None or is_installed_module(module_name):
            return ImportedName(module_name, qualname, file)
    return None


def kept_name(value: object) -> tuple[str, str] | None:
    """Where an installed module keeps an object of a class of its own, such as ``os.environ``; None if none does.

    What it holds is no part of a function then: it is another in each process.
    """
    module_name = _CLASS_MODULE.__get__(type(value))
    module = loaded(module_name)
    if module is None or module_name == "builtins" or not is_installed_module(module_name):
        return None  # builtins has what an interactive session showed last
    names = [name for name, kept in list(module_dict(module).items()) if kept is value]
    return (module_name, min(names)) if names else None


def is_installed_module(name: object) -> bool:
    """Whether a name is that of a module that is loaded and not the user's own."""
    module = loaded(name)
    return module is not None and name != "__main__" and _has_origin(module) and local_file(str(name)) is None


def is_a(value: object, cls: type[T]) -> TypeGuard[T]:
    """Whether a value is of a class, without asking the value: one of a test may say what it likes."""
    return issubclass(type(value), cls)


def class_dict(cls: type) -> Mapping[str, Any]:
    """The attributes of a class, without asking its metaclass."""
    content: Mapping[str, Any] = _CLASS_DICT.__get__(cls)
    return content


def class_name(cls: type) -> str:
    """Module and name of a class, without asking its metaclass."""
    module = _CLASS_MODULE.__get__(cls)
    name = _CLASS_QUALNAME.__get__(cls)
    return f"{module}.{name}" if isinstance(module, str) and module not in ("builtins", "__main__") else name


def _candidates(value: object) -> list[tuple[str, str]]:
    if is_a(value, type):
        return [(_CLASS_MODULE.__get__(value), _CLASS_QUALNAME.__get__(value))]
    if is_a(value, FunctionType):
        return [(value.__module__, value.__qualname__)]
    if is_a(value, MethodType) or is_a(value, BuiltinFunctionType):
        owner = value.__self__
        return [(module_dict(owner).get("__name__", ""), value.__name__)] if is_a(owner, ModuleType) else []
    if is_installed_module(_CLASS_MODULE.__get__(type(value))) and callable(value):
        try:
            module, qualname = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
            qualname = getattr(value, "__name__", None) if qualname is None else qualname
        except Exception:  # whatever a library raises
            return []
        if isinstance(module, str) and isinstance(qualname, str):
            return [(module, qualname)]
    return []


def _lookup(content: Mapping[str, Any], qualname: str) -> object:
    *owners, name = qualname.split(".")
    for owner in owners:
        cls = content.get(owner)
        if not is_a(cls, type):
            return None
        content = class_dict(cls)
    found = content.get(name)
    return found.__func__ if is_a(found, staticmethod) else found


def _has_origin(module: ModuleType) -> bool:
    """Whether a module comes from a file, or from Python itself; others exist in this process alone."""
    content = module_dict(module)
    origin = getattr(content.get("__spec__"), "origin", None)
    return isinstance(content.get("__file__"), str) or origin in ("built-in", "frozen")
