"""What one experiment has cost, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit.figures.line_styles import COLOURS
from tunekit.figures.paper import COLUMN_WIDTH
from tunekit.figures.sheet import OneExperiment, opened, set_labels, set_title, sheet, whose
from tunekit.figures.time_axis import TimeAxis
from tunekit.results.costs import amount
from tunekit.results.costs_so_far import costs_so_far
from tunekit.results.trial_reports import read_trial_reports

if TYPE_CHECKING:
    from tunekit.figures.paper_figure import PaperFigure

HEIGHT = 2.2  # inches


def cost_over_time(experiment: OneExperiment) -> PaperFigure:
    """What all trials together have cost, over time, in the unit in which it was told.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a column of a paper. ``savefig`` writes it as PDF, PNG or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If no costs are recorded.
    """
    reports = read_trial_reports(opened(experiment))
    times, totals = costs_so_far(reports)
    metadata = reports.experiment.metadata
    time = TimeAxis.of(reports)
    unit_of_cost = str((metadata.get("cost") or {}).get("unit", ""))
    with sheet(height=HEIGHT) as (figure, (axis,)):
        time.draw_steps(axis, times, totals, COLOURS[0])
        axis.set_ylim(0, 1.05 * float(totals.max()) or 1.0)
        total = amount(float(totals[-1]), unit_of_cost).strip()
        set_title(figure, [whose(metadata), f"{total} in all"])
        upwards = f"Cost ({unit_of_cost})" if unit_of_cost else "Cost, as reported"
        set_labels(figure, axis, time.label, upwards, width=COLUMN_WIDTH, height=HEIGHT)
    return figure
