"""One panel of a figure: lines, areas around them, and axes that show what the runs have reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit.figures.line_styles import LineStyle
from tunekit.figures.scales import LARGEST_LINEAR_RATIO, better_half, set_log_ticks, with_margin
from tunekit.figures.time_axis import TimeAxis
from tunekit.studies.panels import MethodCurves, Panel, Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_TIMES = 400
LEAST_RUNS_FOR_INTERVAL = 5  # Student's t of fewer goes far beyond what any run has reached: 9 deviations with two
LARGEST_DRAWN = 1e307  # in size: ten times the length of an axis is a number still
# The script of a page chooses limits by the same rule and numbers, anew whenever a setup is hidden: axes.js.
SETTLED_FROM = 0.05  # of the time shown: values before that may lie outside the panel
LATE_FROM, LATE_SHARE = 0.25, 0.3  # of the time shown, and of a linear axis at the least
MOST_ENLARGED = 8.0  # times
LINE_WIDTH, EDGE_WIDTH, MARKER_SIZE = 1.3, 0.5, 3.5  # points
MARKERS_ON_LINE = 6
DARKEST_AREA, AREAS_TOGETHER = 0.2, 0.6  # opacity: many areas over each other stay readable


@attrs.frozen(eq=False)
class Line:
    """What is drawn of a method.

    Attributes:
        method: The method.
        drawn: At each time the median and the ends of the area around it; NaN where there is none, and beyond the end
            of the last run.
    """

    method: MethodCurves
    drawn: Spread


@attrs.frozen(eq=False)
class PanelLines:
    """What is drawn of a panel.

    Attributes:
        panel: What it compares.
        end: Seconds that are shown: to the end of the budget, or of the longest run if that is earlier.
        times: Those of each line.
        lines: Of the methods that have a median, the best at the end first.
        without: Labels of those that have none: too many of their runs have found no value.
    """

    panel: Panel
    end: float
    times: NDArray[np.float64]
    lines: Sequence[Line]
    without: Sequence[str]


def lines_of(panel: Panel, shares: NDArray[np.float64] | None = None) -> PanelLines:
    """What is to be drawn of a panel; without lines there is nothing.

    Args:
        panel: The panel.
        shares: Of the time that is shown, where lines have points, from 0 to 1; evenly many unless given.
    """
    last = max((curve.end for method in panel.methods for curve in method.curves), default=0.0)
    end = min(panel.budget, last) or 1.0
    times = np.linspace(0, end, N_TIMES + 1) if shares is None else end * shares
    lines = [_line(panel, method, times) for method in panel.methods]
    shown = [line for line in lines if np.isfinite(line.drawn.centre).any()]
    without = [line.method.label for line in lines if line not in shown]
    return PanelLines(panel, end, times, shown, without)


def about_area(lines: Sequence[Line]) -> str:
    """What line and area of these methods stand for."""
    runs = sorted({len(line.method.curves) for line in lines})
    if runs == [1]:
        return "1 run" if len(lines) == 1 else "1 run of each"
    count = str(runs[0]) if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    if runs[-1] < LEAST_RUNS_FOR_INTERVAL:
        return f"median and range of {count} runs"
    if not any(1 < n < LEAST_RUNS_FOR_INTERVAL for n in runs):
        return f"median and 95 % interval of {count} runs"
    return f"median of {count} runs and 95 % interval, or range where there are fewer than {LEAST_RUNS_FOR_INTERVAL}"


def draw_lines(axis: Axes, drawn: PanelLines, styles: Mapping[str, LineStyle]) -> None:
    """Draw lines and areas, and set the limits and the ticks of the axes."""
    is_log = _is_log(drawn.lines)
    bottom, top = _limits(drawn, is_log=is_log)
    unit = TimeAxis(drawn.end).unit
    times = drawn.times / unit
    n = len(drawn.lines)
    for position, line in enumerate(drawn.lines):
        style = styles[line.method.label]
        above = 3 * n - position  # the best on top
        opacity = min(DARKEST_AREA, AREAS_TOGETHER / n)
        axis.fill_between(
            times,
            line.drawn.low,
            line.drawn.high,
            step="post",
            color=style.colour,
            alpha=opacity,
            linewidth=0,
            zorder=1,
        )
        for edge in (line.drawn.low, line.drawn.high):
            axis.step(times, edge, where="post", color=style.colour, linewidth=EDGE_WIDTH, alpha=0.4, zorder=2)
        (drawing,) = axis.step(
            times,
            line.drawn.centre,
            where="post",
            color=style.colour,
            linewidth=LINE_WIDTH,
            zorder=above,
            marker=style.marker,
            markersize=MARKER_SIZE,
            markeredgewidth=0,
            markevery=_marked(line.drawn.centre, position / n),
        )
        drawing.set_dashes(style.dashes)
    axis.set_xlim(0, drawn.end / unit)
    if is_log:
        axis.set_yscale("log")
        set_log_ticks(axis.yaxis, bottom, top, better_half(_settled(drawn.lines), drawn.panel.mode))
    axis.set_ylim(bottom, top)


def _line(panel: Panel, method: MethodCurves, times: NDArray[np.float64]) -> Line:
    spread = panel.spread(method, times)
    low, high = spread.low, spread.high
    if len(method.curves) < LEAST_RUNS_FOR_INTERVAL:
        values = panel.sign * panel.losses(method, times)
        low, high = values.min(axis=0), values.max(axis=0)
    last = max((curve.end for curve in method.curves), default=0.0)
    has_run = np.arange(len(times)) <= np.searchsorted(times, last)  # to the first time that is not before the end
    known = has_run & np.isfinite(low) & np.isfinite(high)  # a run without a value has no place on the axis
    median, low, high = (edge.clip(-LARGEST_DRAWN, LARGEST_DRAWN) for edge in (spread.centre, low, high))
    edges = (np.where(known, edge, np.nan) for edge in (low, high))
    return Line(method, Spread(np.where(has_run, median, np.nan), *edges))


def _is_log(lines: Sequence[Line]) -> bool:
    """Whether all that is shown is above 0, and the medians span so much that little would be seen of the end."""
    medians = _finite([line.drawn.centre for line in lines])
    lowest = _finite([edge for line in lines for edge in (line.drawn.low, line.drawn.centre)])
    return bool(lowest.min() > 0 and medians.max() / LARGEST_LINEAR_RATIO > medians.min())


def _limits(drawn: PanelLines, *, is_log: bool) -> tuple[float, float]:
    """Ends of the axis: medians and areas, but for the first moments, with a margin.

    On a linear axis what there is after a quarter of the time has a share that lets it be told apart.
    """
    edges = [edge for line in drawn.lines for edge in (line.drawn.low, line.drawn.high, line.drawn.centre)]
    values = _finite(edges)
    low, high = float(values.min()), float(values.max())
    late = np.concatenate([edge[drawn.times >= LATE_FROM * drawn.end] for edge in edges])
    late = late[np.isfinite(late)]
    if not is_log and len(late) and 0 < (length := float(np.ptp(late) / LATE_SHARE)) < high - low:
        length = max(length, (high - low) / MOST_ENLARGED)
        if drawn.panel.mode == "min":
            high = min(high, float(late.min()) + length)
        else:
            low = max(low, float(late.max()) - length)
    return with_margin(low, high, is_log=is_log)


def _settled(lines: Sequence[Line]) -> NDArray[np.float64]:
    """The medians in the last half of each line."""
    known = [line.drawn.centre[np.isfinite(line.drawn.centre)] for line in lines]
    return np.concatenate([each[len(each) // 2 :] for each in known])


def _finite(arrays: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """All numbers but those of the first moments, when every method is far from where it comes to."""
    known = [np.flatnonzero(np.isfinite(array)) for array in arrays]
    settled = [
        array[each[(each >= SETTLED_FROM * N_TIMES) | (each == each[-1])]]  # its end, if that is in the first moments
        for array, each in zip(arrays, known, strict=True)
        if len(each)
    ]
    return np.concatenate(settled)


def _marked(median: NDArray[np.float64], shift: float) -> list[int]:
    """Positions of markers on a line, not where those of other lines are; at least one."""
    step = len(median) / MARKERS_ON_LINE
    wanted = [int((turn + (0.5 + shift) % 1) * step) for turn in range(MARKERS_ON_LINE)]
    known = np.flatnonzero(np.isfinite(median))
    return [position for position in wanted if np.isfinite(median[position])] or [int(known[-1])]
