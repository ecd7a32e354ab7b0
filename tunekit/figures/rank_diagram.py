"""Average ranks of the setups of a study on a line, and which of them are not told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from tunekit.console import plural
from tunekit.figures.figure_text import Ruler, drawable
from tunekit.figures.line_styles import COLOURS
from tunekit.figures.paper import COLUMN_WIDTH, LINE_HEIGHT, PAGE_WIDTH, style
from tunekit.figures.sheet import TITLE_MARGIN
from tunekit.results.trial_reports import NothingToShow
from tunekit.studies.comparison import Comparison, check_is_comparison
from tunekit.studies.statistics.ranks import LEAST_BENCHMARKS, CriticalDifference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tunekit.figures.paper_figure import PaperFigure

MOST_IN_COLUMN = 6  # setups; a diagram of more is as wide as a page
NAME_SHARE, NAME_GAP = 0.3, 0.06  # of the width for names at either side; inches between a name and its line
TICK, GAP, BAR_GAP = 0.05, 0.08, 0.11  # inches: a tick, between names, between bars
MARGIN = 0.08  # inches


@attrs.frozen
class Scale:
    """Where ranks are, in inches from the left.

    Attributes:
        left: Of rank 1.
        right: Of the last rank.
        n: The last rank.
    """

    left: float
    right: float
    n: int

    def at(self, rank: float) -> float:
        """Where a rank is."""
        return self.left + (self.right - self.left) * (rank - 1) / (self.n - 1)


def critical_difference_diagram(comparison: Comparison) -> PaperFigure:
    """The average rank of each setup over the benchmarks, 1 is best, and bars that join those that are not told apart.

    Ranks are those of medians at the end. A bar has a dot at each setup that it joins. Pairs are tested by Wilcoxon's
    test over benchmarks and Holm's rule, not by the distance of ranks, so that a bar may pass a setup that it does not
    join.

    Args:
        comparison: What :func:`tunekit.compare` gives.

    Returns:
        A figure as wide as a column of a paper, or as a page with more than six setups. ``savefig`` writes it as PDF,
        PNG or SVG.

    Raises:
        NothingToShow: If there are fewer than two setups, or fewer than ten benchmarks that all have been run on:
            hardly any pair could be told apart, and the diagram would say that all are equal.
        ConfigurationError: If it is no comparison.
    """
    check_is_comparison(comparison, "critical_difference_diagram")
    critical = comparison.critical_difference
    if critical is None:
        raise NothingToShow(_why_none(comparison))
    from tunekit.figures.paper_figure import PaperFigure

    setups = sorted(comparison.ranks, key=lambda setup: (comparison.ranks[setup], setup))
    width = COLUMN_WIDTH if len(setups) <= MOST_IN_COLUMN else PAGE_WIDTH
    name_width = NAME_SHARE * width
    scale = Scale(MARGIN + name_width, width - MARGIN - name_width, len(setups))
    with style():
        figure = PaperFigure(width, 1.0)
        figure.set_layout_engine("none")  # all is placed in inches
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_axis_off()
        depth = MARGIN + _draw_title(axis, comparison, width, figure.ruler)
        depth = _draw_scale(axis, scale, depth)
        top, depth = depth, _draw_bars(axis, comparison, critical, scale, depth)
        depth = max(
            _draw_names(axis, comparison, names, scale, (top, depth), figure.ruler)
            for names in (setups[: (len(setups) + 1) // 2], setups[: (len(setups) - 1) // 2 : -1])
        )
        axis.set_xlim(0, width)
        axis.set_ylim(depth + MARGIN, 0)
        figure.set_figheight(depth + MARGIN)
    return figure


def _why_none(comparison: Comparison) -> str:
    if len({setup for panel in comparison.panels for setup in (method.label for method in panel.methods)}) < 2:
        return "a critical-difference diagram compares setups, and there is one"
    there_are = f"there {'is' if comparison.n_ranked == 1 else 'are'} {comparison.n_ranked}"
    return (
        f"a critical-difference diagram takes {LEAST_BENCHMARKS} benchmarks that all setups have been run on, and "
        f"{there_are}: with fewer hardly any pair can be told apart; `report` shows average ranks"
    )


def _draw_title(axis: Axes, comparison: Comparison, width: float, ruler: Ruler) -> float:
    """Inches that it takes."""
    ranks = f"Average ranks of medians over {plural(comparison.n_ranked, 'benchmark')}, 1 is best"
    parts = [ranks, "a bar joins setups that are not told apart"]
    text = "\n".join(ruler.in_lines(part, width - TITLE_MARGIN) for part in parts)
    axis.text(width / 2, MARGIN, text, ha="center", va="top")
    return LINE_HEIGHT * (text.count("\n") + 1) + GAP


def _draw_scale(axis: Axes, scale: Scale, depth: float) -> float:
    """Draw the line of ranks; where what lies below it begins."""
    line = depth + LINE_HEIGHT + TICK
    axis.plot([scale.left, scale.right], [line, line], color="black", linewidth=0.8)
    for rank in range(1, scale.n + 1):
        axis.plot([scale.at(rank)] * 2, [line - TICK, line], color="black", linewidth=0.8)
        axis.text(scale.at(rank), line - 1.2 * TICK, str(rank), ha="center", va="bottom")
    return line


def _draw_bars(axis: Axes, comparison: Comparison, critical: CriticalDifference, scale: Scale, depth: float) -> float:
    """Draw what joins setups that are not told apart; where names may begin."""
    setups = list(comparison.ranks)
    for clique in critical.cliques:
        depth += BAR_GAP
        places = [scale.at(comparison.ranks[setups[member]]) for member in clique]
        axis.plot([min(places), max(places)], [depth, depth], color=COLOURS[1], linewidth=2.0, zorder=3)
        axis.plot(
            places, [depth] * len(places), linestyle="none", color=COLOURS[1], marker="o", markersize=4.0, zorder=4
        )
    return depth + GAP


def _draw_names(
    axis: Axes,
    comparison: Comparison,
    names: list[str],
    scale: Scale,
    depths: tuple[float, float],
    ruler: Ruler,
) -> float:
    """Draw the names of setups at one side, from the outermost rank inwards, and lines to them; where they end.

    ``depths`` are that of the line of ranks, and where names begin.
    """
    line, depth = depths
    is_left = bool(names) and scale.at(comparison.ranks[names[0]]) <= (scale.left + scale.right) / 2
    edge = scale.left if is_left else scale.right
    outwards = -1.0 if is_left else 1.0
    for name in names:
        text = ruler.in_lines(f"{drawable(name)} ({comparison.ranks[name]:.2f})", scale.left - MARGIN - NAME_GAP)
        height = LINE_HEIGHT * (text.count("\n") + 1)
        middle = depth + height / 2
        place = scale.at(comparison.ranks[name])
        axis.plot([place, place, edge], [line, middle, middle], color="black", linewidth=0.6)
        axis.text(edge + outwards * NAME_GAP, middle, text, ha="right" if is_left else "left", va="center")
        depth += height + GAP
    return depth
