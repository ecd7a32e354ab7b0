"""Best value over time as a figure: a panel for each problem, a line with an area around it for each method."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural
from tunekit.figures.figure_text import Ruler, drawable
from tunekit.figures.legend import add_legend
from tunekit.figures.line_styles import LineStyle, line_styles
from tunekit.figures.panel_drawing import (
    LINE_WIDTH,
    MARKER_SIZE,
    PanelLines,
    about_area,
    draw_lines,
    lines_of,
)
from tunekit.figures.paper import COLUMN_WIDTH, FONT_SIZE, LINE_HEIGHT, PAGE_WIDTH, files_of, style, write
from tunekit.figures.time_axis import TimeAxis
from tunekit.results.trial_reports import NothingToShow
from tunekit.studies.comparison import Comparison, check_is_comparison
from tunekit.studies.panels import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tunekit.figures.paper_figure import PaperFigure

PANEL_HEIGHTS = {1: 2.4, 2: 2.3, 3: 1.9}  # inches, by the number of panels beside each other
FONT_SIZES = {1: FONT_SIZE, 2: FONT_SIZE, 3: 7.0}  # points, likewise
ROOM_ACROSS, ROOM_UPWARDS = 0.5, 0.4  # inches of a panel beside the text along its axes
MOST_IN_NAME = 3  # methods or problems that the name of a figure spells out
DRAWING_VERSION = 9  # raised when equal data should give another figure


def best_over_time(comparison: Comparison) -> PaperFigure:
    """The best value so far over time: a panel for each benchmark, a line with an area around it for each setup.

    A line is the median over the runs of a setup. The area is its 95 % interval, or the range of the runs where there
    are fewer than five; the title of a panel says which. It ends where the last run of the setup does. Values of the
    first moments may lie outside a panel, and those of the first quarter, where the rest could not be told apart else.

    Args:
        comparison: What :func:`tunekit.compare` gives.

    Returns:
        A figure as wide as a column of a paper, with several benchmarks as wide as a page. ``savefig`` writes it as
        PDF, PNG or SVG.

    Raises:
        NothingToShow: If half of the runs of each setup or more have found no value.
        ConfigurationError: If it is no comparison.
    """
    check_is_comparison(comparison, "best_over_time")
    undrawn = without_lines(comparison.panels)
    if len(undrawn) == len(comparison.panels):
        raise NothingToShow("of each setup half of the runs or more have found no value, or there are none")
    return figure_of(comparison.panels)


def draw(panels: Sequence[Panel], stem: Path) -> list[Path]:
    """Write the figure as PNG and PDF, unless the files there show the same data already.

    Args:
        panels: What to draw.
        stem: Path of the files without their suffix.

    Returns:
        The two files; none if there is no line to draw.
    """
    if len(without_lines(panels)) == len(panels):
        return []
    files = files_of(stem)
    key = f"tunekit-figure-{_digest(panels)}"
    if all(file.exists() and key.encode() in file.read_bytes() for file in files):
        return files
    return write(figure_of(panels), stem, key=key)


def without_lines(panels: Sequence[Panel]) -> list[Panel]:
    """Panels with nothing to draw: of each method half of the runs or more have found no value there."""
    return [panel for panel in panels if not lines_of(panel).lines]


def what_is_not_drawn(panels: Sequence[Panel]) -> str:
    """Which panels have nothing to draw and why, as a sentence; empty if all have something."""
    undrawn = [panel.problem for panel in without_lines(panels)]
    if not undrawn:
        return ""
    where = "is no figure" if len(undrawn) == len(panels) else f"is no panel for {', '.join(undrawn)}"
    return f"There {where}: of each method half of the runs or more have found no value there."


def figure_stem(specs: Sequence[RunSpec]) -> Path:
    """Path of the figure of a sweep without its suffix: it says what is drawn, and no other sweep has it."""
    methods = sorted({spec.method_name for spec in specs})
    problems = sorted({spec.problem_name for spec in specs})
    what = methods if len(methods) <= MOST_IN_NAME else [f"{len(methods)}-methods"]
    where = problems if len(problems) <= MOST_IN_NAME else [f"{len(problems)}-problems"]
    n_seeds = len({spec.seed for spec in specs})
    runs = hashlib.sha256("\n".join(sorted(spec.folder.name for spec in specs)).encode()).hexdigest()[:6]
    name = "_".join(["best-over-time", *what, *where, plural(n_seeds, "seed").replace(" ", "-"), runs])
    return specs[0].tag_folder / name


def figure_of(panels: Sequence[Panel]) -> PaperFigure:
    """The figure, to be measured or written.

    Args:
        panels: What to draw. Those without a line are left out; one has to have one.
    """
    from tunekit.figures.paper_figure import PaperFigure

    drawn = [lines for lines in map(lines_of, panels) if lines.lines]
    styles = line_styles([line.method.label for lines in drawn for line in lines.lines])
    n_wide = _n_wide(len(drawn))
    n_high = math.ceil(len(drawn) / n_wide)
    width, height = (COLUMN_WIDTH if n_wide == 1 else PAGE_WIDTH), PANEL_HEIGHTS[n_wide] * n_high
    with style(FONT_SIZES[n_wide]):
        figure = PaperFigure(width, height, FONT_SIZES[n_wide])
        ruler = figure.ruler
        axes: list[Axes] = figure.subplots(n_high, n_wide, squeeze=False).ravel().tolist()
        for axis in axes[len(drawn) :]:
            axis.remove()
        _label_axes(axes, drawn, n_wide, ruler)
        for lines, axis in zip(drawn, axes, strict=False):
            draw_lines(axis, lines, styles)
            room = ROOM_ACROSS + LINE_HEIGHT * axis.get_ylabel().count("\n")
            axis.set_title(_title(lines, styles, width / n_wide - room, ruler))
        if len(styles) > 1:
            height += add_legend(figure, _handles(styles), [*styles], width, ruler)
        titles = [axis.get_title().count("\n") for axis in axes[: len(drawn)]]
        height += LINE_HEIGHT * sum(max(titles[row : row + n_wide]) - 1 for row in range(0, len(titles), n_wide))
        figure.set_figheight(height)
    return figure


def _digest(panels: Sequence[Panel]) -> str:
    digest = hashlib.sha256(str(DRAWING_VERSION).encode())
    for panel in panels:
        digest.update(f"{panel.problem} {panel.metric} {panel.mode} {panel.budget}".encode())
        for method in panel.methods:
            digest.update(method.label.encode())
            for curve in method.curves:
                digest.update(curve.times.tobytes())
                digest.update(curve.values.tobytes())
                digest.update(f"{curve.end}".encode())
    return digest.hexdigest()[:16]


def _n_wide(n_panels: int) -> int:
    """How many panels are beside each other: three in a page, or two where that leaves no gap."""
    if n_panels in (2, 4):
        return 2
    return min(3, n_panels)


def _title(lines: PanelLines, styles: Mapping[str, LineStyle], inches: float, ruler: Ruler) -> str:
    names = f"{drawable(lines.lines[0].method.label)}, " if len(styles) == 1 else ""
    parts = [drawable(lines.panel.problem), names + about_area(lines.lines)]
    if lines.without:
        labels = ", ".join(map(drawable, lines.without))
        parts.append(f"no median of {labels}: too many runs have no value")
    return "\n".join(ruler.in_lines(part, inches) for part in parts)


def _label_axes(axes: Sequence[Axes], drawn: Sequence[PanelLines], n_wide: int, ruler: Ruler) -> None:
    """Labels where that of the panel below, or to the left, does not say it already."""
    across = [TimeAxis(lines.end).label for lines in drawn]
    upwards = [f"Best {drawable(lines.panel.metric)} so far" for lines in drawn]
    inches_across = (COLUMN_WIDTH if n_wide == 1 else PAGE_WIDTH / n_wide) - ROOM_ACROSS
    for position in range(len(drawn)):
        below = position + n_wide
        if below >= len(drawn) or across[below] != across[position]:
            axes[position].set_xlabel(ruler.in_lines(across[position], inches_across))
        if position % n_wide == 0 or upwards[position - 1] != upwards[position]:
            inches_upwards = PANEL_HEIGHTS[n_wide] - ROOM_UPWARDS
            axes[position].set_ylabel(ruler.in_lines(upwards[position], inches_upwards))


def _handles(styles: Mapping[str, LineStyle]) -> list[Any]:
    """What the legend shows for each method."""
    from matplotlib.lines import Line2D

    handles = []
    for each in styles.values():
        handle = Line2D([], [], color=each.colour, linewidth=LINE_WIDTH, marker=each.marker, markersize=MARKER_SIZE)
        handle.set_markeredgewidth(0)
        handle.set_dashes(each.dashes)
        handles.append(handle)
    return handles
