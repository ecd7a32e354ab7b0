"""The configurations of one experiment as lines across an axis for each hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunekit.console import plural
from tunekit.figures.figure_text import Ruler, drawable
from tunekit.figures.paper import LINE_HEIGHT, PAGE_WIDTH
from tunekit.figures.scales import set_log_ticks, spans_decades
from tunekit.figures.sheet import OneExperiment, about_resource, opened, set_title, sheet, whose
from tunekit.results.domain_places import places
from tunekit.results.importance import importance
from tunekit.results.trial_reports import NothingToShow, TrialReports, common_resource, read_trial_reports
from tunekit_core.number_text import format_number
from tunekit_core.space import Domain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

    from tunekit.figures.paper_figure import PaperFigure

HEIGHT = 2.4  # inches
MOST_AXES = 12
MOST_LABELS = 7  # along an axis
TICK_SIZE, NAME_SIZE = 6.0, 6.5  # points
NAME_GAP, ROOM_OF_LABELS = 0.04, 0.5  # inches between names, and of labels beside the last axis
BAND = 0.05  # of an axis: lines through one of a few values lie beside each other, the best highest
FEW_VALUES = 20
ALMOST_ALL = 0.9  # of the trials, among which colours are spread; those that are worse have one colour
COLOURS = "cividis"  # the same lightness for every kind of colour vision
DARKEST, LIGHTEST, TOGETHER = 0.9, 0.25, 100.0  # opacity of lines
MOST_LINES = 2000  # with more, they are a picture within the PDF
BAR_WIDTH = 0.9  # inches beside the axes


def parallel_coordinates(experiment: OneExperiment) -> PaperFigure:
    """A line for each trial across an axis for each hyperparameter, coloured by its result, the best on top.

    Axes have the scale of their domain, logarithmic where that is, and categories are named. Trials are compared at one
    resource alone, which the title names: the highest at which a fifth of all have reported, and at least 100 or
    half of them. Of more than twelve hyperparameters the most important are shown.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a page of a paper. ``savefig`` writes it as PDF, PNG or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If no trial has a value to be compared, or nothing is searched.
    """
    reports = read_trial_reports(opened(experiment))
    resource = common_resource(reports)
    rows = reports.at(resource)
    rows = rows[np.isfinite(reports.losses[rows, 0])]
    if not len(rows):
        raise NothingToShow(f"no trial has a finite {reports.metrics[0]} that counts at {reports.resource} {resource}")
    rows = rows[np.argsort(-reports.losses[rows, 0], kind="stable")]  # the best last, on top
    domains = _shown(reports)
    if not domains:
        raise NothingToShow("no hyperparameter is searched")
    with sheet(PAGE_WIDTH, HEIGHT) as (figure, (axis,)):
        norm = _norm(reports, rows)
        _draw_lines(axis, reports, rows, domains, norm)
        n_lines = _draw_axes(figure, axis, domains)
        figure.set_figheight(HEIGHT + LINE_HEIGHT * n_lines)
        _draw_colours(figure, axis, norm, reports.metrics[0])
        n_all, n_searched = len(reports.by_trial), len(reports.experiment.search_space.domains)
        about = f"{len(rows):,} of {plural(n_all, 'trial')}: those compared at {reports.resource} {resource}"
        about += about_resource(reports, resource)
        left_out = f"the {len(domains)} most important of {n_searched} hyperparameters"
        title = [whose(reports.experiment.metadata), about, left_out if len(domains) < n_searched else ""]
        set_title(figure, title)
    return figure


def _shown(reports: TrialReports) -> dict[str, Domain]:
    domains = {name: each for name, each in reports.experiment.search_space.domains.items() if each.size != 1}
    if len(domains) <= MOST_AXES:
        return domains
    try:
        chosen = list(importance(reports).shares)[:MOST_AXES]
    except NothingToShow:  # too few trials to tell
        chosen = list(domains)[:MOST_AXES]
    return {name: domain for name, domain in domains.items() if name in chosen}


def _norm(reports: TrialReports, rows: NDArray[np.int64]) -> Normalize:
    """Colours for values: those of the worst trials are all alike."""
    from matplotlib.colors import LogNorm, Normalize

    values = reports.values[rows, 0]
    best, almost_worst = values[-1], values[int((1 - ALMOST_ALL) * len(values))]
    low, high = sorted((float(best), float(almost_worst)))
    if low == high:
        high = low + (abs(low) or 1.0)
    return LogNorm(low, high, clip=True) if spans_decades(np.array([low, high])) else Normalize(low, high, clip=True)


def _draw_lines(
    axis: Axes, reports: TrialReports, rows: NDArray[np.int64], domains: dict[str, Domain], norm: Normalize
) -> None:
    from matplotlib.collections import LineCollection

    ranks = np.linspace(-BAND / 2, BAND / 2, len(rows)) if len(rows) > 1 else np.zeros(1)
    heights = np.empty((len(rows), len(domains)))
    for column, (name, domain) in enumerate(domains.items()):
        heights[:, column] = places(domain, reports.experiment.results[f"config_{name}"].iloc[rows].tolist())
        if domain.size is not None and domain.size <= FEW_VALUES:
            heights[:, column] += ranks
    across = np.broadcast_to(np.arange(len(domains)), heights.shape)
    if len(domains) == 1:  # a line needs two ends
        heights, across = np.repeat(heights, 2, axis=1), np.column_stack([across - 0.2, across + 0.2])
    opacity = float(np.clip(TOGETHER / len(rows), LIGHTEST, DARKEST))
    opacities = np.full(len(rows), opacity)
    opacities[-1] = 1.0
    widths = np.full(len(rows), 0.6)
    widths[-1] = 1.8
    lines = LineCollection(
        list(np.stack([across, heights], axis=2)),
        array=reports.values[rows, 0],
        cmap=_colours(reports),
        norm=norm,
        linewidths=widths,
        alpha=opacities,
        zorder=2,
        rasterized=len(rows) > MOST_LINES,
    )
    axis.add_collection(lines)


def _colours(reports: TrialReports) -> str:
    """The dark end is the best."""
    return COLOURS if reports.modes[0] == "min" else f"{COLOURS}_r"


def _draw_axes(figure: PaperFigure, axis: Axes, domains: dict[str, Domain]) -> int:
    """Draw an axis for each hyperparameter; the lines that the longest name takes more than one."""
    n = len(domains)
    inches = (PAGE_WIDTH - BAR_WIDTH) / n
    axis.set_xlim(-0.15 if n > 1 else -0.6, n - 1 + (ROOM_OF_LABELS / inches if n > 1 else 0.6))
    axis.set_ylim(-0.06, 1.06)
    for edge in ("left", "bottom"):
        axis.spines[edge].set_visible(False)
    ruler = Ruler(figure.ruler.renderer, NAME_SIZE)
    names = [ruler.in_lines(drawable(name), inches - NAME_GAP) for name in domains]
    axis.set_yticks([])
    axis.set_xticks(range(n), names)
    axis.tick_params(axis="x", length=0, labelsize=NAME_SIZE)
    for place, domain in enumerate(domains.values()):
        axis.plot([place, place], [-BAND / 2, 1 + BAND / 2], color="0.3", linewidth=0.7, zorder=3)
        for height, label in _labels(domain):
            (text, *_) = figure.ruler.in_lines(drawable(label), inches).splitlines() or [""]
            axis.annotate(
                text,
                (place, height),
                xytext=(2.0, 0.0),
                textcoords="offset points",
                fontsize=TICK_SIZE,
                va="center",
                zorder=4,
                bbox={"boxstyle": "square,pad=0.08", "facecolor": "white", "alpha": 0.75, "linewidth": 0},
            )
    return max(name.count("\n") for name in names)


def _labels(domain: Domain) -> list[tuple[float, str]]:
    """Places along an axis, and what is written there."""
    if domain.size is None:
        values: Sequence[Any] = [float(f"{value:.3g}") for value in domain.from_unit(np.linspace(0, 1, 5))]
        values = [domain.from_unit(np.array([0.0]))[0], *values[1:-1], domain.from_unit(np.array([1.0]))[0]]
    elif domain.size <= MOST_LABELS:
        values = domain.values()
    else:
        some = domain.from_unit(np.linspace(0, 1 - 1e-9, MOST_LABELS - 2))
        values = list(dict.fromkeys(some))
    texts = [format_number(value) if isinstance(value, float) else str(value) for value in values]
    return list(zip(places(domain, values).tolist(), texts, strict=True))


def _draw_colours(figure: PaperFigure, axis: Axes, norm: Normalize, metric: str) -> None:
    from matplotlib.colors import LogNorm

    (lines,) = axis.collections
    bar = figure.colorbar(lines, ax=axis, pad=0.01, fraction=0.04, aspect=25)
    if bar.solids is not None:
        bar.solids.set_alpha(1.0)
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    if isinstance(norm, LogNorm):
        set_log_ticks(bar.ax.yaxis, low, high)
    bar.ax.tick_params(labelsize=TICK_SIZE)
    bar.outline.set_visible(False)
    bar.set_label(figure.ruler.in_lines(drawable(metric), HEIGHT - 0.3))
