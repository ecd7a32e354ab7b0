"""The order in which trials come on each of two rungs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


class SharedRanking:
    """The trials that are on both of two rungs, by their places on each.

    Trials that are equal on one rung come there in the order of the other: what is equal has changed places with
    nobody. Trials that are equal on both come in the same order on both. A trial comes or goes in linear time.

    Args:
        trials: For each of them its loss on the lower and on the upper rung.

    Attributes:
        lower: Their losses on the lower rung, best first.
        upper: Their losses on the upper rung, best first.
        places: For each place on the lower rung, best first, that of the same trial on the upper one, from 0.
    """

    def __init__(self, trials: Iterable[tuple[float, float]] = ()) -> None:
        lower, upper = np.array([*trials], dtype=float).reshape(-1, 2).T
        by_lower = np.lexsort((upper, lower))
        lower, upper = lower[by_lower], upper[by_lower]
        by_upper = np.lexsort((lower, upper))
        self.lower: Floats = lower
        self.upper: Floats = upper[by_upper]
        self.places: Places = by_upper.argsort()
        self._measured: dict[Callable[[SharedRanking], float], float] = {}

    def add(self, lower: float, upper: float) -> None:
        """A trial comes."""
        i, j = self._place(lower, upper)
        self.lower = _with(self.lower, i, lower)
        self.upper = _with(self.upper, j, upper)
        self.places = _with(self.places + (self.places >= j), i, j)
        self._measured.clear()

    def remove(self, lower: float, upper: float) -> None:
        """A trial goes, which must be there."""
        i, j = self._place(lower, upper)
        self.lower = np.delete(self.lower, i)
        self.upper = np.delete(self.upper, j)
        self.places = np.delete(self.places - (self.places > j), i)
        self._measured.clear()

    def measure(self, function: Callable[[SharedRanking], float]) -> float:
        """What a function makes of the ranking; constant time until a trial comes or goes."""
        if function not in self._measured:
            self._measured[function] = function(self)
        return self._measured[function]

    def _place(self, lower: float, upper: float) -> tuple[int, int]:
        """The places of a trial on the lower and on the upper rung, before any that is equal on both."""
        i, end = self.lower.searchsorted(lower), self.lower.searchsorted(lower, side="right")
        j, last = self.upper.searchsorted(upper), self.upper.searchsorted(upper, side="right")
        better = self.places[:i]  # on the lower rung; those that are equal on the upper one come before it there
        return (
            int(i + self.upper[self.places[i:end]].searchsorted(upper)),
            int(j + np.count_nonzero((better >= j) & (better < last))),
        )


def _with(numbers: npt.NDArray[Any], place: int, number: float) -> npt.NDArray[Any]:
    return np.concatenate((numbers[:place], (number,), numbers[place:]))
