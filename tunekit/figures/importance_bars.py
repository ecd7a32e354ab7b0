"""Which hyperparameters mattered in one experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tunekit.console import plural
from tunekit.figures.figure_text import drawable
from tunekit.figures.line_styles import COLOURS
from tunekit.figures.paper import COLUMN_WIDTH, LINE_HEIGHT
from tunekit.figures.sheet import OneExperiment, handle, opened, set_labels, set_legend, set_title, sheet, whose
from tunekit.results.importance import importance
from tunekit.results.trial_reports import read_trial_reports

if TYPE_CHECKING:
    from tunekit.figures.paper_figure import PaperFigure

BAR_HEIGHT, GAP, ROOM = 0.19, 0.06, 0.75  # inches of a bar with its gap, of that between names, beside all
NAME_WIDTH = 1.3  # inches
PERCENT = 100.0
MOST_BARS = 30


def hyperparameter_importance(experiment: OneExperiment) -> PaperFigure:
    """Which hyperparameters tell the best tenth of the trials from all, by PED-ANOVA; see the statistics in the docs.

    Trials are compared at one resource alone, which the title names: the highest at which a fifth of all have reported,
    and at least 100 or half of them. A bar that does not go beyond its black line may be chance.

    Args:
        experiment: One that was loaded, its folder, or the name of its folder.

    Returns:
        A figure as wide as a column of a paper. ``savefig`` writes it as PDF, PNG or SVG.

    Raises:
        RecordError: If there is no such experiment, or it cannot be read.
        NothingToShow: If fewer than 20 trials have reported at the same resource, or they do not differ.

    References:
        Watanabe, Bansal and Hutter, PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
        Subspaces, IJCAI 2023, arXiv:2304.10255.
    """
    reports = read_trial_reports(opened(experiment))
    found = importance(reports)
    names = list(found.shares)[:MOST_BARS]
    with sheet() as (figure, (axis,)):
        labels = [figure.ruler.in_lines(drawable(name), NAME_WIDTH) for name in names]
        heights = [LINE_HEIGHT * (label.count("\n") + 1) + GAP for label in labels]
        rows = np.maximum(np.array(heights) / BAR_HEIGHT, 1.0)
        places = np.cumsum(rows) - rows / 2
        height = BAR_HEIGHT * float(rows.sum()) + ROOM
        figure.set_figheight(height)
        shares = [PERCENT * found.shares[name] for name in names]
        chances = [PERCENT * found.by_chance[name] for name in names]
        axis.barh(places, shares, height=0.65, color=COLOURS[0])
        for place, chance in zip(places, chances, strict=True):
            axis.plot([chance, chance], [place - 0.4, place + 0.4], color=COLOURS[6], linewidth=1.2)
        axis.set_yticks(places, labels)
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(float(rows.sum()), 0)
        axis.set_xlim(0, 1.05 * min(max([*shares, *chances]), PERCENT))
        best = f"the best {found.n_best:,} of {found.n_trials:,} trials"
        title = f"{best} against all at {reports.resource} {found.resource}"
        set_title(figure, [whose(reports.experiment.metadata), title, _left_out(found.n_all - found.n_trials)])
        width = COLUMN_WIDTH - NAME_WIDTH
        set_labels(figure, axis, f"Importance for {reports.metrics[0]} (%)", "", width=width, height=height)
        bar = handle(COLOURS[0], marker="s", size=5.0)
        line = handle(COLOURS[6], marker="|", size=8.0, edge=1.2)
        set_legend(figure, {"importance (PED-ANOVA)": bar, "95 % of draws at random stay below": line})
    return figure


def _left_out(n: int) -> str:
    return f"left out: {plural(n, 'trial')} without a report there" if n else ""
