"""What all figures share: their size on paper, how they look, and files that are equal where the data are."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunekit.figures.figure_text import FONT

if TYPE_CHECKING:
    from tunekit.figures.paper_figure import PaperFigure

COLUMN_WIDTH, PAGE_WIDTH = 3.4, 7.0  # inches: a column and a page of most papers
FONT_SIZE = 8.0  # points
LINE_HEIGHT = 0.13  # inches of a line of text
DPI = 300
FORMATS = ("png", "pdf")
STYLE: Any = {
    "font.family": FONT,
    "axes.titlesize": "medium",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.dash_capstyle": "butt",
    "pdf.fonttype": 42,  # TrueType, embedded: publishers refuse what is the default
    "svg.hashsalt": "tunekit",  # names within the file are the same each time
}
WITHOUT_DATES: Mapping[str, Mapping[str, None]] = {  # nor versions: equal data give equal bytes
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}
KEYS = {"png": "Description", "pdf": "Subject"}  # where a file says what is in it


@contextmanager
def style(font_size: float = FONT_SIZE) -> Iterator[None]:
    """What a user has set for figures of his own does not change these."""
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context():
        rcdefaults()
        rcParams.update({**STYLE, "font.size": font_size})
        yield


def write(figure: PaperFigure, stem: Path, *, key: str = "") -> list[Path]:
    """Write a figure as PNG and PDF.

    Args:
        figure: The figure.
        stem: Path of the files without their suffix. The folder has to exist.
        key: Is written into the files: what is drawn in them.

    Returns:
        The two files.

    Raises:
        OSError: If they cannot be written.
    """
    files = files_of(stem)
    for file, kind in zip(files, FORMATS, strict=True):
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")  # two sweeps may draw the same figure
        figure.savefig(temporary, format=kind, metadata={KEYS[kind]: key} if key else {})
        temporary.replace(file)
    return files


def files_of(stem: Path) -> list[Path]:
    """The files that :func:`write` makes."""
    return [stem.with_name(f"{stem.name}.{kind}") for kind in FORMATS]
