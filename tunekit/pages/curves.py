"""Step functions in few bytes: what a screen can show of them, as numbers of the browser in base64.

A page of 10,000 runs holds as many best values over time. Times are ticks, 65,535 to the end of a panel; of several
steps within one tick the last is kept, and of a run with many steps those that matter.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TICKS = 65_535  # to the end of a panel; they are unsigned numbers of two bytes
LEAST_STEPS = 16  # of a run, however many runs there are
FINEST_SHARE = 1e-6  # of the way from the first value to the last, far below a pixel
EXACT_TO = 1e-6  # relative: what numbers of four bytes hold, else those of eight are written

Floats = NDArray[np.float64]


def encoded(curves: Sequence[tuple[Floats, Floats]], span: float, most: int | None = None) -> dict[str, Any]:
    """Step functions as values of JSON, in the order given.

    Args:
        curves: Of each the times of its steps in seconds, increasing, and its values from then on.
        span: Seconds that the ticks reach to.
        most: How many steps of each are kept; all unless given.

    Returns:
        ``steps``: how many each has; ``ticks`` and ``values``: of all steps, one curve after the other, little-endian
        numbers in base64; ``type``: ``f4`` or ``f8``, that of the values.
    """
    kept = [_thinned(*_in_ticks(times, values, span), most) for times, values in curves]
    ticks = np.concatenate([np.empty(0, "<u2"), *(each for each, _ in kept)])
    values = np.concatenate([np.empty(0), *(each for _, each in kept)])
    kind = "f4" if _fits_four_bytes(values) else "f8"
    return {
        "steps": [len(each) for each, _ in kept],
        "ticks": _base64(ticks, "<u2"),
        "values": _base64(values, f"<{kind}"),
        "type": kind,
    }


def most_steps(counts: Sequence[int], together: int) -> int:
    """How many steps of each curve can be kept, so that there are no more than so many of all together.

    Args:
        counts: How many each has.
        together: Of all; more where each has the least that is kept of any.
    """
    lengths = np.array(counts, dtype=np.int64)
    low, high = LEAST_STEPS, max(LEAST_STEPS, int(lengths.max(initial=0)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if int(np.minimum(lengths, middle).sum()) <= together else (low, middle - 1)
    return low


def changes(times: Floats, values: Floats) -> tuple[Floats, Floats]:
    """A function on a grid as a step function: where its value is another than before, NaN being one.

    Args:
        times: (m,) array.
        values: (m,) array.
    """
    with np.errstate(invalid="ignore"):
        is_same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    kept = np.concatenate([[True], ~is_same])[: len(values)]
    return times[kept], values[kept]


def _in_ticks(times: Floats, values: Floats, span: float) -> tuple[NDArray[np.uint16], Floats]:
    ticks = np.floor(times * (TICKS / span)).clip(0, TICKS).astype("<u2")
    is_last = np.concatenate([ticks[1:] != ticks[:-1], [True]])[: len(ticks)]
    return ticks[is_last], values[is_last]


def _thinned(ticks: NDArray[np.uint16], values: Floats, most: int | None) -> tuple[NDArray[np.uint16], Floats]:
    """The steps that matter: the first, the last, and others so that what is left out never amounts to much.

    A step is kept where the value has moved by a share of the whole way since the last that was: on a linear scale, or
    on a logarithmic one. The share is the smallest, of those that halve each other, that keeps few enough.
    """
    if most is None or len(values) <= most:
        return ticks, values
    scales = [_shares(values)]
    if (values > 0).all() or (values < 0).all():
        scales.append(_shares(np.log(np.abs(values))))
    ways = np.stack(scales, axis=1)
    share = 2 / (most - 2)  # on either scale no more than half as many steps are that large
    kept = _steps_of(ways, share)
    while share > FINEST_SHARE and len(finer := _steps_of(ways, share / 2)) <= most:
        kept, share = finer, share / 2
    return ticks[kept], values[kept]


def _shares(values: Floats) -> Floats:
    """How much of the way from the first value to the last has been made; halves, since a difference may overflow."""
    way = values[-1] / 2 - values[0] / 2
    return (values / 2 - values[0] / 2) / way if way else np.zeros(len(values))


def _steps_of(ways: Floats, share: float) -> list[int]:
    kept = [0]
    for i in range(1, len(ways)):
        if (np.abs(ways[i] - ways[kept[-1]]) >= share).any() or i == len(ways) - 1:
            kept.append(i)
    return kept


def _fits_four_bytes(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        rounded = known.astype(np.float32).astype(np.float64)
        return bool((np.abs(rounded - known) <= EXACT_TO * np.abs(known)).all())


def _base64(values: NDArray[Any], kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode()
