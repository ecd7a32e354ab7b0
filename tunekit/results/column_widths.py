"""Tables that are as wide as a terminal: what is too wide in their columns is cut."""

from __future__ import annotations

from collections.abc import Collection

from rich.cells import cell_len, set_cell_size

GAP = 2  # blanks between columns
NARROWEST = 8  # characters of a column that is cut


def narrow(widths: dict[str, int], width: int, cut: Collection[str]) -> None:
    """Make columns narrower, the widest first, until they fit or none can be cut further.

    Args:
        widths: Characters of each column, by name; changed in place.
        width: Characters of all columns with the gaps between them.
        cut: Names of the columns that may be cut.
    """
    while sum(widths.values()) + GAP * (len(widths) - 1) > width:
        widest = max((name for name in cut if name in widths), key=lambda name: widths[name])
        if widths[widest] <= NARROWEST:
            return
        widths[widest] -= 1


def fit(cell: str, width: int) -> str:
    """A cell in exactly so many characters, flush left, with an ellipsis where something was cut.

    >>> fit("ASHA", 6), fit("MOBSTER on fcnet", 8)
    ('ASHA  ', 'MOBSTER…')
    """
    if cell_len(cell) <= width:
        return set_cell_size(cell, width)
    return set_cell_size(set_cell_size(cell, width - 1).rstrip() + "…", width)
