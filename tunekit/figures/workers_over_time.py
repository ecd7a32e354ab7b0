"""What the workers of one experiment did: a row for each, a bar for each run of a trial."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tunekit.console import plural
from tunekit.figures.line_styles import COLOURS
from tunekit.figures.paper import PAGE_WIDTH
from tunekit.figures.sheet import OneExperiment, opened, set_labels, set_legend, set_title, sheet, whose
from tunekit.figures.time_axis import TimeAxis
from tunekit.results.trial_reports import NothingToShow, read_trial_reports
from tunekit.results.trial_runs import How, n_workers, trial_runs
from tunekit_core.records.files import EVENTS

if TYPE_CHECKING:
    from tunekit.figures.paper_figure import PaperFigure

ROW_HEIGHT, ROOM, HIGHEST = 0.2, 0.75, 8.0  # inches
MOST_VECTORS = 4000  # bars; with more, they are a picture within the PDF
BAR_HEIGHT = 0.8  # of a row
EDGE_WIDTH = 0.25  # points
MOST_TICKS = 20  # rows that are numbered
LOOKS: dict[How, tuple[str, str]] = {  # colour and hatch: told apart without colour too
    "paused": (COLOURS[5], ""),
    "stopped": (COLOURS[4], "///"),
    "completed": (COLOURS[0], ""),
    "failed": (COLOURS[6], ""),
    "running": ("#FFFFFF", "...."),
}
NAMES: dict[How, str] = {  # of bars: the trial ran all along one that ended by a pause
    "paused": "ended by a pause",
    "stopped": "ended by a stop",
    "completed": "ended by completion",
    "failed": "ended by failure",
    "running": "still ran at the end",
}


def worker_timeline(experiment: OneExperiment) -> PaperFigure:
    """A row for each worker with a bar for each run of a trial, from its start to where it paused or ended.

    Where events were kept, as on real machines, they tell when runs began and ended. In a simulation the reports do:
    trials that did not come to a report are not shown then. A row is no machine: each run is in the first that was
    free.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a page of a paper. ``savefig`` writes it as PDF, PNG or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If no trial has reported, or its events tell of none that was started.
    """
    reports = read_trial_reports(opened(experiment))
    runs = trial_runs(reports)
    if not runs:  # such as of a record that was copied in part
        raise NothingToShow(f"{EVENTS} tells of no trial that was started")
    time = TimeAxis(max(run.end for run in runs))
    n_rows = n_workers(runs)
    height = min(ROW_HEIGHT * n_rows + ROOM, HIGHEST)
    entries = {}
    with sheet(PAGE_WIDTH, height) as (figure, (axis,)):
        from matplotlib.collections import PatchCollection
        from matplotlib.patches import Patch, Rectangle

        for how, (colour, hatch) in LOOKS.items():
            those = [run for run in runs if run.how == how]
            if not those:
                continue
            bars = [
                Rectangle(
                    (run.start / time.unit, run.worker - BAR_HEIGHT / 2), (run.end - run.start) / time.unit, BAR_HEIGHT
                )
                for run in those
            ]
            edge, is_picture = ("0.2" if how == "running" else "white"), len(runs) > MOST_VECTORS
            axis.add_collection(
                PatchCollection(
                    bars, facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=EDGE_WIDTH, rasterized=is_picture
                )
            )
            entry = Patch(facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=EDGE_WIDTH)
            entries[NAMES[how]] = entry
        time.set_limits(axis)
        axis.set_ylim(n_rows - 0.4, -0.6)
        numbered = range(0, n_rows, math.ceil(n_rows / MOST_TICKS))
        axis.set_yticks(numbered, [str(row + 1) for row in numbered])
        busy = sum(run.end - run.start for run in runs) / (n_rows * time.end) if time.end else 1.0
        trials = plural(len({run.trial_id for run in runs}), "trial")
        workers = f"{plural(n_rows, 'worker')}, busy for {100 * busy:.0f} % of the time"
        about = f"{plural(len(runs), 'run')} of {trials}; {workers}"
        set_title(figure, [whose(reports.experiment.metadata), about])
        set_labels(figure, axis, time.label, "Worker", width=PAGE_WIDTH, height=height)
        set_legend(figure, entries)
    return figure
