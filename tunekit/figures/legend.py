"""The legend below the panels of a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tunekit.figures.figure_text import Ruler, drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HANDLE_WIDTH = 0.55  # inches of an entry beside its text
MOST_COLUMNS = 6


def add_legend(figure: Figure, handles: Sequence[Any], names: Sequence[str], width: float, ruler: Ruler) -> float:
    """Add a legend below the panels, in as many columns as fit.

    Args:
        figure: Gets it.
        handles: What entries show, as artists of matplotlib.
        names: What they stand for; of any length and any characters.
        width: Inches of the figure.
        ruler: Of the figure.

    Returns:
        Its height in inches.
    """
    labels = [ruler.in_lines(drawable(name), width - 2 * HANDLE_WIDTH) for name in names]
    for n_columns in range(min(MOST_COLUMNS, len(labels)), 0, -1):
        n_columns = math.ceil(len(labels) / math.ceil(len(labels) / n_columns))  # columns of about the same length
        legend = figure.legend(
            handles, labels, loc="outside lower center", ncols=n_columns, handlelength=2.6, columnspacing=1.2
        )
        extent = legend.get_window_extent(ruler.renderer)
        if n_columns == 1 or extent.width <= width * figure.dpi:
            return float(extent.height) / figure.dpi
        legend.remove()
    raise AssertionError("one column always fits")
