"""Best value over time as a figure: a panel for each problem, mean and interval of each method."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunekit.config.specs.run_spec import RunSpec
from tunekit.results.comparison import Panel

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design", 2008: told apart with every kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
LINES = ("-", "--", ":", "-.")  # for more methods than colours
N_TIMES = 400
PANELS_SIDE_BY_SIDE = 3
PANEL_SIZE = (4.2, 3.1)  # inches
MOST_LEGEND_COLUMNS = 4
LEGEND_LINE_WIDTH, LETTER_WIDTH = 0.5, 0.08  # inches, about, in the size of font of the legend
LARGEST_LINEAR_RATIO = 5.0  # a metric that spans more is drawn on a logarithmic scale
MOST_IN_NAME = 3  # methods or problems that the name of a figure spells out
DRAWING_VERSION = 3  # raised when equal data should give another figure


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


def figure_stem(specs: Sequence[RunSpec]) -> Path:
    """Path of the figure of a sweep without its suffix: it says what is drawn, and no other sweep has it."""
    methods = sorted({spec.method_name for spec in specs})
    problems = sorted({spec.problem_name for spec in specs})
    what = methods if len(methods) <= MOST_IN_NAME else [f"{len(methods)}-methods"]
    where = problems if len(problems) <= MOST_IN_NAME else [f"{len(problems)}-problems"]
    n_seeds = len({spec.seed for spec in specs})
    runs = hashlib.sha256("\n".join(sorted(spec.folder.name for spec in specs)).encode()).hexdigest()[:6]
    name = "_".join(["best-over-time", *what, *where, f"{n_seeds}-seeds", runs])
    return specs[0].tag_folder / name


def _digest(panels: Sequence[Panel]) -> str:
    digest = hashlib.sha256(str(DRAWING_VERSION).encode())
    for panel in panels:
        digest.update(f"{panel.problem} {panel.metric} {panel.mode} {panel.budget}".encode())
        for method in panel.methods:
            digest.update(method.label.encode())
            for curve in method.curves:
                digest.update(curve.times.tobytes())
                digest.update(curve.values.tobytes())
    return digest.hexdigest()[:16]


def _figure(panels: Sequence[Panel]) -> Figure:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_wide = min(PANELS_SIDE_BY_SIDE, len(panels))
    n_high = math.ceil(len(panels) / n_wide)
    labels = sorted({method.label for panel in panels for method in panel.methods}, key=_natural_order)
    style: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
    with rc_context(style):
        figure = Figure(figsize=(PANEL_SIZE[0] * n_wide, PANEL_SIZE[1] * n_high + 0.3), layout="constrained")
        FigureCanvasAgg(figure)
        axes: list[Axes] = figure.subplots(n_high, n_wide, squeeze=False).ravel().tolist()
        for panel, axis in zip(panels, axes, strict=False):
            _draw_panel(axis, panel, labels)
        for axis in axes[len(panels) :]:
            axis.remove()
        if len(labels) > 1:
            handles = _legend_handles(axes[: len(panels)])
            entry_width = LEGEND_LINE_WIDTH + LETTER_WIDTH * max(map(len, labels))
            n_columns = max(1, min(MOST_LEGEND_COLUMNS, len(labels), int(figure.get_figwidth() / entry_width)))
            figure.legend([handles[label] for label in labels], labels, loc="outside lower center", ncols=n_columns)
    return figure


def _draw_panel(axis: Axes, panel: Panel, labels: Sequence[str]) -> None:
    times = np.linspace(0, panel.budget, N_TIMES + 1)
    means = []
    for method in panel.methods:
        index = labels.index(method.label)
        colour, line = COLOURS[index % len(COLOURS)], LINES[index // len(COLOURS) % len(LINES)]
        mean, half_width = method.interval(times)
        axis.plot(times, mean, line, color=colour, linewidth=1.4, label=method.label, drawstyle="steps-post")
        low, high = mean - half_width, mean + half_width
        axis.fill_between(times, low, high, color=colour, alpha=0.18, linewidth=0, step="post")
        means.append(mean)
    _scale(axis, np.concatenate(means))
    runs = sorted({len(method.curves) for method in panel.methods})
    count = str(runs[0]) if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    detail = "1 run" if runs == [1] else f"mean and 95 % interval of {count} runs"
    names = f"{panel.methods[0].label}, " if len(labels) == 1 else ""
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


def _legend_handles(axes: Sequence[Axes]) -> dict[str, Artist]:
    found: dict[str, Artist] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return found


def _natural_order(label: str) -> list[tuple[int, float, str]]:
    """A key that sorts whole numbers in labels by value: ``n_workers=4`` comes before ``n_workers=16``."""
    parts = re.split(r"(\d+)", label)
    return [(0, float(part), "") if part.isdecimal() else (1, 0.0, part) for part in parts if part]
