"""Whether trials come in the same order on two rungs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class SharedRanking:
    """The trials that are on both of two rungs, by their places on each.

    Of trials with equal losses on the upper rung, those come first that come first on the lower one: what is equal has
    changed places with nobody. A trial comes or goes in the time that it takes to copy all losses.

    Args:
        trials: For each of them its loss on the lower and on the upper rung.

    Attributes:
        lower: Their losses on the lower rung, best first; another array after each change.
    """

    def __init__(self, trials: Iterable[tuple[float, float]] = ()) -> None:
        lower, upper = np.array([*trials], dtype=float).reshape(-1, 2).T
        places = np.lexsort((lower, upper))
        self._upper: Floats = upper[places]
        self._lower: Floats = lower[places]  # in the order of the upper rung
        self.lower: Floats = np.sort(lower)
        self._disagreement: float | None = None  # what follows from these, once somebody has asked

    def add(self, lower: float, upper: float) -> None:
        """A trial comes."""
        place = self._place(lower, upper)
        self._upper = _with(self._upper, place, upper)
        self._lower = _with(self._lower, place, lower)
        self.lower = _with(self.lower, int(self.lower.searchsorted(lower)), lower)
        self._disagreement = None

    def remove(self, lower: float, upper: float) -> None:
        """A trial goes, which must be there."""
        place = self._place(lower, upper)
        self._upper = np.delete(self._upper, place)
        self._lower = np.delete(self._lower, place)
        self.lower = np.delete(self.lower, self.lower.searchsorted(lower))
        self._disagreement = None

    def disagreement(self) -> float:
        """How much a trial can differ, on the lower rung, from the one whose place it has on the upper rung.

        With any epsilon from this upwards, each trial on the upper rung is among those that its place had within
        epsilon on the lower one. 0: the order is the same. Infinity: one of the two losses was not finite.
        """
        if self._disagreement is None:
            moved = self._lower != self.lower
            with np.errstate(over="ignore"):
                apart = np.abs(self._lower[moved] - self.lower[moved])
            self._disagreement = float(apart.max(initial=0.0))
        return self._disagreement

    def _place(self, lower: float, upper: float) -> int:
        first, end = self._upper.searchsorted(upper), self._upper.searchsorted(upper, side="right")
        return int(first + self._lower[first:end].searchsorted(lower))


def _with(numbers: Floats, place: int, number: float) -> Floats:
    return np.concatenate((numbers[:place], (number,), numbers[place:]))
