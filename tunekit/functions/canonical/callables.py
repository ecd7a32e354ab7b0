"""Functions and classes by what they do, and modules."""

from __future__ import annotations

from collections.abc import Iterator
from types import CellType, FunctionType, ModuleType

from tunekit.functions.canonical.code import CodeForm, code_form
from tunekit.functions.canonical.form import USES_MODULE, USES_VARIABLE, Form, Label, known_value
from tunekit.functions.canonical.modules import ModuleDigest, loaded, local_file, module_dict, names_of
from tunekit.functions.canonical.names import (
    ImportedName,
    class_dict,
    imported_name,
    is_a,
    is_installed_module,
)

Part = tuple[Label, object]

_WHERE_IT_IS = {"__name__", "__package__", "__spec__", "__loader__", "__doc__", "__builtins__"}
_NOT_WHAT_A_CLASS_DOES = {
    "__abstractmethods__",
    "__annotate_func__",
    "__annotations__",
    "__annotations_cache__",
    "__dict__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__pydantic_core_schema__",  # made from the fields, with addresses
    "__pydantic_serializer__",
    "__pydantic_validator__",
    "__qualname__",
    "__slotnames__",  # copyreg keeps it there when it has copied the first instance
    "__static_attributes__",
    "__weakref__",
    "_abc_impl",
}


def form_of_callable(value: object, module_digest: ModuleDigest) -> Form | None:
    """Describe a function, a class or a module; None for everything else."""
    if is_a(value, ModuleType):
        return _form_of_module(value, module_digest)
    if name := imported_name(value):
        return _form_of_name(name, module_digest)
    if is_a(value, FunctionType):
        return _form_of_function(value, module_digest)
    if is_a(value, type):
        return _form_of_class(value)
    return None


def _form_of_name(name: ImportedName, module_digest: ModuleDigest) -> Form:
    content = None if name.file is None else module_digest(name.module, name.file)
    return known_value("name", (name.module, name.qualname, content))


def _form_of_module(module: ModuleType, module_digest: ModuleDigest) -> Form:
    content = module_dict(module)
    name = content.get("__name__")
    if isinstance(name, str) and loaded(name) is module:
        if file := local_file(name):
            return known_value("module", (name, module_digest(name, file)))
        if is_installed_module(name) or "__path__" in content or name == "__main__":
            return known_value("module", (name, None))
    names = sorted(name for name in content if not name.startswith("__"))
    return Form("module", tuple(names), [(("has the variable `{}`", name), content[name]) for name in names])


def _form_of_function(function: FunctionType, module_digest: ModuleDigest) -> Form:
    code = code_form(function.__code__)
    facts: list[object] = [function.__name__, code.digest]
    parts: list[Part] = []
    described = [
        _defaults(function),
        _keyword_defaults(function),
        _closure(function),
        _globals(function, code),
        _attributes(function),
    ]
    for names, values in described:
        facts.append(names)
        parts.extend(values)
    if not _is_installed(function):
        facts.append(_imports(function, code, module_digest))
    return Form("function", tuple(facts), parts)


def _is_installed(function: FunctionType) -> bool:
    """Whether it was made by an installed module, so that this may know of variables that change all the time."""
    name = function.__globals__.get("__name__")
    module = loaded(name)
    return module is not None and is_installed_module(name) and module_dict(module) is function.__globals__


def _defaults(function: FunctionType) -> tuple[object, list[Part]]:
    defaults = function.__defaults__ or ()
    code = function.__code__
    names = code.co_varnames[: code.co_argcount][code.co_argcount - len(defaults) :]
    labels = [("has the default of `{}`", name) for name in names]
    return len(defaults), list(zip(labels, defaults, strict=True))


def _keyword_defaults(function: FunctionType) -> tuple[object, list[Part]]:
    defaults = dict(sorted((function.__kwdefaults__ or {}).items()))
    return tuple(defaults), [(("has the default of `{}`", name), value) for name, value in defaults.items()]


def _closure(function: FunctionType) -> tuple[object, list[Part]]:
    filled: list[object] = []
    parts: list[Part] = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        content = _content(cell)
        filled.append((name, bool(content)))
        parts += [((USES_VARIABLE, name), value) for value in content]
    return tuple(filled), parts


def _content(cell: CellType) -> list[object]:
    try:
        return [cell.cell_contents]
    except ValueError:  # it is filled later, or never
        return []


def _globals(function: FunctionType, code: CodeForm) -> tuple[object, list[Part]]:
    """The global variables that a function uses. Those of an installed module are known from its name."""
    if _is_installed(function):
        return (), []
    scopes: list[dict[str, object]] = [function.__globals__, getattr(function, "__builtins__")]  # noqa: B009 - mypy
    found: list[object] = []
    parts: list[Part] = []
    for name, reads in code.names.items():
        if name in _WHERE_IT_IS:
            continue
        values = [scope[name] for scope in scopes if name in scope][:1]
        found.append((name, bool(values)))
        for value in values:
            parts.append(((USES_VARIABLE, name), value))
            submodules = _submodules(name, value, reads)
            found.append(tuple(submodules))
            parts += [((USES_MODULE, path), submodule) for path, submodule in submodules.items()]
    return tuple(found), parts


def _submodules(name: str, value: object, reads: set[tuple[str, ...]]) -> dict[str, object]:
    """Modules that are read as attributes of a package, by name, such as ``package.module``."""
    found: dict[str, object] = {}
    for attributes in sorted(reads):
        path, module = name, value
        for attribute in attributes:
            module = module_dict(module).get(attribute) if is_a(module, ModuleType) else None
            if not is_a(module, ModuleType):
                break
            path = f"{path}.{attribute}"
            found[path] = module
    return found


def _attributes(function: FunctionType) -> tuple[object, list[Part]]:
    attributes = dict(sorted(function.__dict__.items()))
    return tuple(attributes), [(("has the attribute `{}`", name), value) for name, value in attributes.items()]


def _imports(function: FunctionType, code: CodeForm, module_digest: ModuleDigest) -> object:
    """The modules of the user's own that are imported when the function is called, with what identifies them."""
    package = function.__globals__.get("__package__")
    names = {name for each in code.imports for name in names_of(each, package if isinstance(package, str) else "")}
    files = {name: file for name in sorted(names) if (file := local_file(name))}
    return tuple((name, module_digest(name, file)) for name, file in files.items())


def _form_of_class(cls: type) -> Form:
    attributes = {name: value for name, value in class_dict(cls).items() if name not in _NOT_WHAT_A_CLASS_DOES}
    names = tuple(sorted(attributes))
    bases: tuple[type, ...] = type.__dict__["__bases__"].__get__(cls)
    facts = (type.__dict__["__name__"].__get__(cls), len(bases), names)
    return Form("class", facts, _parts_of_class(cls, bases, names))


def _parts_of_class(cls: type, bases: tuple[type, ...], names: tuple[str, ...]) -> Iterator[Part]:
    yield "has a metaclass", type(cls)
    for base in bases:
        yield "has a base class", base
    for name in names:
        value = class_dict(cls)[name]
        if name == "__hash__" and is_a(value, FunctionType) and _is_by_attrs(value):
            value = "by attrs"  # it adds a hash of text, another one in each process
        yield ("has the attribute `{}`", name), value


def _is_by_attrs(function: FunctionType) -> bool:
    return function.__code__.co_filename.startswith("<attrs generated")
