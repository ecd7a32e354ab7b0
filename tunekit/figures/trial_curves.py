"""The learning curves of the trials of one experiment, as far as each was trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunekit.console import plural
from tunekit.figures.line_styles import COLOURS
from tunekit.figures.paper import COLUMN_WIDTH
from tunekit.figures.scales import apart, better_half, set_log_ticks, spans_decades, with_margin
from tunekit.figures.sheet import (
    MOST_VECTORS,
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
from tunekit.results.rungs import rungs
from tunekit.results.trial_reports import NothingToShow, TrialReports, read_trial_reports
from tunekit.results.trial_runs import trial_runs
from tunekit_core.contracts.trials import Decision
from tunekit_core.records.files import EVENTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tunekit.figures.paper_figure import PaperFigure

HEIGHT = 2.5  # inches
TRIAL, BEST, FAILED, RUNNING, RUNG = COLOURS[0], COLOURS[1], COLOURS[6], "0.15", "0.6"
DARKEST, LIGHTEST, TOGETHER = 0.8, 0.35, 60.0  # opacity of a curve: many over each other stay readable
FEW = 60  # curves that are as thick as they can be
ALMOST_ALL = 0.98  # of the values, that the panel shows
SHORT, SMALL = 0.5, 0.12  # a logarithmic axis where this share of trials ends before this share of the longest


def learning_curves(experiment: OneExperiment) -> PaperFigure:
    """The metric of each trial over its resource; where trials paused, were stopped and failed; and the best trial.

    A curve is as long as its trial was trained. A dot is where a trial was paused, whether or not it went on later, a
    triangle where one still ran at the end, and thin upright lines are the rungs of the scheduler. Values that are far
    worse than almost all others may lie outside the panel: the title says of how many trials.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a column of a paper. ``savefig`` writes it as PDF, PNG or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If no trial has reported a number.
    """
    reports = read_trial_reports(opened(experiment))
    if not np.isfinite(reports.values[:, 0]).any():
        raise NothingToShow(f"no trial has reported a number as {reports.metrics[0]}")
    metadata = reports.experiment.metadata
    incumbent = metadata.get("incumbent")
    with sheet(height=HEIGHT) as (figure, (axis,)):
        _draw_curves(axis, reports, best=None if incumbent is None else incumbent["trial_id"])
        n_outside = _set_axes(axis, reports)
        n_trials = len(reports.by_trial)
        failed = len(reports.failed & set(reports.by_trial))
        n_started = metadata.get("n_started") or 0
        counts = (
            f"{n_trials:,} of {n_started:,} trials have reported" if n_started > n_trials else plural(n_trials, "trial")
        )
        counts += f", {failed:,} failed" if failed else ""
        counts += f"; {n_outside:,} with values beyond the axes" if n_outside else ""
        best = ""
        if incumbent is not None:
            value = number(incumbent["metrics"][reports.metrics[0]])
            best = f"best: {value} at {reports.resource} {incumbent['resource']}, trial {incumbent['trial_id']}"
        set_title(figure, [whose(metadata), counts, best])
        set_labels(figure, axis, reports.resource, reports.metrics[0], width=COLUMN_WIDTH, height=HEIGHT)
        set_legend(figure, _entries(reports, has_best=incumbent is not None))
    return figure


def _draw_curves(axis: Axes, reports: TrialReports, *, best: int | None) -> None:
    from matplotlib.collections import LineCollection

    values = reports.values[:, 0]
    curves = {trial_id: positions[np.isfinite(values[positions])] for trial_id, positions in reports.by_trial.items()}
    thickness, opacity = _look(reports)
    is_picture = len(values) > MOST_VECTORS
    others = [
        np.column_stack([reports.resources[positions], values[positions]])
        for trial_id, positions in curves.items()
        if trial_id != best and len(positions) > 1
    ]
    axis.add_collection(
        LineCollection(others, colors=TRIAL, linewidths=thickness, alpha=opacity, zorder=2, rasterized=is_picture)
    )
    for decision, marker, size in ((Decision.PAUSE, "o", 2.0), (Decision.STOP, "|", 5.0)):
        there = np.flatnonzero((reports.decisions == decision.value) & np.isfinite(values))
        _mark(axis, reports, there, TRIAL, marker, size, alpha=min(2 * opacity, DARKEST), rasterized=is_picture)
    single = [positions[0] for positions in curves.values() if len(positions) == 1]
    _mark(axis, reports, np.array(single, np.int64), TRIAL, "o", 2.0, alpha=opacity, rasterized=is_picture)
    last = {trial_id: positions[-1] for trial_id, positions in curves.items() if len(positions)}
    failed = [position for trial_id, position in last.items() if trial_id in reports.failed]
    _mark(axis, reports, np.array(failed, np.int64), FAILED, "x", 3.0, zorder=5)
    running = [last[trial_id] for trial_id in _still_running(reports) if trial_id in last]
    _mark(axis, reports, np.array(running, np.int64), RUNNING, ">", 3.5, zorder=8)
    if best in curves:
        positions = curves[best]
        axis.plot(reports.resources[positions], values[positions], color=BEST, linewidth=1.4, zorder=6)
        at_best = positions[np.argmin(reports.losses[positions, 0])]
        _mark(axis, reports, np.array([at_best]), BEST, "*", 7.0, zorder=7)


def _look(reports: TrialReports) -> tuple[float, float]:
    """The thickness and the opacity of curves, by how many there are."""
    n = sum(len(positions) > 1 for positions in reports.by_trial.values())
    return (0.8 if n <= FEW else 0.5), float(np.clip(TOGETHER / max(n, 1), LIGHTEST, DARKEST))


def _still_running(reports: TrialReports) -> list[int]:
    """Trials that ran when the experiment ended; none where neither events nor a highest resource tell it."""
    if reports.experiment.metadata.get("max_resource") is None and not (reports.experiment.path / EVENTS).exists():
        return []
    return [run.trial_id for run in trial_runs(reports) if run.how == "running"]


def _mark(
    axis: Axes,
    reports: TrialReports,
    positions: NDArray[np.int64],
    colour: str,
    marker: str,
    size: float,
    *,
    alpha: float = 1.0,
    zorder: int = 3,
    rasterized: bool = False,
) -> None:
    """Mark reports."""
    is_thin = marker in "|x"
    axis.plot(
        reports.resources[positions],
        reports.values[positions, 0],
        linestyle="none",
        color=colour,
        marker=marker,
        markersize=size,
        markeredgewidth=0.8 if is_thin else 0,
        alpha=alpha,
        zorder=zorder,
        rasterized=rasterized,
    )


def _set_axes(axis: Axes, reports: TrialReports) -> int:
    """Set scales, ends and ticks; how many trials have values outside."""
    values = reports.values[:, 0]
    known = values[np.isfinite(values)]
    is_least_best = reports.modes[0] == "min"
    low, high = float(known.min()), float(known.max())
    almost = float(np.quantile(known, ALMOST_ALL if is_least_best else 1 - ALMOST_ALL))
    if abs(high - low) > 2 * abs(almost - (low if is_least_best else high)) > 0:
        low, high = (low, almost) if is_least_best else (almost, high)
    shown = known[(known >= low) & (known <= high)]
    is_log = spans_decades(shown)
    bottom, top = with_margin(low, high, is_log=is_log)
    _set_resources(axis, reports)
    if is_log:
        axis.set_yscale("log")
        middle = axis.transData.inverted().transform(axis.transAxes.transform((0.5, 0.5)))[0]
        late = values[(reports.resources >= middle) & (values >= low) & (values <= high)]
        set_log_ticks(axis.yaxis, bottom, top, better_half(late, reports.modes[0]) if len(late) else None)
    axis.set_ylim(bottom, top)
    outside = np.isfinite(values) & ((values < bottom) | (values > top))
    return len(np.unique(reports.trial_ids[outside]))


def _set_resources(axis: Axes, reports: TrialReports) -> None:
    from matplotlib.ticker import MaxNLocator, NullLocator

    ends = np.array([reports.resources[positions].max() for positions in reports.by_trial.values()])
    first, last = int(reports.resources.min()), int(ends.max())
    is_log = first > 0 and float(np.mean(ends <= SMALL * last)) > SHORT
    if is_log:
        axis.set_xscale("log")
    span = (last / first) ** 0.03 if is_log else 0.03 * (last - first) or 0.5
    axis.set_xlim((first / span, last * span) if is_log else (first - span, last + span))
    levels = [level for level in rungs(reports) if first <= level <= last]
    for level in levels:
        axis.axvline(level, color=RUNG, linewidth=0.5, zorder=1)
    if levels:
        low, high = axis.get_xlim()
        ticks = apart([float(level) for level in {*levels, last}], low, high, is_log=is_log)
        axis.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
        axis.xaxis.set_minor_locator(NullLocator())
    elif is_log:
        set_log_ticks(axis.xaxis, first, last)
    elif first == last:
        axis.set_xticks([first])
    else:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def _entries(reports: TrialReports, *, has_best: bool) -> Mapping[str, Any]:
    entries = {}
    if len(reports.by_trial) > has_best:
        thickness, opacity = _look(reports)
        entries["a trial"] = handle(TRIAL, line=thickness)
        entries["a trial"].set_alpha(opacity)
    if has_best:
        entries["the best trial"] = handle(BEST, line=1.4, marker="*", size=7.0)
    if (reports.decisions == Decision.PAUSE.value).any():
        entries["paused"] = handle(TRIAL, marker="o", size=2.5)
    if (reports.decisions == Decision.STOP.value).any():
        entries["stopped"] = handle(TRIAL, marker="|", size=5.0, edge=0.8)
    if _still_running(reports):
        entries["still ran at the end"] = handle(RUNNING, marker=">", size=3.5)
    if reports.failed & set(reports.by_trial):
        entries["failed"] = handle(FAILED, marker="x", size=3.5, edge=0.8)
    if rungs(reports):
        entries["rung"] = handle(RUNG, line=0.5)
    return entries
