"""Best value over time as a figure: a panel for each problem, mean and interval of each method."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunekit.results.comparison import Panel

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design", 2008: told apart with every kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
LINES = ("-", "--", ":", "-.")  # for more methods than colours
N_TIMES = 400
COLUMNS = 3
PANEL_SIZE = (4.2, 3.1)  # inches
LARGEST_LINEAR_RATIO = 5.0  # a metric that spans more is drawn on a logarithmic scale
FORMAT = 2  # of the drawing; raised when equal data should give another figure


def draw(panels: Sequence[Panel], stem: Path) -> list[Path]:
    """Write the figure as PNG and PDF, unless the files there show the same data already.

    Args:
        panels: What to draw.
        stem: Path of the files without their suffix.

    Returns:
        The two files.
    """
    files = [stem.with_name(f"{stem.name}.{suffix}") for suffix in ("png", "pdf")]
    key = f"tunekit-figure-{_digest(panels)}"
    if all(file.exists() and key.encode() in file.read_bytes() for file in files):
        return files
    figure = _figure(panels)
    # Without dates and versions, equal data give equal bytes.
    metadata = {
        "png": {"Software": None, "Description": key},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Subject": key},
    }
    for file in files:
        temporary = file.with_name(f".{file.name}.{os.getpid()}.part")  # two sweeps may draw the same figure
        figure.savefig(temporary, format=file.suffix[1:], dpi=200, metadata=metadata[file.suffix[1:]])
        temporary.replace(file)
    return files


def _digest(panels: Sequence[Panel]) -> str:
    digest = hashlib.sha256(str(FORMAT).encode())
    for panel in panels:
        digest.update(f"{panel.problem} {panel.metric} {panel.mode} {panel.budget}".encode())
        for row in panel.rows:
            digest.update(row.label.encode())
            for curve in row.curves:
                digest.update(curve.times.tobytes())
                digest.update(curve.values.tobytes())
    return digest.hexdigest()[:16]


def _figure(panels: Sequence[Panel]) -> Figure:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(panels))
    n_rows = math.ceil(len(panels) / columns)
    labels = sorted({row.label for panel in panels for row in panel.rows})
    style: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
    with rc_context(style):
        figure = Figure(figsize=(PANEL_SIZE[0] * columns, PANEL_SIZE[1] * n_rows + 0.3), layout="constrained")
        FigureCanvasAgg(figure)
        axes: list[Axes] = figure.subplots(n_rows, columns, squeeze=False).ravel().tolist()
        for panel, axis in zip(panels, axes, strict=False):
            _draw_panel(axis, panel, labels)
        for axis in axes[len(panels) :]:
            axis.remove()
        if len(labels) > 1:
            handles, names = _legend_entries(axes[: len(panels)])
            figure.legend(handles, names, loc="outside lower center", ncols=min(4, len(names)))
    return figure


def _draw_panel(axis: Axes, panel: Panel, labels: Sequence[str]) -> None:
    times = np.linspace(0, panel.budget, N_TIMES + 1)
    means = []
    for row in panel.rows:
        index = labels.index(row.label)
        colour, line = COLOURS[index % len(COLOURS)], LINES[index // len(COLOURS) % len(LINES)]
        mean, half_width = row.interval(times)
        axis.plot(times, mean, line, color=colour, linewidth=1.4, label=row.label, drawstyle="steps-post")
        low, high = mean - half_width, mean + half_width
        axis.fill_between(times, low, high, color=colour, alpha=0.18, linewidth=0, step="post")
        means.append(mean)
    _scale(axis, np.concatenate(means))
    runs = sorted({len(row.curves) for row in panel.rows})
    count = str(runs[0]) if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    detail = "1 run" if runs == [1] else f"mean and 95 % interval of {count} runs"
    names = f"{panel.rows[0].label}, " if len(labels) == 1 else ""
    axis.set_title(f"{panel.problem}\n{names}{detail}", fontsize=9)
    axis.set_xlabel("Time on the clock of the experiment (s)")
    axis.set_ylabel(f"Best {panel.metric} so far")
    axis.set_xlim(0, panel.budget)


def _scale(axis: Axes, means: NDArray[np.float64]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    finite = means[np.isfinite(means)]
    if finite.size and finite.min() > 0 and finite.max() > LARGEST_LINEAR_RATIO * finite.min():
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_locator(NullLocator())


def _legend_entries(axes: Sequence[Axes]) -> tuple[list[Artist], list[str]]:
    found: dict[str, Artist] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return [found[label] for label in sorted(found)], sorted(found)
