"""One figure of one experiment: opened, with a title that says whose it is, and as large as its text needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tunekit.config.specs.titles import recorded_problem
from tunekit.figures.figure_text import drawable
from tunekit.figures.legend import add_legend
from tunekit.figures.paper import COLUMN_WIDTH, LINE_HEIGHT, style
from tunekit.results.selection import results_folder
from tunekit.results.trial_reports import TrialReports
from tunekit_core.records.load import Experiment, load_experiment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tunekit.figures.paper_figure import PaperFigure

OneExperiment: TypeAlias = Experiment | Path | str
"""An experiment that was loaded, its folder, or the name of its folder."""
TICKS_WIDTH = 0.45  # inches beside a panel
TITLE_MARGIN = 0.2  # inches
MOST_VECTORS = 20_000  # points of lines; with more, they are a picture within the PDF, or it takes seconds to show


@contextmanager
def sheet(
    width: float = COLUMN_WIDTH, height: float = 2.4, n_wide: int = 1, n_high: int = 1
) -> Iterator[tuple[PaperFigure, list[Axes]]]:
    """A figure and its panels, to be drawn on in our style.

    Args:
        width: Inches of the figure.
        height: Inches, without titles of more than one line and without a legend.
        n_wide: Panels beside each other.
        n_high: Panels above each other.
    """
    from tunekit.figures.paper_figure import PaperFigure

    with style():
        figure = PaperFigure(width, height)
        axes: list[Axes] = figure.subplots(n_high, n_wide, squeeze=False).ravel().tolist()
        yield figure, axes


def opened(experiment: OneExperiment) -> Experiment:
    """The experiment.

    Raises:
        RecordError: If there is none, or it cannot be read.
    """
    if isinstance(experiment, Experiment):
        return experiment
    return load_experiment(experiment, results_dir=results_folder())


def whose(metadata: Mapping[str, Any]) -> str:
    """Method, problem and seed of an experiment, as far as they are told."""
    config = metadata.get("config") or {}
    parts = [str((config.get(kind) or {}).get("name", "")) for kind in ("scheduler", "searcher")]
    method = metadata.get("method") or "+".join(filter(None, parts))
    text = " on ".join(str(part) for part in (method, recorded_problem(metadata)) if part) or "Experiment"
    return f"{text}, seed {metadata['seed']}" if isinstance(metadata.get("seed"), int) else text


def about_resource(reports: TrialReports, resource: int) -> str:
    """A clause for a title that names the resource at which trials are compared, if it is the lowest of several."""
    if resource > reports.resources.min() or resource == reports.resources.max():
        return ""
    return f", the lowest: it tells nothing of the final {reports.metrics[0]}"


def set_title(figure: PaperFigure, parts: Sequence[str]) -> None:
    """Write a title above all panels, and make the figure higher by what it takes more than a line.

    Args:
        figure: The figure.
        parts: Each begins a line; empty ones are left out.
    """
    width = figure.get_figwidth() - TITLE_MARGIN
    text = "\n".join(figure.ruler.in_lines(drawable(part), width) for part in parts if part)
    figure.suptitle(text, fontsize="medium")
    figure.set_figheight(figure.get_figheight() + LINE_HEIGHT * text.count("\n"))


def set_labels(figure: PaperFigure, axis: Axes, across: str, upwards: str, *, width: float, height: float) -> None:
    """Label the axes of a panel, in lines that fit its width and height in inches."""
    axis.set_xlabel(figure.ruler.in_lines(drawable(across), max(width - TICKS_WIDTH, 0.5)))
    axis.set_ylabel(figure.ruler.in_lines(drawable(upwards), max(height - TICKS_WIDTH, 0.5)))


def set_legend(figure: PaperFigure, entries: Mapping[str, Any]) -> None:
    """Add a legend below the panels, and make the figure higher by what it takes.

    Args:
        figure: The figure.
        entries: By name what is shown for it; nothing is drawn without entries.
    """
    if entries:
        added = add_legend(figure, [*entries.values()], [*entries], figure.get_figwidth(), figure.ruler)
        figure.set_figheight(figure.get_figheight() + added)


def handle(colour: str, *, line: float = 0.0, marker: str = "none", size: float = 0.0, edge: float = 0.0) -> Any:
    """A line, a marker or both for a legend.

    Args:
        colour: Of both.
        line: Its width in points; 0 for no line.
        marker: Its name in matplotlib.
        size: Of the marker in points.
        edge: The width of the marker's lines in points, of one that is made of lines.
    """
    from matplotlib.lines import Line2D

    entry = Line2D([], [], color=colour, linestyle="-" if line else "none", linewidth=line, marker=marker)
    entry.set_markersize(size)
    entry.set_markeredgewidth(edge)
    return entry


def number(value: float) -> str:
    """A number in four digits.

    >>> number(0.0191384)
    '0.01914'
    """
    return f"{value:.4g}"
