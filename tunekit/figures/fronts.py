"""What one experiment with two or three metrics has found: its front, and how much that dominates over time."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tunekit.console import plural
from tunekit.figures.line_styles import COLOURS
from tunekit.figures.paper import COLUMN_WIDTH, PAGE_WIDTH
from tunekit.figures.scales import set_log_ticks, spans_decades, with_margin
from tunekit.figures.sheet import (
    OneExperiment,
    handle,
    number,
    opened,
    set_labels,
    set_legend,
    set_title,
    sheet,
    whose,
)
from tunekit.figures.time_axis import TimeAxis
from tunekit.results.pareto import front_changes, hypervolume, reference_point
from tunekit.results.trial_reports import NothingToShow, TrialReports, read_trial_reports

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from tunekit.figures.paper_figure import PaperFigure

HEIGHT, HEIGHT_OF_THREE = 2.5, 2.1  # inches
MOST_METRICS = 3
FRONT, OTHERS, UNUSED = COLOURS[1], COLOURS[0], "0.6"
MOST_POINTS = 2000  # with more, they are a picture within the PDF
ALMOST_ALL = 0.95  # of the reports that count, which a panel shows beside the whole front


def pareto_front(experiment: OneExperiment) -> PaperFigure:
    """The reports that no other is better than in all metrics, among all; of three metrics a panel for each pair.

    Reports of trials that have failed, and those that do not meet the constraint, are grey and not in the front. With
    three metrics the front is that of all three, so that in a panel some of its points lie behind others.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a column of a paper, with three metrics as wide as a page. ``savefig`` writes it as PDF, PNG
        or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If it has one metric, or more than three, or no report that counts.
    """
    reports = _checked(read_trial_reports(opened(experiment)))
    counting = _losses(reports)
    members = front_changes(counting)[-1].members
    pairs = list(combinations(range(len(reports.metrics)), 2))
    width, height = (COLUMN_WIDTH, HEIGHT) if len(pairs) == 1 else (PAGE_WIDTH, HEIGHT_OF_THREE)
    is_unused = np.asarray(~np.isfinite(counting).all(axis=1))
    with sheet(width, height, n_wide=len(pairs)) as (figure, axes):
        for axis, (across, upwards) in zip(axes, pairs, strict=True):
            _draw_front(axis, reports, members, is_unused, (across, upwards), is_all=len(pairs) == 1)
            names = _name(reports, across), _name(reports, upwards)
            set_labels(figure, axis, *names, width=width / len(pairs), height=height)
        title = f"{plural(len(members), 'report')} of {len(reports.times):,} in the front"
        set_title(figure, [whose(reports.experiment.metadata), title])
        entries = {
            "front": handle(FRONT, marker="o", size=4.0),
            "other reports": handle(OTHERS, marker=".", size=4.0),
        }
        if (is_unused & np.isfinite(reports.values).all(axis=1)).any():
            entries["constraint not met, or failed"] = handle(UNUSED, marker="x", size=3.0, edge=0.6)
        set_legend(figure, entries)
    return figure


def hypervolume_over_time(experiment: OneExperiment) -> PaperFigure:
    """How much the front dominates, over time, as a share of the box from the best value of each metric.

    The box ends at the reference point: in each metric the worst value of the front at the end, and a tenth of the
    range of that front more. The title names it.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a column of a paper. ``savefig`` writes it as PDF, PNG or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If it has one metric, or more than three, or no report that counts.
    """
    reports = _checked(read_trial_reports(opened(experiment)))
    times, shares, reference = hypervolume_shares(reports)
    time = TimeAxis.of(reports)
    with sheet(height=HEIGHT) as (figure, (axis,)):
        time.draw_steps(axis, times, shares, OTHERS)
        axis.set_ylim(0, 1.05)
        signs = [1.0 if mode == "min" else -1.0 for mode in reports.modes]
        values = [
            f"{metric} {number(sign * loss)}"
            for metric, sign, loss in zip(reports.metrics, signs, reference, strict=True)
        ]
        set_title(figure, [whose(reports.experiment.metadata), f"reference point: {', '.join(values)}"])
        set_labels(figure, axis, time.label, "Hypervolume (share of the box)", width=COLUMN_WIDTH, height=HEIGHT)
    return figure


def hypervolume_shares(
    reports: TrialReports,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """When the front changed, what share of the box it dominated from then on, and the reference point as losses."""
    counting = _losses(reports)
    changes = front_changes(counting)
    last = counting[changes[-1].members]
    reference = reference_point(last)
    box = float(np.prod(reference - last.min(axis=0)))
    shares = np.array([hypervolume(counting[change.members], reference) / box for change in changes])
    return reports.times[[change.position for change in changes]], shares, reference


def _checked(reports: TrialReports) -> TrialReports:
    n = len(reports.metrics)
    if n == 1:
        raise NothingToShow(f"it has one metric, {reports.metrics[0]}: a front takes two or three")
    if n > MOST_METRICS:
        raise NothingToShow(f"it has {n} metrics: a front is drawn for two or three")
    if not np.isfinite(_losses(reports)).all(axis=1).any():
        raise NothingToShow("no report counts: all are of failed trials, not finite, or do not meet the constraint")
    return reports


def _losses(reports: TrialReports) -> NDArray[np.float64]:
    """All losses; infinite in rows that do not count."""
    return np.where(reports.succeeded[:, np.newaxis], reports.losses, np.inf)


def _name(reports: TrialReports, metric: int) -> str:
    name = reports.metrics[metric]
    return name if reports.modes[metric] == "min" else f"{name} (higher is better)"


def _draw_front(
    axis: Axes,
    reports: TrialReports,
    members: NDArray[np.int64],
    is_unused: NDArray[np.bool_],
    pair: tuple[int, int],
    *,
    is_all: bool,
) -> None:
    x, y = reports.values[:, pair[0]], reports.values[:, pair[1]]
    is_picture = len(x) > MOST_POINTS
    for rows, colour, marker, size in ((is_unused, UNUSED, "x", 2.5), (~is_unused, OTHERS, ".", 2.5)):
        axis.plot(
            x[rows],
            y[rows],
            linestyle="none",
            color=colour,
            marker=marker,
            markersize=size,
            markeredgewidth=0.5 if marker == "x" else 0,
            alpha=0.5,
            zorder=2,
            rasterized=is_picture,
        )
    order = members[np.argsort(x[members], kind="stable")]
    if is_all:  # what the front dominates ends at its steps
        where: Literal["post", "pre"] = "post" if reports.modes[pair[0]] == "min" else "pre"
        axis.step(x[order], y[order], where=where, color=FRONT, linewidth=0.8, zorder=3)
    axis.plot(
        x[order], y[order], linestyle="none", color=FRONT, marker="o", markersize=3.5, markeredgewidth=0, zorder=4
    )
    _set_scale(axis, axis.xaxis, x, members, is_unused, reports.modes[pair[0]])
    _set_scale(axis, axis.yaxis, y, members, is_unused, reports.modes[pair[1]])


def _set_scale(
    axis: Axes,
    which: Axis,
    values: NDArray[np.float64],
    members: NDArray[np.int64],
    is_unused: NDArray[np.bool_],
    mode: str,
) -> None:
    """Scale and ends: the whole front, and almost all other reports that count."""
    counting, front = values[~is_unused], values[members]
    far = float(np.quantile(counting, ALMOST_ALL if mode == "min" else 1 - ALMOST_ALL))
    low, high = min(float(front.min()), far), max(float(front.max()), far)
    is_log = spans_decades(np.array([low, high]))
    low, high = with_margin(low, high, is_log=is_log)
    is_across = which is axis.xaxis
    if is_log:
        (axis.set_xscale if is_across else axis.set_yscale)("log")
        set_log_ticks(which, low, high)
    (axis.set_xlim if is_across else axis.set_ylim)(low, high)
