"""Scales of axes: logarithmic or not, ends and ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axis import Axis

LARGEST_LINEAR_RATIO = 5.0  # what spans more is drawn on a logarithmic scale
MOST_DECADES_DIVIDED = 2.0  # of an axis that has ticks at 2 and 5 too
PLAIN_TICKS = (1e-4, 1e5)  # between these, ticks of a logarithmic scale are not powers of ten
MARGIN = 0.05  # of the axis, at each end
SECONDS_IN_HOURS_FROM = 2 * 3600.0
NEAREST_TICKS = 0.07  # of the axis


def unit_of_time(end: float) -> tuple[str, float]:
    """The unit that times up to an end are shown in, and its seconds."""
    return ("s", 1.0) if end <= SECONDS_IN_HOURS_FROM else ("h", 3600.0)


def with_margin(low: float, high: float, *, is_log: bool) -> tuple[float, float]:
    """Ends of an axis on which values from ``low`` to ``high`` are seen."""
    if is_log:
        low, high = float(np.log10(low)), float(np.log10(high))
    span = high - low
    if not is_log and span <= 1e-12 * max(abs(low), abs(high)):  # constant, but for the last digits
        span = abs(high) or 1.0
    low, high = low - MARGIN * span, high + MARGIN * span
    return (float(10**low), float(10**high)) if is_log else (low, high)


def spans_decades(values: NDArray[np.float64]) -> bool:
    """Whether finite values are all above 0, and differ so much that a linear scale would show little of the low."""
    return bool(values.min() > 0 and values.max() / LARGEST_LINEAR_RATIO > values.min())


def apart(places: list[float], low: float, high: float, *, is_log: bool) -> list[float]:
    """Those of some places for ticks whose labels are not over each other; the highest is among them."""
    scaled = np.log(np.array([*places, low, high])) if is_log else np.array([*places, low, high])
    least = NEAREST_TICKS * (scaled[-1] - scaled[-2])
    kept: list[int] = []
    for position in np.argsort(-scaled[:-2], kind="stable"):
        if not kept or scaled[kept[-1]] - scaled[position] >= least:
            kept.append(int(position))
    return sorted(places[position] for position in kept)


def set_log_ticks(axis: Axis, bottom: float, top: float) -> None:
    """Ticks of a logarithmic axis between two ends: 1, 2 and 5 where there are few decades, powers of ten else."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    decades = np.log10(top) - np.log10(bottom)
    is_divided = decades <= MOST_DECADES_DIVIDED
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_divided else (1,), numticks=7))
    axis.set_minor_locator(LogLocator(subs="all", numticks=7))
    axis.set_minor_formatter(NullFormatter())
    is_plain = PLAIN_TICKS[0] <= bottom and top <= PLAIN_TICKS[1]
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if is_plain else _power(value)))


def _power(value: float) -> str:
    """Such as ``2·10^-12`` as a formula; one of nothing but ten to a power without the factor."""
    factor, _, exponent = f"{value:.0e}".partition("e")
    power = f"10^{{{int(exponent)}}}"
    return f"${power}$" if factor == "1" else rf"${factor}\cdot{power}$"
