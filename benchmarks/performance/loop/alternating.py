"""Two programs that do the same, in turn: what the machine does meanwhile slows down both of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

import attrs

Result = TypeVar("Result")


@attrs.frozen
class Spread:
    """Processor seconds of equal runs.

    Attributes:
        least: Of the fastest; other work on the machine can only add to it.
        median: Of the one in the middle.
        most: Of the slowest.
    """

    least: float
    median: float
    most: float

    def __str__(self) -> str:
        return f"{self.least:.3f}, {self.median:.3f}, {self.most:.3f} s"


def spread(seconds: list[float]) -> Spread:
    """The spread of at least one run."""
    ordered = sorted(seconds)
    return Spread(ordered[0], ordered[len(ordered) // 2], ordered[-1])


def alternate(
    first: Callable[[], Result],
    second: Callable[[], Result],
    n_runs: int,
    check: Callable[[Result, Result], None],
) -> tuple[Spread, Spread]:
    """Run both so many times in turn: A B A B.

    Args:
        first: A.
        second: B.
        n_runs: How often each runs.
        check: Called after each pair with their results, and not timed; raises if they did not do the same.

    Returns:
        Their spreads.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(n_runs):
        results = []
        for work, spent in zip((first, second), seconds, strict=True):
            result, took = timed(work)
            results.append(result)
            spent.append(took)
        check(*results)
    return spread(seconds[0]), spread(seconds[1])


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """The result of some work and the processor seconds that it took."""
    gc.collect()  # what others have left is not cleared away while this is timed
    began = time.process_time()
    result = work()
    return result, time.process_time() - began
