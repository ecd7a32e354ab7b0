"""The digest of a function: all that belongs to it, in an order that does not depend on the process."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tunekit.functions.canonical.callables import form_of_callable
from tunekit.functions.canonical.constants import encoded
from tunekit.functions.canonical.form import Form, Label, Undescribable
from tunekit.functions.canonical.libraries import form_of_library_object
from tunekit.functions.canonical.modules import ModuleDigest, digest_of_module
from tunekit.functions.canonical.names import class_name
from tunekit.functions.canonical.objects import form_of_object
from tunekit_core.errors import ConfigurationError, shown

_FORMAT = b"tunekit function 1"


def digest_of_function(function: Callable[..., Any]) -> str:
    """SHA-256, in hexadecimal digits, of what a function does and of all that it uses.

    Functions and classes that other processes import count by name, with the content of the module if it is no
    installed one; all others by their code, and by the values of their defaults and of the variables that they use.

    Equal in every process of one Python version. Files, lines, comments, docstrings, annotations and almost always the
    way in which lines are broken do not count. What a function looks up by a name that it makes as it runs
    (``globals()[name]``, ``importlib``) is not seen.

    Args:
        function: A function, a class, or any object that can be called.

    Raises:
        ConfigurationError: If it uses something whose content cannot be known. The message says by what way.
    """
    walk = _Walk(functools.cache(digest_of_module))
    walk.digest.update(_FORMAT)
    try:
        walk.add(function)
    except _Unknown as error:
        raise ConfigurationError(_message(function, error), option="function", value=function) from error
    return walk.digest.hexdigest()


class _Unknown(Exception):
    """The content of a value that a function uses cannot be known.

    Attributes:
        value: The value.
        labels: How it is reached.
    """

    def __init__(self, reason: str, value: object, labels: list[Label]) -> None:
        super().__init__(reason)
        self.value = value
        self.labels = labels


class _Walk:
    """Goes through a value and what it holds, each object once, and takes up their forms.

    Args:
        module_digest: Identifies the content of a module.
        enclosing: Ids of the sets in which the value lies.
        labels: How the value is reached.

    Attributes:
        digest: Of what was taken up.
    """

    def __init__(
        self, module_digest: ModuleDigest, enclosing: tuple[int, ...] = (), labels: Iterable[Label] = ()
    ) -> None:
        self.digest = hashlib.sha256()
        self._module_digest = module_digest
        self._enclosing = enclosing
        self._labels = list(labels)
        self._numbers = {number: place for place, number in enumerate(enclosing)}  # of objects, by id: cycles end there
        self._kept: list[object] = []  # so that no id is given to another object

    def add(self, value: object) -> None:
        levels: list[Iterator[tuple[Label, object]]] = [iter([("", value)])]
        while levels:
            for label, part in levels[-1]:
                self._labels.append(label)
                parts = self._begin(part)
                if parts is not None:
                    levels.append(iter(parts))
                    break
                self._labels.pop()
            else:
                levels.pop()
                if levels:
                    self.digest.update(b")")
                    self._labels.pop()

    def _begin(self, value: object) -> Iterable[tuple[Label, object]] | None:
        """Take up a value without what it holds, and return that if it is still to be taken up."""
        try:
            constant = encoded(value)
            if constant is None and id(value) not in self._numbers:
                return self._begin_form(value, self._form(value))
        except RecursionError as error:
            raise _Unknown("it is nested too deep", value, self._labels) from error
        except Undescribable as error:
            raise _Unknown(str(error), value, self._labels) from error
        self.digest.update(constant or b"#%d#" % self._numbers[id(value)])
        return None

    def _begin_form(self, value: object, form: Form) -> Iterable[tuple[Label, object]]:
        facts = encoded((form.kind, form.facts))
        assert facts is not None, form
        self.digest.update(b"(" + facts)
        if form.has_identity:
            self._numbers[id(value)] = len(self._numbers)
            self._kept.append(value)
        if form.content is not None:
            self.digest.update(b"%d:" % form.content.nbytes)
            self.digest.update(form.content)
        if not form.is_unordered:
            return form.parts
        inside = (*self._enclosing, id(value))
        for digest in sorted(self._apart(part, inside, label) for label, part in form.parts):
            self.digest.update(digest)
        return ()

    def _apart(self, value: object, enclosing: tuple[int, ...], label: Label) -> bytes:
        walk = _Walk(self._module_digest, enclosing, [*self._labels, label])
        walk.add(value)
        return walk.digest.digest()

    def _form(self, value: object) -> Form:
        form = form_of_callable(value, self._module_digest) or form_of_library_object(value)
        return form or form_of_object(value)


def _message(function: Callable[..., Any], error: _Unknown) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    steps = [_text(label) for label in error.labels if label]
    way = ", which ".join([*steps, f"is an object of class {class_name(type(error.value))}"])
    return (
        f"{name} cannot be told from another version of itself, since the content of what it uses is not known: {name} "
        f"{way} ({error}). Make that in the function itself, or name the version of the function yourself, "
        "tune(…, version='1'), and another one after each change."
    )


def _text(label: Label) -> str:
    if isinstance(label, str):
        return label
    template, key = label
    is_plain = isinstance(key, str) or encoded(key) is not None  # others would run code of their class
    return template.format(key if isinstance(key, str) else shown(key) if is_plain else class_name(type(key)))
