"""A rung: what trials reported at one level, and which of them may go on."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from typing import NamedTuple

from tunekit_asha.quantile import RunningQuantile


class Entry(NamedTuple):
    """A trial on a rung. Entries compare best first, ties in the order of arrival.

    Attributes:
        loss: What it reported there, lower is better.
        arrival: Its place in the order in which trials have arrived at the rung, from 0.
        trial_id: Which trial.
    """

    loss: float
    arrival: int
    trial_id: int


class Rung:
    """The trials that have reported at one level. Unless it says otherwise, a method takes logarithmic time.

    A trial passes if its loss is at most the cutoff: a quantile, linearly interpolated, of the losses of all
    trials on the rung, its own included. Ties pass, and so does a trial that is alone. An infinite loss (a
    metric that was not finite) raises the cutoff as any bad loss does, but never passes once it is not alone.

    Args:
        level: Resource at which trials are compared.
        quantile: The share of trials that pass.

    Attributes:
        level: Resource at which trials are compared.
        entries: The trials on the rung, by id; only methods change it.
    """

    def __init__(self, level: int, quantile: float) -> None:
        self.level = level
        self.entries: dict[int, Entry] = {}
        self._cutoff = RunningQuantile(quantile)
        self._n_arrivals = 0
        self._waiting: set[int] = set()
        self._queue: list[Entry] = []  # a heap of the waiting, and of some that wait no longer; never at the front

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, trial_id: int, loss: float) -> None:
        """A trial has reported here, for the first time."""
        self.entries[trial_id] = Entry(loss, self._n_arrivals, trial_id)
        self._cutoff.add(loss)
        self._n_arrivals += 1

    def remove(self, trial_id: int) -> None:
        """A running trial counts no longer; nothing happens if it is not here."""
        entry = self.entries.pop(trial_id, None)
        if entry is not None:
            self._cutoff.remove(entry.loss)

    def passes(self, loss: float) -> bool:
        """Whether a trial on this rung that reported this loss may go on."""
        return len(self.entries) < 2 or (loss < math.inf and loss <= self._cutoff.value())

    def wait(self, trial_id: int) -> None:
        """A trial on this rung has paused: from now on it can be promoted."""
        self._waiting.add(trial_id)
        heappush(self._queue, self.entries[trial_id])

    def end_wait(self, trial_id: int) -> None:
        """A waiting trial was resumed."""
        self._waiting.discard(trial_id)
        while self._queue and self._queue[0].trial_id not in self._waiting:
            heappop(self._queue)

    def promotable(self) -> int | None:
        """The best of the waiting trials, if it passes and is not alone on the rung."""
        if len(self.entries) < 2 or not self._queue or not self.passes(self._queue[0].loss):
            return None
        return self._queue[0].trial_id

    def shares_of_better(self) -> dict[int, float]:
        """For each waiting trial the share of those on the rung that are better, in n log n time."""
        ranked = sorted(self.entries.values())
        return {e.trial_id: rank / len(ranked) for rank, e in enumerate(ranked) if e.trial_id in self._waiting}
