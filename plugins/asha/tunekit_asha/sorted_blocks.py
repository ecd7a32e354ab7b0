"""Things in order that come and go, and how many of them are below one."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound="tuple[object, ...]")


class SortedBlocks(Generic[Thing]):
    """Distinct tuples in order, kept in blocks.

    Whatever is done takes two bisections, one among the blocks and one in a block, and moves or adds up no more than a
    block, or as many numbers as there are blocks: 200 for 100,000 things.

    Args:
        things: Those that are there at first.
        block_size: How many a block has after it was split; up to twice as many before.
    """

    def __init__(self, things: Iterable[Thing], block_size: int = 500) -> None:
        ordered = sorted(things)
        self._block_size = block_size
        self._blocks = [ordered[i : i + block_size] for i in range(0, len(ordered), block_size)]
        self._last = [block[-1] for block in self._blocks]

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    def add(self, thing: Thing) -> None:
        """One comes that is not there."""
        if not self._blocks:
            self._blocks, self._last = [[thing]], [thing]
            return
        k = min(bisect_left(self._last, thing), len(self._blocks) - 1)
        block = self._blocks[k]
        insort(block, thing)
        if len(block) > 2 * self._block_size:
            half = len(block) // 2
            self._blocks[k : k + 1] = block[:half], block[half:]
            self._last.insert(k, block[half - 1])
            k += 1
        self._last[k] = self._blocks[k][-1]

    def remove(self, thing: Thing) -> None:
        """One goes, which must be there."""
        k = bisect_left(self._last, thing)
        block = self._blocks[k]
        del block[bisect_left(block, thing)]
        if block:
            self._last[k] = block[-1]
        else:
            del self._blocks[k], self._last[k]

    def n_below(self, thing: Thing) -> int:
        """How many are less than one, which need not be there."""
        k = bisect_left(self._last, thing)
        below = sum(map(len, itertools.islice(self._blocks, k)))
        return below + (bisect_left(self._blocks[k], thing) if k < len(self._blocks) else 0)
