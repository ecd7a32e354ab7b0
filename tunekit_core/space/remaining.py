"""What is left of finitely many configurations when most of them are taken."""

from __future__ import annotations

from collections.abc import Container, Hashable, Sized
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tunekit_core.space.configuration import Configuration
from tunekit_core.space.domain import Indices, Value
from tunekit_core.space.space import SearchSpace
from tunekit_core.space.table import ConfigurationTable


class Taken(Container[Hashable], Sized, Protocol):
    """The keys of the configurations that must not be proposed again, such as a set or a dict."""


class Remaining:
    """The configurations of a finite space, or of a table, that are not taken.

    The answer depends on what is taken alone. What was left the last time is kept: as long as all that was taken since
    are configurations of which it was told, it does not go through all of them again. It counts to find out.

    Args:
        space: The space, finite unless there are rows.
        rows: The only allowed configurations, or ``None`` for all of the space.
    """

    def __init__(self, space: SearchSpace, rows: ConfigurationTable | None) -> None:
        self._space = space
        self._rows = rows
        n = len(rows) if rows is not None else space.size
        assert n is not None
        self._is_left: NDArray[np.bool_] = np.zeros(n, dtype=bool)
        self._n_foreign: int | None = None  # keys that were taken and are none of these, when all were gone through
        self._proposed: dict[tuple[Value, ...], Configuration] = {}

    def on_proposal(self, configuration: Configuration) -> None:
        """One of the configurations was proposed, and may be taken the next time."""
        self._proposed[self._space.key(configuration)] = configuration

    def positions(self, taken: Taken) -> Indices:
        """Where those that are left stand, in the order of ``space.enumerate()`` or of the rows."""
        allowed = self._space if self._rows is None else self._rows
        for key in [key for key in self._proposed if key in taken]:
            self._is_left[allowed.index_of(self._proposed.pop(key))] = False
        if self._n_foreign is None or self._n_left() != len(self._is_left) - (len(taken) - self._n_foreign):
            self._is_left = np.fromiter(
                (key not in taken for key in allowed.all_keys()), dtype=bool, count=len(self._is_left)
            )
            self._n_foreign = len(taken) - (len(self._is_left) - self._n_left())
        return np.flatnonzero(self._is_left)

    def configuration_at(self, position: int) -> Configuration:
        """The configuration at one of the positions."""
        return self._space.configuration_at(position) if self._rows is None else self._rows[position]

    def _n_left(self) -> int:
        return int(np.count_nonzero(self._is_left))
