"""What the linter cannot check: a method says what it does, unless the contract that it keeps does."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatch
from functools import cached_property
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, Protocol

import pytest

PACKAGES = (
    "hydra_plugins.tunekit_sweeper",
    "tunekit",
    "tunekit_asha",
    "tunekit_benchmarks",
    "tunekit_bo",
    "tunekit_core",
    "tunekit_local",
    "tunekit_sagemaker",
    "tunekit_simulator",
    "tunekit_tensorboard",
    "tunekit_trackers",
)
METHODS = (FunctionType, classmethod, staticmethod, property, cached_property)


def classes_of(package: str) -> Iterator[type[Any]]:
    """The public classes of a package; modules that are programs are left out."""
    root = import_module(package)
    names = [found.name for found in pkgutil.walk_packages(root.__path__, f"{package}.")]
    for module in [root, *modules_of(n for n in names if not n.endswith((".__main__", ".script")))]:
        for name, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ == module.__name__ and not name.startswith("_"):
                yield cls


def modules_of(names: Iterable[str]) -> Iterator[ModuleType]:
    """The modules; a callback needs its framework, which is not installed everywhere."""
    for name in names:
        try:
            yield import_module(name)
        except ModuleNotFoundError:
            if not name.startswith("tunekit.callbacks."):
                raise


def undocumented(cls: type[Any], protocols: Collection[type[Any]]) -> Iterator[str]:
    """Public methods that nothing documents.

    A method is documented by its docstring, by the method of a base class that it overrides or of a protocol that the
    class keeps, or by the docstring of its class: a property among the attributes, a method by name, as in ``on_*``.
    """
    contracts = [*cls.__mro__[1:], *(protocol for protocol in protocols if keeps(cls, protocol))]
    for name, member in vars(cls).items():
        if not isinstance(member, METHODS) or name.startswith("_") or member.__doc__:
            continue
        is_named = any(fnmatch(name, pattern) for pattern in re.findall(r"``([\w*]+)``", cls.__doc__ or ""))
        is_attribute = isinstance(member, property) and re.search(rf"^ +{name}: ", cls.__doc__ or "", re.MULTILINE)
        if not is_named and not is_attribute and not any(name in vars(contract) for contract in contracts):
            yield f"{cls.__module__}.{cls.__qualname__}.{name}"


def keeps(cls: type[Any], protocol: type[Any]) -> bool:
    """Whether a class has every method that a protocol asks for; its attributes may be those of instances."""
    asked_for = [
        n for n, member in vars(protocol).items() if isinstance(member, FunctionType) and not n.startswith("_")
    ]
    return cls is not protocol and asked_for != [] and all(hasattr(cls, name) for name in asked_for)


@pytest.fixture(scope="module")
def protocols() -> list[type[Any]]:
    return [cls for package in PACKAGES for cls in classes_of(package) if Protocol in cls.__bases__]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_method_is_documented_by_itself_or_by_its_contract(package, protocols):
    found = [name for cls in classes_of(package) for name in undocumented(cls, protocols)]
    assert not found, "\n".join(["Write docstrings for:", *found])


def test_what_nothing_documents_is_found():
    class Walks(Protocol):
        def walk(self) -> None:
            """It walks."""

        def sit(self) -> None:
            """It sits."""

    class Base:
        """A base class. Its ``stop_*`` methods stop it.

        Attributes:
            height: In metres.
        """

        def run(self) -> None:
            """It runs."""

        def stop_running(self) -> None: ...

        @property
        def height(self) -> float:
            return 1.5

    class Derived(Base):
        def run(self) -> None: ...

        def walk(self) -> None: ...

        @property
        def age(self) -> int:
            return 1

        def _hide(self) -> None: ...

    class Sits(Derived):
        def walk(self) -> None: ...

        def sit(self) -> None: ...

    prefix = f"{__name__}.{Derived.__qualname__}"
    assert list(undocumented(Base, [Walks])) == []
    assert list(undocumented(Derived, [Walks])) == [f"{prefix}.walk", f"{prefix}.age"]
    assert list(undocumented(Sits, [Walks])) == []
