"""Which hyperparameters mattered in one experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tunekit.console import plural
from tunekit.figures.figure_text import drawable
from tunekit.figures.line_styles import COLOURS
from tunekit.figures.paper import COLUMN_WIDTH, LINE_HEIGHT
from tunekit.figures.sheet import (
    OneExperiment,
    about_resource,
    handle,
    opened,
    set_labels,
    set_legend,
    set_title,
    sheet,
    whose,
)
from tunekit.results.importance import Importance, importance
from tunekit.results.trial_reports import read_trial_reports

if TYPE_CHECKING:
    from tunekit.figures.paper_figure import PaperFigure

BAR_HEIGHT, GAP, ROOM = 0.19, 0.06, 0.75  # inches of a bar with its gap, of that between names, beside all
NAME_WIDTH, SHARE_WIDTH = 1.3, 0.4  # inches
PERCENT = 100.0
MOST_BARS = 30
FEW_BEST = 10  # trials: of fewer the title says so
PALE = 0.35  # opacity of a bar within chance


def hyperparameter_importance(experiment: OneExperiment) -> PaperFigure:
    """Which hyperparameters tell the best tenth of the trials from all, by PED-ANOVA; see the statistics in the docs.

    Trials are compared at one resource alone, which the title names: the highest at which a fifth of all have reported,
    and at least 100 or half of them. A bar is a divergence, and its share of the sum stands beside it. One that does
    not go beyond its black line may be chance, and is pale.

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
        lengths = [found.divergences[name] for name in names]
        chances = [found.by_chance[name] for name in names]
        is_clear = [name in found.clear for name in names]
        bars = axis.barh(places, lengths, height=0.65, color=COLOURS[0])
        for bar, clear in zip(bars, is_clear, strict=True):
            bar.set_alpha(1.0 if clear else PALE)
        beside = axis.get_yaxis_transform()
        for name, place, chance in zip(names, places, chances, strict=True):
            axis.plot([chance, chance], [place - 0.4, place + 0.4], color=COLOURS[6], linewidth=1.2)
            share = f"{PERCENT * found.shares[name]:.0f} %"
            axis.text(1.17, place, share, transform=beside, ha="right", va="center")
        axis.set_yticks(places, labels)
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(float(rows.sum()), 0)
        axis.set_xlim(0, 1.05 * max([*lengths, *chances]))
        best = f"the best {found.n_best:,} of {found.n_trials:,} trials"
        title = f"{best} against all at {reports.resource} {found.resource}"
        title += about_resource(reports, found.resource)
        left_out = _left_out(found.n_all - found.n_trials)
        set_title(figure, [whose(reports.experiment.metadata), title, left_out, _doubts(found)])
        width = COLUMN_WIDTH - NAME_WIDTH - SHARE_WIDTH
        across = f"Divergence for {reports.metrics[0]} (and share)"
        set_labels(figure, axis, across, "", width=width, height=height)
        figure.set_figheight(figure.get_figheight() + LINE_HEIGHT * axis.get_xlabel().count("\n"))
        entries = {"importance (PED-ANOVA)": handle(COLOURS[0], marker="s", size=5.0)} if any(is_clear) else {}
        if not all(is_clear):
            entries["importance that may be chance"] = handle(COLOURS[0], marker="s", size=5.0)
            entries["importance that may be chance"].set_alpha(PALE)
        entries["95 % of draws at random stay below"] = handle(COLOURS[6], marker="|", size=8.0, edge=1.2)
        set_legend(figure, entries)
    return figure


def _doubts(found: Importance) -> str:
    """Why little follows from a figure, if that is so."""
    few = f"{found.n_best} are few to tell by" if found.n_best < FEW_BEST else ""
    none = "" if found.clear else "no hyperparameter is clear of chance"
    return f"{found.n_best} are few; {none}" if few and none else few or none


def _left_out(n: int) -> str:
    return f"left out: {plural(n, 'trial')} without a report there" if n else ""
