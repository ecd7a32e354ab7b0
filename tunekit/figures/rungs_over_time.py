"""How many trials have come to each rung, over the time of one experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunekit.figures.line_styles import COLOURS, style_at
from tunekit.figures.paper import COLUMN_WIDTH
from tunekit.figures.scales import set_log_ticks
from tunekit.figures.sheet import OneExperiment, handle, opened, set_labels, set_legend, set_title, sheet, whose
from tunekit.figures.time_axis import TimeAxis
from tunekit.results.rungs import rungs
from tunekit.results.trial_reports import NothingToShow, TrialReports, read_trial_reports
from tunekit_core.builtin.rung_sizes import PREFIX

if TYPE_CHECKING:
    from tunekit.figures.paper_figure import PaperFigure

HEIGHT = 2.4  # inches
LINE_WIDTH = 1.2  # points
LOG_FROM = 20  # trials at the fullest rung, from which on a linear scale would show little of the others
TOP = 1.3  # times the largest number, of a logarithmic axis


def rung_occupancy(experiment: OneExperiment) -> PaperFigure:
    """How many trials have reported at each rung, over time; a rung without a trial yet has no line.

    The resource at which trials are complete counts as a rung too, once one is.

    It is what the composer ``rung_sizes`` has recorded, or, where it was not on, how many trials have reported at the
    resource of each rung; with several brackets the latter counts trials of all of them, also those that only pass it.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a column of a paper. ``savefig`` writes it as PDF, PNG or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If it has no rungs.
    """
    from matplotlib.ticker import MaxNLocator

    reports = read_trial_reports(opened(experiment))
    levels = rungs(reports)
    if not levels:
        raise NothingToShow("its scheduler has no rungs at which trials are compared")
    end_of_trials = reports.experiment.metadata.get("max_resource")
    if end_of_trials is not None and end_of_trials > levels[-1] and (reports.resources >= end_of_trials).any():
        levels.append(end_of_trials)
    sizes = {level: rung_size(reports, level) for level in levels}
    time = TimeAxis.of(reports)
    times = np.append(reports.times, time.end) / time.unit
    highest = max(float(size[-1]) for size in sizes.values())
    entries = {}
    with sheet(height=HEIGHT) as (figure, (axis,)):
        for place, level in enumerate(reversed(levels)):
            look = style_at(place % len(COLOURS))
            size = np.append(sizes[level], sizes[level][-1])
            shown = np.where(size > 0, size, np.nan)
            (line,) = axis.step(times, shown, where="post", color=look.colour, linewidth=LINE_WIDTH)
            line.set_dashes(look.dashes)
            entry = handle(look.colour, line=LINE_WIDTH)
            entry.set_dashes(look.dashes)
            entries[f"{reports.resource} {level}"] = entry
        time.set_limits(axis)
        if highest >= LOG_FROM:
            axis.set_yscale("log")
            set_log_ticks(axis.yaxis, 1, TOP * highest)
            axis.set_ylim(1 / TOP, TOP * highest)
        else:
            axis.set_ylim(0, TOP * highest or 1.0)
            axis.yaxis.set_major_locator(MaxNLocator(integer=True))
        set_title(figure, [whose(reports.experiment.metadata), "trials that have come to each rung"])
        set_labels(figure, axis, time.label, "Trials", width=COLUMN_WIDTH, height=HEIGHT)
        set_legend(figure, entries)
    return figure


def rung_size(reports: TrialReports, level: int) -> NDArray[np.float64]:
    """After each of n reports how many trials have come to a rung: an (n,) array."""
    recorded = reports.columns.get(f"{PREFIX}{level}")
    if recorded is not None:
        return np.nan_to_num(recorded)  # empty before the first trial was there
    there = np.flatnonzero(reports.resources == level)
    _, first = np.unique(reports.trial_ids[there], return_index=True)
    is_first = np.zeros(len(reports.resources))
    is_first[there[first]] = 1
    return np.cumsum(is_first)
