"""A quantile of numbers that come and go."""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def interpolate(below: float, above: float, weight: float) -> float:
    """The number between two neighbours of sorted numbers, to the bit as ``numpy.quantile`` has it.

    Between a finite number and infinity it is infinite, where NumPy's may be NaN.

    Args:
        below: The lower of the two.
        above: The other.
        weight: How far it is from the first on the way to the second, from 0 to below 1.
    """
    if weight == 0 or below == above:
        return below
    if weight < 0.5:
        return below + (above - below) * weight
    # From above, as in NumPy: exact where the weight is close to 1.
    return above - (above - below) * (1 - weight) if above < math.inf else above


class RunningQuantile:
    """The quantile of a collection of numbers, in logarithmic time per number that comes or goes.

    It equals ``numpy.quantile(numbers, q)`` to the bit: linear interpolation between the two numbers around
    position ``(n - 1) * q`` of the sorted ones. Between a finite number and infinity it is infinity, where NumPy's
    may be NaN.

    The numbers are kept in two heaps that meet at that position. A number that leaves from the inside of a heap
    is marked as gone, and dropped when it comes to the front.

    Args:
        q: Which quantile, from 0 to 1.

    Attributes:
        q: As above.
    """

    def __init__(self, q: float) -> None:
        self.q = q
        self._low: list[float] = []  # negated: the largest of the low numbers is at the front
        self._high: list[float] = []
        self._n_low = 0  # without those that are gone
        self._n_low_of: dict[float, int] = {}  # the same of each number
        self._n = 0
        self._gone: dict[float, int] = {}  # how many of each number; the fronts of both heaps are never gone
        self._value: float | None = None  # until a number comes or goes

    def __len__(self) -> int:
        return self._n

    def add(self, number: float) -> None:
        """A number comes."""
        if self._n_low and number < -self._low[0]:
            heappush(self._low, -number)
            self._count_low(number, 1)
        else:
            heappush(self._high, number)
        self._n += 1
        self._balance()

    def remove(self, number: float) -> None:
        """A number goes, which must be there."""
        self._gone[number] = self._gone.get(number, 0) + 1
        if number <= -self._low[0]:
            self._count_low(number, -1)
        self._n -= 1
        self._drop_gone()
        self._balance()

    def value(self) -> float:
        """The quantile of the numbers that are there, at least one."""
        if self._value is None:
            self._value = self._interpolated()
        return self._value

    def n_among_lowest(self, number: float) -> int:
        """How many of those equal to a number are among the lowest ``floor((n - 1) * q) + 1``, in constant time."""
        return self._n_low_of.get(number, 0)

    def _interpolated(self) -> float:
        below = -self._low[0]
        if self._n == self._n_low:
            return below
        return interpolate(below, self._high[0], (self._n - 1) * self.q - (self._n_low - 1))

    def _balance(self) -> None:
        self._value = None
        n_low = int((self._n - 1) * self.q) + 1 if self._n else 0
        while self._n_low < n_low:
            number = heappop(self._high)
            heappush(self._low, -number)
            self._count_low(number, 1)
            self._drop_gone()
        while self._n_low > n_low:
            number = -heappop(self._low)
            heappush(self._high, number)
            self._count_low(number, -1)
            self._drop_gone()

    def _count_low(self, number: float, change: int) -> None:
        self._n_low += change
        count = self._n_low_of.get(number, 0) + change
        if count:
            self._n_low_of[number] = count
        else:
            del self._n_low_of[number]

    def _drop_gone(self) -> None:
        while self._gone:
            if self._low and -self._low[0] in self._gone:
                number = -heappop(self._low)
            elif self._high and self._high[0] in self._gone:
                number = heappop(self._high)
            else:
                return
            self._gone[number] -= 1
            if self._gone[number] == 0:
                del self._gone[number]


class BatchQuantile:
    """The same of numbers that come and go many at a time.

    Kept in order are only the numbers from somewhat below the quantile upwards, which are copied with each change. When
    it comes to lie below them, or they have become twice as many, all numbers are looked at once more.

    Args:
        q: Which quantile, from 0 to 1.
        everything: All numbers that are there, in any order.
    """

    def __init__(self, q: float, everything: Callable[[], Floats]) -> None:
        self._q = q
        self._everything = everything
        self._n = 0
        self._floor = math.inf
        self._upper: Floats = np.empty(0)  # those from the floor upwards, in order
        self._limit = 0  # how many they may become

    def __len__(self) -> int:
        return self._n

    def replace(self, gone: Floats, new: Floats) -> None:
        """Some numbers have gone, which were there, and others have come; neither need be in order."""
        self._n += len(new) - len(gone)
        gone, new = np.sort(gone[gone >= self._floor]), np.sort(new[new >= self._floor])
        if len(gone):
            self._upper = _without(self._upper, gone)
        if len(new):
            self._upper = _with(self._upper, new)

    def value(self) -> float:
        """The quantile of the numbers that are there, at least one."""
        position = (self._n - 1) * self._q
        if int(position) < self._n - len(self._upper) or len(self._upper) > self._limit:
            self._look_at_everything(int(position))
        below = int(position) - (self._n - len(self._upper))
        above = min(below + 1, len(self._upper) - 1)
        return interpolate(float(self._upper[below]), float(self._upper[above]), position - int(position))

    def _look_at_everything(self, position: int) -> None:
        numbers = self._everything()
        first = max(position - self._n // 10, 0)
        self._floor = float(np.partition(numbers, first)[first])
        self._upper = np.sort(numbers[numbers >= self._floor])
        self._limit = 2 * len(self._upper) + 50


def _without(numbers: Floats, gone: Floats) -> Floats:
    """Sorted numbers without some of them, sorted too."""
    # Equal ones follow each other: the second of three goes from the second place after the lowest.
    places = numbers.searchsorted(gone) + np.arange(len(gone)) - gone.searchsorted(gone)
    stays = np.ones(len(numbers), dtype=bool)
    stays[places] = False
    return numbers[stays]


def _with(numbers: Floats, new: Floats) -> Floats:
    """Sorted numbers and others, sorted too."""
    places = numbers.searchsorted(new) + np.arange(len(new))
    was_there = np.ones(len(numbers) + len(new), dtype=bool)
    was_there[places] = False
    merged = np.empty(len(was_there))
    merged[places], merged[was_there] = new, numbers
    return merged
