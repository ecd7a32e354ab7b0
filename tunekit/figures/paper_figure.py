"""The figure of matplotlib that all others are: it looks alike, and is written alike, whatever a user has set."""

from __future__ import annotations

import io
import os
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tunekit.figures.figure_text import Ruler
from tunekit.figures.paper import DPI, FONT_SIZE, WITHOUT_DATES, style

SCREEN_DPI = 150


class PaperFigure(Figure):
    """A figure in our style. Its files bear no dates, so that equal data give equal bytes.

    Args:
        width: Inches.
        height: Inches.
        font_size: Points.
    """

    def __init__(self, width: float, height: float, font_size: float = FONT_SIZE) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        self._font_size = font_size
        canvas: Any = FigureCanvasAgg(self)
        self.ruler = Ruler(canvas.get_renderer(), font_size)

    def draw(self, renderer: Any) -> None:
        """Draw it in its style: ticks are made when they are drawn."""
        with style(self._font_size):
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write it.

        Args:
            fname: A path whose suffix says the format, such as ``.pdf``, ``.png`` or ``.svg``, or an open file.
            **options: As in :meth:`matplotlib.figure.Figure.savefig`.
        """
        is_path = isinstance(fname, str | os.PathLike)
        suffix = os.path.splitext(os.fspath(fname))[1] if is_path else ""
        kind = str(options.get("format") or suffix.lstrip(".") or "png").lower()
        metadata = {**WITHOUT_DATES.get(kind, {}), **(options.get("metadata") or {})}
        with style(self._font_size):
            super().savefig(fname, **{"dpi": DPI, **options, "metadata": metadata or None})

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=SCREEN_DPI)
        return file.getvalue()
