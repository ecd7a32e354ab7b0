"""The way through a function and all that it uses, in an order that does not depend on the process."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator

from tunekit.functions.canonical.callables import form_of_callable
from tunekit.functions.canonical.constants import encoded
from tunekit.functions.canonical.form import Form, Label, Undescribable, variable
from tunekit.functions.canonical.libraries import form_of_library_object
from tunekit.functions.canonical.modules import ModuleDigest
from tunekit.functions.canonical.objects import form_of_object

Parts = Iterable[tuple[Label, object]]
Piece = bytes | memoryview | int
"""Bytes, or the number of an object that was met before."""


class Unknown(Exception):
    """The content of a value that a function uses cannot be known.

    Attributes:
        value: The value.
        labels: How it is reached.
    """

    def __init__(self, reason: str, value: object, labels: list[Label]) -> None:
        super().__init__(reason)
        self.value = value
        self.labels = labels


class Walk:
    """Goes through a value and what it holds, each object once, and gives their forms.

    Args:
        module_digest: Identifies the content of a module.
        enclosing: Ids of the sets in which the value lies.
        labels: How the value is reached.
    """

    def __init__(
        self, module_digest: ModuleDigest, enclosing: tuple[int, ...] = (), labels: Iterable[Label] = ()
    ) -> None:
        self._module_digest = module_digest
        self._enclosing = enclosing
        self._labels = list(labels)
        self._numbers = {number: place for place, number in enumerate(enclosing)}  # of objects, by id: cycles end there
        self._kept: list[object] = []  # so that no id is given to another object

    def pieces(self, value: object) -> Iterator[tuple[str, Piece]]:
        """What identifies a value, piece by piece.

        Yields:
            The name of the variable whose content it is, empty for what is in none, and the piece.

        Raises:
            Unknown: If the content of something cannot be known.
        """
        levels: list[tuple[Iterator[tuple[Label, object]], str]] = [(iter([("", value)]), "")]
        while levels:
            parts, above = levels[-1]
            for label, part in parts:
                self._labels.append(label)
                name = variable(label) or above
                inside = yield from self._begin(part, name)
                if inside is not None:
                    levels.append((iter(inside), name))
                    break
                self._labels.pop()
            else:
                levels.pop()
                if levels:
                    yield above, b")"
                    self._labels.pop()

    def _begin(self, value: object, name: str) -> Generator[tuple[str, Piece], None, Parts | None]:
        """Take up a value without what it holds, and return that if it is still to be taken up."""
        try:
            constant = encoded(value)
            if constant is None and id(value) not in self._numbers:
                return (yield from self._begin_form(value, self._form(value), name))
        except RecursionError as error:
            raise Unknown("it is nested too deep", value, self._labels) from error
        except Undescribable as error:
            raise Unknown(str(error), value, self._labels) from error
        yield name, self._numbers[id(value)] if constant is None else constant
        return None

    def _begin_form(self, value: object, form: Form, name: str) -> Generator[tuple[str, Piece], None, Parts]:
        facts = encoded((form.kind, form.facts))
        assert facts is not None, form
        yield name, b"(" + facts
        if form.has_identity:
            self._numbers[id(value)] = len(self._numbers)
            self._kept.append(value)
        if form.content is not None:
            yield name, b"%d:" % form.content.nbytes
            yield name, form.content
        if not form.is_unordered:
            return form.parts
        inside = (*self._enclosing, id(value))
        for digest in sorted(self._apart(part, inside, label) for label, part in form.parts):
            yield name, digest
        return ()

    def _apart(self, value: object, enclosing: tuple[int, ...], label: Label) -> bytes:
        return digest_of(Walk(self._module_digest, enclosing, [*self._labels, label]).pieces(value))

    def _form(self, value: object) -> Form:
        form = form_of_callable(value, self._module_digest) or form_of_library_object(value)
        return form or form_of_object(value)


def digest_of(pieces: Iterable[tuple[str, Piece]]) -> bytes:
    """SHA-256 of all pieces."""
    digest = hashlib.sha256()
    for _, piece in pieces:
        digest.update(b"#%d#" % piece if isinstance(piece, int) else piece)
    return digest.digest()
