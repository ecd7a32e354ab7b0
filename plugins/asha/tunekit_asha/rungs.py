"""A rung: what trials reported at one level, and which of them may go on."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Set as AbstractSet
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from tunekit_asha.options import Ties
from tunekit_asha.quantile import RunningQuantile
from tunekit_asha.sorted_blocks import SortedBlocks
from tunekit_core import Standing


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

    Of n trials on the rung and a share q, the best floor((n - 1) q) + 1 may go on: without ties these are the trials
    whose loss is at most the quantile q, linearly interpolated, of all losses on the rung. Where trials with equal
    losses would be more than that, as many of them pass as are left when those with a smaller loss are counted: the
    first to go on, which are the first to arrive unless someone else chooses. So a metric that is the same for all, or
    for most as long as they are no better than chance, still stops as many trials as it would without ties.

    Or, with ``ties="all"``, a trial passes if its loss is at most that quantile, however many are equal.

    A trial that is alone passes. An infinite loss (a metric that was not finite) counts as any bad loss does, but never
    passes once it is not alone.

    Args:
        level: Resource at which trials are compared.
        quantile: The share of trials that pass.
        ties: Which of equal trials pass where not all of them may go on.

    Attributes:
        level: Resource at which trials are compared.
        entries: The trials on the rung, by id, in the order of arrival; only methods change it.
    """

    def __init__(self, level: int, quantile: float, ties: Ties = "arrival") -> None:
        self.level = level
        self.entries: dict[int, Entry] = {}
        self._all_ties_pass = ties == "all"
        self._losses = RunningQuantile(quantile)
        self._n_arrivals = 0
        self._gone_on: set[int] = set()  # of its trials
        self._n_gone_on: dict[float, int] = {}  # by loss
        self._waiting: set[int] = set()
        self._queue: list[Entry] = []  # a heap of the waiting, and of some that wait no longer; never at the front
        self._promotable: int | None = None
        self._has_changed = False  # since it was found
        self._places: _Places | None = None  # made when they are first asked for

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def waiting(self) -> AbstractSet[int]:
        """Those of its trials that can be promoted. It changes."""
        return self._waiting

    def ranked(self) -> list[Entry]:
        """Its trials, best first, in n log n time."""
        return sorted(self.entries.values())

    def add(self, trial_id: int, loss: float) -> None:
        """A trial has reported here, for the first time."""
        entry = self.entries[trial_id] = Entry(loss, self._n_arrivals, trial_id)
        self._losses.add(loss)
        self._n_arrivals += 1
        self._has_changed = True
        if self._places is not None:
            self._places.add(entry)

    def remove(self, trial_id: int) -> None:
        """A trial that does not wait counts no longer; nothing happens if it is not here."""
        entry = self.entries.pop(trial_id, None)
        if entry is not None:
            self._losses.remove(entry.loss)
            self._has_changed = True
            if trial_id in self._gone_on:
                self._gone_on.remove(trial_id)
                self._n_gone_on[entry.loss] -= 1
            if self._places is not None:
                self._places.remove(entry)

    def passes(self, loss: float) -> bool:
        """Whether a trial on this rung that reported this loss, and has not gone on yet, may do so."""
        if len(self.entries) < 2:
            return True
        if loss == math.inf:
            return False
        if self._all_ties_pass:
            return loss <= self._losses.value()
        return self._n_gone_on.get(loss, 0) < self._losses.n_among_lowest(loss)

    def go_on(self, trial_id: int) -> None:
        """A trial on this rung goes on, by rank or chosen otherwise. If it waits, it does so no longer."""
        if trial_id not in self._gone_on:
            loss = self.entries[trial_id].loss
            self._gone_on.add(trial_id)
            self._n_gone_on[loss] = self._n_gone_on.get(loss, 0) + 1
        self.end_wait(trial_id)

    def wait(self, trial_id: int) -> None:
        """A trial on this rung has paused: from now on it can be promoted."""
        entry = self.entries[trial_id]
        self._waiting.add(trial_id)
        self._has_changed = True
        heappush(self._queue, entry)
        if self._places is not None:
            self._places.wait(entry)

    def end_wait(self, trial_id: int) -> None:
        """A waiting trial waits no longer; nothing happens if it does not wait."""
        self._waiting.discard(trial_id)
        self._has_changed = True
        while self._queue and self._queue[0].trial_id not in self._waiting:
            heappop(self._queue)

    def promotable(self) -> int | None:
        """The best of the waiting trials, if it passes and is not alone on the rung."""
        if self._has_changed:  # most rungs have not between two suggestions
            self._has_changed = False
            best = self._queue[0] if self._queue and len(self.entries) > 1 else None
            self._promotable = best.trial_id if best is not None and self.passes(best.loss) else None
        return self._promotable

    def standing(self, trial_id: int) -> Standing:
        """Where a trial on this rung stands, in n log n time."""
        entry, ranked, q = self.entries[trial_id], self.ranked(), self._losses.q
        n_pass = math.floor((len(ranked) - 1) * q) + 1
        rule = "all of them may go on"
        if q < 1:
            rule = f"the best {n_pass} of them may go on, those up to the quantile {q:.3g}, interpolated between ranks"
        return Standing(
            trial_id,
            self.level,
            tuple((each.trial_id, each.loss) for each in ranked),
            n_pass,
            self._losses.value(),
            trial_id in self._gone_on or self.passes(entry.loss),
            rule,
        )

    def last_waiting(self, among: Container[int]) -> tuple[float, int] | None:
        """The worst of the waiting trials, and the share of those on the rung that are better.

        Logarithmic time, after n log n the first time.

        Args:
            among: Those that come into question. A waiting trial that is not among them is never looked at again.
        """
        if self._places is None:
            self._places = _Places(self.entries.values(), (self.entries[trial_id] for trial_id in self._waiting))
        entry = self._places.last_waiting(self._waiting, among)
        return None if entry is None else (self._places.n_better(entry) / len(self.entries), entry.trial_id)


class _Places:
    """The entries of a rung in order, and those that have come to wait, worst first."""

    def __init__(self, entries: Iterable[Entry], waiting: Iterable[Entry]) -> None:
        self._ranked = SortedBlocks(entries)
        self._worst = [(-entry.loss, -entry.arrival, entry) for entry in waiting]
        heapify(self._worst)

    def add(self, entry: Entry) -> None:
        self._ranked.add(entry)

    def remove(self, entry: Entry) -> None:
        self._ranked.remove(entry)

    def wait(self, entry: Entry) -> None:
        heappush(self._worst, (-entry.loss, -entry.arrival, entry))

    def n_better(self, entry: Entry) -> int:
        return self._ranked.n_below(entry)

    def last_waiting(self, waiting: Container[int], among: Container[int]) -> Entry | None:
        """The worst that waits and is among them. All that are worse are dropped."""
        while self._worst:
            entry = self._worst[0][2]
            if entry.trial_id in waiting and entry.trial_id in among:
                return entry
            heappop(self._worst)
        return None
