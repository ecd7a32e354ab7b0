"""Rungs: what trials reported at one level, which of them may go on, and how a trial climbs from one to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import attrs

from tunekit_asha.quantile import RunningQuantile


class Entry(NamedTuple):
    """A trial on a rung. Entries compare best first, ties in the order of arrival.

    Attributes:
        loss: What it reported there, lower is better.
        arrival: The how many-th to arrive at the rung.
        trial_id: Which trial.
    """

    loss: float
    arrival: int
    trial_id: int


class Rung:
    """The trials that have reported at one level. Each method takes logarithmic time in their number.

    A trial passes if its loss is at most the cutoff: a quantile, linearly interpolated, of the losses of all
    trials on the rung, its own included. Ties pass, and so does a trial that is alone. An infinite loss (a
    metric that was not finite) raises the cutoff as any bad loss does, but never passes once it is not alone.

    Args:
        level: Resource at which trials are compared.
        quantile: The share of trials that pass.
    """

    def __init__(self, level: int, quantile: float) -> None:
        self.level = level
        self._entries: dict[int, Entry] = {}
        self._cutoff = RunningQuantile(quantile)
        self._n_arrivals = 0
        self._waiting: set[int] = set()
        self._queue: list[Entry] = []  # a heap of the waiting, and of some that wait no longer; never at the front

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, trial_id: int, loss: float) -> None:
        """A trial has reported here, for the first time."""
        self._entries[trial_id] = Entry(loss, self._n_arrivals, trial_id)
        self._cutoff.add(loss)
        self._n_arrivals += 1

    def remove(self, trial_id: int) -> None:
        """A running trial counts no longer; nothing happens if it is not here."""
        entry = self._entries.pop(trial_id, None)
        if entry is not None:
            self._cutoff.remove(entry.loss)

    def passes(self, loss: float) -> bool:
        """Whether a trial on this rung that reported this loss may go on."""
        return len(self._entries) < 2 or (loss < math.inf and loss <= self._cutoff.value())

    def wait(self, trial_id: int) -> None:
        """A trial on this rung has paused: from now on it can be promoted."""
        self._waiting.add(trial_id)
        heappush(self._queue, self._entries[trial_id])

    def end_wait(self, trial_id: int) -> None:
        """A waiting trial was promoted."""
        self._waiting.discard(trial_id)
        while self._queue and self._queue[0].trial_id not in self._waiting:
            heappop(self._queue)

    def standings(self) -> dict[int, float]:
        """For each waiting trial the share of those on the rung that are better, in n log n time."""
        ranked = sorted(self._entries.values())
        return {e.trial_id: rank / len(ranked) for rank, e in enumerate(ranked) if e.trial_id in self._waiting}

    def promotable(self) -> int | None:
        """The best of the waiting trials, if it passes and is not alone on the rung."""
        if len(self._entries) < 2 or not self._queue or not self.passes(self._queue[0].loss):
            return None
        return self._queue[0].trial_id


@attrs.define
class Climb:
    """How far a trial has come on the ladder of its bracket.

    Attributes:
        ladder: The rungs of the bracket, lowest first; the last is at ``max_resource``.
        reached: How many of them the trial has reached or jumped over.
    """

    ladder: Sequence[Rung]
    reached: int = 0

    @property
    def rung(self) -> Rung:
        """The rung that was reached last."""
        return self.ladder[self.reached - 1]

    @property
    def target(self) -> int | None:
        """The level of the next rung; ``None`` at the top."""
        return self.ladder[self.reached].level if self.reached < len(self.ladder) else None

    def arrive(self, resource: int) -> Rung | None:
        """The highest rung that is newly reached at a resource, if there is one; those below it are jumped over."""
        rung = None
        while self.reached < len(self.ladder) and self.ladder[self.reached].level <= resource:
            rung = self.ladder[self.reached]
            self.reached += 1
        return rung
