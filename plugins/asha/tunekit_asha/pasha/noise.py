"""How far apart two trials can be and still change places by chance.

=============  =================================================================
``above``      resource; pairs are compared beyond it
i, j           slots of trials, numbered from 0
``losses``     resource x slot: what was reported; NaN where nothing was
``led``        slot x slot: i was better than j at some resource that both have
               reported
``fell``       slot x slot: i was better than j, and worse at a later one
``distances``  slot x slot: how far apart i and j are, if they are a noisy pair;
               NaN otherwise
=============  =================================================================
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tunekit_asha.quantile import BatchQuantile

Floats = npt.NDArray[np.float64]

MAX_TRIALS = 500  # 3 MB, and 125,000 pairs: many more than a quantile needs


class NoisyPairs:
    """Pairs of trials that have changed places and back again, and how far apart they are.

    Two trials are compared at the highest resource that both have reported, if that is beyond the lower of the two top
    rungs. They make a noisy pair if one is better there, was worse at some resource below, and better at one further
    down. Trials that are equal are in no order. A loss that is not finite is worse than others, and takes part in no
    distance.

    A report takes time linear in the trials, and that of a copy of the largest distances. Memory does not grow with the
    trials once there are ``max_trials``; each resource that is reported takes a number for each of these.

    Args:
        above: Level of the lower of the two top rungs.
        max_trials: Of how many trials pairs are made: of the last that came beyond that level.

    Attributes:
        above: As above.
        epsilon: Nine of ten noisy pairs are at most so far apart; ``None`` if there are none.
    """

    def __init__(self, above: int, max_trials: int = MAX_TRIALS) -> None:
        self.above = above
        self._max_trials = max_trials
        self._slots: dict[int, int] = {}  # of trials, by id, in the order in which they came
        self._free: list[int] = []
        self._rows: dict[int, int] = {}  # of the losses, by resource
        self._losses: Floats = np.empty((8, 0))
        self._led = self._fell = np.zeros((0, 0), dtype=bool)
        self._distances: Floats = np.empty((0, 0))
        self._quantile = BatchQuantile(0.9, self._all_distances)
        self.epsilon: float | None = None

    def __contains__(self, trial_id: object) -> bool:
        return trial_id in self._slots

    def add(self, trial_id: int, curve: Mapping[int, float]) -> None:
        """A trial comes, with the losses that it has reported so far by resource, lowest resource first."""
        if len(self._slots) == self._max_trials:
            self.remove(next(iter(self._slots)))
        if not self._free:
            self._add_slots()
        i = self._slots[trial_id] = self._free.pop()
        self._catch_up(i, {resource: loss for resource, loss in curve.items() if resource <= self.above})
        for resource, loss in curve.items():
            if resource > self.above:
                self.report(trial_id, resource, loss)

    def remove(self, trial_id: int) -> None:
        """A trial takes part no longer."""
        i = self._slots.pop(trial_id)
        self._free.append(i)
        before = _present(self._distances[i])
        for pairs, nothing in ((self._led, False), (self._fell, False), (self._distances, np.nan)):
            pairs[i] = pairs[:, i] = nothing
        self._losses[:, i] = np.nan
        self._replace(before, np.empty(0))

    def report(self, trial_id: int, resource: int, loss: float) -> None:
        """A trial reports, beyond all that it has reported before."""
        i, row = self._slots[trial_id], self._row(resource)
        others = self._losses[row]
        better, worse = loss < others, loss > others  # neither, where the other has not reported
        led_by, fell_to = self._led[:, i], self._fell[:, i]
        noisy = (better & self._fell[i]) | (worse & fell_to)
        self._fell[i] |= worse & self._led[i]
        fell_to |= better & led_by
        self._led[i] |= better
        led_by |= worse
        if resource > self.above:
            self._measure(i, others, loss, noisy)
        others[i] = loss

    def _catch_up(self, i: int, curve: Mapping[int, float]) -> None:
        """Report all that a new trial has reported before it came, where nothing is measured, at once."""
        if not curve:
            return
        rows = [self._row(resource) for resource in curve]
        own, others = np.array([*curve.values()])[:, None], self._losses[rows]
        better, worse = own < others, own > others
        led, led_by = np.logical_or.accumulate(better), np.logical_or.accumulate(worse)
        self._led[i], self._led[:, i] = led[-1], led_by[-1]
        self._fell[i], self._fell[:, i] = (worse[1:] & led[:-1]).any(axis=0), (better[1:] & led_by[:-1]).any(axis=0)
        self._losses[rows, i] = own[:, 0]

    def _measure(self, i: int, others: Floats, loss: float, noisy: npt.NDArray[np.bool_]) -> None:
        """Pairs of a trial with those that have reported the same resource are compared there from now on."""
        distances, met = self._distances[i], others == others
        before = _present(distances[met])
        noisy &= others < np.inf if loss < np.inf else False
        with np.errstate(over="ignore"):  # what is further apart than any number is infinitely far apart
            now = np.abs(others[noisy] - loss)
        distances[met] = np.nan
        distances[noisy] = now
        self._distances[:, i] = distances
        self._replace(before, now)

    def _replace(self, before: Floats, now: Floats) -> None:
        if len(before) or len(now):
            self._quantile.replace(before, now)
            self.epsilon = self._quantile.value() if len(self._quantile) else None

    def _all_distances(self) -> Floats:
        return _present(self._distances[np.tri(len(self._distances), k=-1, dtype=bool)])

    def _add_slots(self) -> None:
        n = len(self._led)
        more = min(max(n, 16), self._max_trials - n)
        self._free = [*reversed(range(n, n + more))]
        self._losses = np.pad(self._losses, ((0, 0), (0, more)), constant_values=np.nan)
        self._led, self._fell = (np.pad(pairs, (0, more)) for pairs in (self._led, self._fell))
        self._distances = np.pad(self._distances, (0, more), constant_values=np.nan)

    def _row(self, resource: int) -> int:
        row = self._rows.setdefault(resource, len(self._rows))
        if row == len(self._losses):
            self._losses = np.concatenate((self._losses, np.full_like(self._losses, np.nan)))
        return row


def _present(numbers: Floats) -> Floats:
    return numbers[numbers == numbers]  # NaN is not equal to itself
