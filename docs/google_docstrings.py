"""Docstrings in Google style, as Markdown."""

from __future__ import annotations

import inspect
import re
from typing import Any

import attrs

SECTIONS = ("Args", "Attributes", "Returns", "Raises", "References")
ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?([\w]+)`")


@attrs.frozen
class Docstring:
    """A docstring in its parts, each as Markdown.

    Attributes:
        text: What stands before the first section.
        sections: Indented text below each of :data:`SECTIONS` that is there.
    """

    text: str
    sections: dict[str, str]

    def items(self, section: str) -> dict[str, str]:
        """The entries ``name: description`` of a section, each description in one line."""
        entries: dict[str, str] = {}
        name = ""
        for line in self.sections.get(section, "").splitlines():
            if line[:1].strip():
                name, _, line = line.partition(":")
                entries[name] = ""
            entries[name] = f"{entries[name]} {line.strip()}".strip()
        return entries

    def line(self, section: str) -> str:
        """A section in one line."""
        return " ".join(self.sections.get(section, "").split())


def docstring_of(documented: Any) -> Docstring:
    """The docstring of a class, function or module."""
    text = as_markdown(inspect.getdoc(documented) or "")
    parts = re.split(rf"^({'|'.join(SECTIONS)}):\n", text, flags=re.MULTILINE)
    sections = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        indented = [line for line in body.splitlines() if line.startswith(" ") or not line.strip()]
        sections[name] = inspect.cleandoc("\n" + "\n".join(indented))
    return Docstring(parts[0].strip(), sections)


def as_markdown(text: str) -> str:
    """A text with roles and double backquotes, such as a docstring, as Markdown has it."""
    return ROLE.sub(r"`\1`", text).replace("``", "`")
