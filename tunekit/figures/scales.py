"""Scales of axes: logarithmic or not, ends and ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axis import Axis

LARGEST_LINEAR_RATIO = 5.0  # what spans more is drawn on a logarithmic scale
MOST_DECADES_DIVIDED = 2.5  # of an axis that has ticks at 2 and 5 too
PLAIN_TICKS = (1e-4, 1e5)  # between these, ticks of a logarithmic scale are not powers of ten
MARGIN = 0.05  # of the axis, at each end
NEAREST_TICKS = 0.07  # of the axis
NEAREST_LABELS = 0.085  # of an upright axis
LABELS_WANTED = 3  # where the results are
LEAST_FOCUS = 0.2  # of the axis: in less there is no room for so many labels
BESIDE_FOCUS = 0.03  # of the axis, at each end: a label there tells of the results too
FACTORS = ((1,), (2, 5), (3,), (1.5, 4, 7), (1.2, 2.5, 6, 8))  # of powers of ten, the roundest first


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


def better_half(values: NDArray[np.float64], mode: str) -> tuple[float, float]:
    """From where to where the better half of some values is; the lowest is the best where ``mode`` is ``"min"``."""
    best = values.min() if mode == "min" else values.max()
    low, high = sorted((float(best), float(np.median(values))))
    return low, high


def apart(places: list[float], low: float, high: float, *, is_log: bool) -> list[float]:
    """Those of some places for ticks whose labels are not over each other; the highest is among them."""
    scaled = np.log(np.array([*places, low, high])) if is_log else np.array([*places, low, high])
    least = NEAREST_TICKS * (scaled[-1] - scaled[-2])
    kept: list[int] = []
    for position in np.argsort(-scaled[:-2], kind="stable"):
        if not kept or scaled[kept[-1]] - scaled[position] >= least:
            kept.append(int(position))
    return sorted(places[position] for position in kept)


def set_log_ticks(axis: Axis, bottom: float, top: float, focus: tuple[float, float] | None = None) -> None:
    """Ticks of a logarithmic axis between two ends: 1, 2 and 5 where there are few decades, powers of ten else.

    Args:
        axis: The axis.
        bottom: Its lower end.
        top: Its upper end.
        focus: From where to where the results are: there are more ticks in between, if else there are few.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter

    decades = np.log10(top) - np.log10(bottom)
    is_divided = decades <= MOST_DECADES_DIVIDED
    usual = LogLocator(subs=(1, 2, 5) if is_divided else (1,), numticks=7)
    axis.set_major_locator(usual)
    if focus is not None:
        low, high = _with_room(*focus, bottom, top)
        places = np.asarray(usual.tick_values(bottom, top), float)
        if np.sum((places >= low) & (places <= high)) < LABELS_WANTED:
            axis.set_major_locator(FixedLocator(_more_ticks(places.tolist(), low, high, bottom, top)))
    axis.set_minor_locator(LogLocator(subs="all", numticks=7))
    axis.set_minor_formatter(NullFormatter())
    is_plain = PLAIN_TICKS[0] <= bottom and top <= PLAIN_TICKS[1]
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if is_plain else _power(value)))


def _with_room(low: float, high: float, bottom: float, top: float) -> tuple[float, float]:
    """A range on a logarithmic axis, wide enough for labels, and within the axis."""
    ends = np.log10([bottom, max(low, bottom), min(high, top), top])
    length = ends[3] - ends[0]
    wanted = LEAST_FOCUS * length
    missing = max(BESIDE_FOCUS * length, (wanted - (ends[2] - ends[1])) / 2)
    lower = float(np.clip(ends[1] - missing, ends[0], ends[3] - wanted))
    return float(10**lower), float(10 ** np.clip(ends[2] + missing, lower + wanted, ends[3]))


def _more_ticks(usual: list[float], low: float, high: float, bottom: float, top: float) -> list[float]:
    """As many ticks in a range as are wanted, if there is room, the roundest first; beyond it the usual ones."""
    length = np.log(top) - np.log(bottom)
    kept: list[float] = []

    def keep(place: float) -> None:
        if all(abs(np.log(place) - np.log(other)) >= NEAREST_LABELS * length for other in kept):
            kept.append(place)

    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for factors in FACTORS:
        if len(kept) < LABELS_WANTED:
            for place in sorted(float(f"{factor}e{power}") for factor in factors for power in powers):
                if low <= place <= high:
                    keep(place)
    for place in usual:
        if bottom <= place <= top:
            keep(place)
    return sorted(kept)


def _power(value: float) -> str:
    """Such as ``2·10^-12`` as a formula; one of nothing but ten to a power without the factor."""
    factor, _, exponent = f"{value:.1e}".partition("e")
    factor = factor.removesuffix(".0")
    power = f"10^{{{int(exponent)}}}"
    return f"${power}$" if factor == "1" else rf"${factor}\cdot{power}$"
