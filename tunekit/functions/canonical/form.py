"""What is known of one value without what it holds: :class:`Form`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Label = str | tuple[str, object]

USES_VARIABLE, USES_MODULE = "uses the variable `{}`", "uses `{}`"


class Form(NamedTuple):
    """One value: what it is, and the values that it holds.

    Attributes:
        kind: What kind of value it is.
        facts: What is known of it beside what it holds; a constant.
        parts: What it holds, each with how it is reached, as a verb phrase for messages: ``"has the attribute `x`"``,
            or a template and what fills it. Their order counts.
        has_identity: Whether two variables that have it are to be told from two that have equal ones.
        content: Bytes that belong to it.
        is_unordered: Whether the order of the parts does not count after all.
    """

    kind: str
    facts: object = ()
    parts: Iterable[tuple[Label, object]] = ()
    has_identity: bool = True
    content: memoryview | None = None
    is_unordered: bool = False


def variable(label: Label) -> str | None:
    """The name of the variable or module that a function uses; ``None`` for a part that is none."""
    if isinstance(label, str) or label[0] not in (USES_VARIABLE, USES_MODULE):
        return None
    return str(label[1])


class Undescribable(Exception):
    """A value has content that cannot be known."""


def known_value(kind: str, facts: object) -> Form:
    """What is known without what it holds, and cannot change."""
    return Form(kind, facts, has_identity=False)
