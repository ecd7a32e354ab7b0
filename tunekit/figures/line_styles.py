"""How the line of a method looks: told apart without colour, the same in all panels and in most figures."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Sequence

import attrs

# Okabe and Ito, "Color universal design", 2008: told apart with every kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5))  # lengths in widths of the line
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")  # one more than colours: all three repeat after 288
USUAL = (  # our recipes, which look alike in every figure; those of the second line have colours of the first
    *("AUTO", "RS", "MOBSTER", "ASHA", "BO", "HYPERTUNE", "DYHPO", "PASHA"),
    *("ASHA-TANH", "MOBSTER-RELU", "ASHA-RELU", "BO-WARP", "MOBSTER-TANH", "MOBSTER-STOP", "PASHA-BO"),
)


@attrs.frozen
class LineStyle:
    """What tells a line from others.

    Attributes:
        colour: As ``#RRGGBB``.
        dashes: Lengths of dashes and gaps; none for a line without gaps.
        marker: Its name in matplotlib.
    """

    colour: str
    dashes: tuple[float, ...]
    marker: str


def line_styles(labels: Sequence[str]) -> dict[str, LineStyle]:
    """By label a style that no other has, in the order of labels for people.

    The usual methods have one each. Any other begins at one that follows from its label, and takes the first that is
    free from there on: unless two want the same, it looks alike whatever it is compared with.
    """
    ordered = sorted(set(labels), key=_natural_order)
    places = {label: USUAL.index(label) for label in ordered if label in USUAL}
    n = len(COLOURS)
    for label in ordered:
        if label in USUAL:
            continue
        wanted = zlib.crc32(label.encode("utf-8", "replace")) % n
        candidates = (n * turn + (wanted + step) % n for turn in itertools.count() for step in range(n))
        places[label] = next(place for place in candidates if place not in places.values())
    return {label: style_at(places[label]) for label in ordered}


def style_at(place: int) -> LineStyle:
    """One of the styles, told from all others."""
    dashes = DASHES[(place + place // len(COLOURS)) % len(DASHES)]  # another for the same colour in the next turn
    return LineStyle(COLOURS[place % len(COLOURS)], dashes, MARKERS[place % len(MARKERS)])


def _natural_order(label: str) -> list[tuple[int, float, str]]:
    """A key that sorts whole numbers in labels by value: ``n_workers=4`` comes before ``n_workers=16``."""
    parts = re.split(r"(\d+)", label)
    return [(0, float(part), "") if part.isdecimal() else (1, 0.0, part) for part in parts if part]
