"""How the cost of doing something grows with what was done before: in instructions, in memory, in processor time.

Instructions of Python and memory are counted, and the same every time. What a library does within one instruction shows
in memory, where it makes a matrix, and in time.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Protocol

import numpy as np

from tunekit_core.testing.limits import comes_to_an_end

BEST_OF = 5
TOO_SHORT = 2e-4  # seconds; less is lost in what a loaded machine adds
TOO_LITTLE = 2**17  # bytes; less is lost in what random numbers take that are drawn at once for many trials


class Grows(Protocol):
    """Something of which there can be more and more, such as an experiment and its trials."""

    def grow(self, size: int, /) -> None:
        """Go on to a size."""


def check_growth(
    grows: Grows,
    do: Callable[[], object],
    cost: Callable[[Callable[[], object]], float],
    *,
    sizes: Sequence[int],
    power: float,
    rule: str,
) -> None:
    """See that what something costs grows no faster than a power of the size of what it is done in.

    Args:
        grows: What it is done in.
        do: What is done.
        cost: Measures it: :func:`count_steps`, :func:`peak_memory` or :func:`shortest_time`.
        sizes: Sizes at which it is measured, in rising order.
        power: The power.
        rule: What is broken otherwise, for people, as a sentence without its end.

    Raises:
        AssertionError: If it grows faster, or takes so long that it cannot be measured.
    """
    costs = []
    with comes_to_an_end(f"{rule}."):
        for size in sizes:
            grows.grow(size)
            costs.append(cost(do))
    grown = slope(sizes, costs)
    assert grown <= power, (
        f"{rule}: at sizes {list(sizes)} it is {', '.join(f'{each:.3g}' for each in costs)} "
        f"({cost.__name__.replace('_', ' ')}), which grows with power {grown:.2f}; allowed is {power:g}."
    )


def count_steps(do: Callable[[], object]) -> int:
    """How many instructions of Python something takes: the same number every time, however busy the machine is.

    What a library does within one instruction counts as one.
    """
    steps = 0

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        steps += event == "opcode"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        do()
    finally:
        sys.settrace(before)
    return steps


def peak_memory(do: Callable[[], object]) -> int:
    """Bytes that something takes at most at one moment, arrays included; a few count as 128 KiB."""
    was_tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        do()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not was_tracing:
            tracemalloc.stop()
    return max(peak - before, TOO_LITTLE)


def shortest_time(do: Callable[[], object]) -> float:
    """Seconds of processor time that something takes, the shortest of five; very little counts as 0.2 ms."""
    times = []
    for _ in range(
        BEST_OF
    ):  # of this thread: while a limit of processor time is set, that of the process ticks coarsely
        began = time.thread_time()
        do()
        times.append(time.thread_time() - began)
    return max(min(times), TOO_SHORT)


def slope(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The power of the size with which a cost grows: 0 if it does not, 1 if in proportion, 2 if quadratically.

    The slope of the line through the logarithms, by least squares.
    """
    x, y = np.log(sizes), np.log(costs)
    return float(np.polyfit(x, y, 1)[0])
