"""Names of any kind as text of a figure: shown as they are, in lines that fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs

from tunekit.console import printable

FONT = "DejaVu Sans"  # comes with matplotlib: figures are the same on every machine
PARTS = re.compile(r"\\\$|[^\s_/=.,-]+[\s_/=.,-]*|[\s_/=.,-]+")  # of names and sentences
WORDS = re.compile(r"\S+\s*|\s+")
LETTERS = re.compile(r"\\\$|.")


def drawable(text: str) -> str:
    """A name without anything that matplotlib or the font cannot draw: such a character is written as its number."""
    known = _characters()
    shown = "".join(
        character if ord(character) in known else f"\\u{ord(character):04x}" for character in printable(text)
    )
    # A pair of dollars would begin a formula, and what begins with a low line is left out of legends.
    return (" " if shown.startswith("_") else "") + shown.replace("$", r"\$")


@attrs.frozen
class Ruler:
    """Measures text of one figure.

    Attributes:
        renderer: Of the figure.
        size: Of the font, in points.
    """

    renderer: Any
    size: float

    def in_lines(self, text: str, inches: float) -> str:
        """A text in lines no wider than this, broken between words; a word that is wider, between its parts."""
        lines = [""]
        for piece in self._pieces(text, inches):
            if lines[-1] and self._width(lines[-1] + piece) > inches:
                lines.append("")
            lines[-1] += piece
        return "\n".join(line.rstrip() for line in lines if line.strip())

    def _pieces(self, text: str, inches: float) -> Iterator[str]:
        """What a line may end after: the coarsest pieces that are no wider than a line."""
        for word in WORDS.findall(text):
            if self._width(word) <= inches:
                yield word
                continue
            for part in PARTS.findall(word):
                yield from [part] if self._width(part) <= inches else LETTERS.findall(part)

    def _width(self, line: str) -> float:
        """Inches of a line, without blanks at its end."""
        from matplotlib.font_manager import FontProperties

        font = FontProperties(family=FONT, size=self.size)
        return float(self.renderer.get_text_width_height_descent(line.rstrip(), font, False)[0] / self.renderer.dpi)


@cache
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(FONT)).get_charmap())
