"""The only configurations that are allowed, where these are not all of the space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_core.errors import ConfigurationError
from tunekit_core.space.configuration import Configuration
from tunekit_core.space.domain import Floats, Value
from tunekit_core.space.space import SearchSpace

Codes = NDArray[np.int32]


class ConfigurationTable:
    """Rows of allowed configurations of a space, each once, in the order they were given. Immutable.

    A row is kept as one small integer for each searched hyperparameter, its position in a list of values, and
    becomes a configuration when it is asked for.

    Args:
        space: A finite space.
        indices: An array of n positions in ``space.enumerate()``.

    Raises:
        ConfigurationError: If the space is not finite, or an index is out of range or appears twice.
    """

    space: SearchSpace

    def __init__(self, space: SearchSpace, indices: NDArray[np.integer[Any]]) -> None:
        if space.size is None:
            raise ConfigurationError(
                "A space with continuous domains has no grid indices. Use ConfigurationTable.of with configurations."
            )
        rows = np.asarray(indices, dtype=np.int64)
        if rows.size and not (rows.min() >= 0 and rows.max() < space.size):
            raise ConfigurationError(f"Grid indices of this space are from 0 to {space.size - 1}.")
        if len(np.unique(rows)) < len(rows):
            raise ConfigurationError("A grid index appears twice. Give each once.")
        values: list[Sequence[Value]] = []
        codes = np.empty((len(rows), len(space.searched)), dtype=np.int32)
        for j in reversed(range(len(space.searched))):
            all_values = space.domains[space.searched[j]].values()
            rows, positions = np.divmod(rows, len(all_values))
            used, codes[:, j] = np.unique(positions, return_inverse=True)
            values.insert(0, [all_values[position] for position in used.tolist()])
        self._fill(space, values, codes)

    @classmethod
    def of(cls, space: SearchSpace, configurations: Sequence[Mapping[str, Any]]) -> ConfigurationTable:
        """The table of explicit configurations.

        Raises:
            ConfigurationError: If a configuration is not in the space, or appears twice.
        """
        rows = [space.complete(configuration) for configuration in configurations]
        positions: list[dict[Value, int]] = [{} for _ in space.searched]
        codes = np.empty((len(rows), len(positions)), dtype=np.int32)
        for j, name in enumerate(space.searched):
            codes[:, j] = [positions[j].setdefault(row[name], len(positions[j])) for row in rows]
        table = cls._make(space, [tuple(column) for column in positions], codes)
        if len(table._rows) < len(rows):
            raise ConfigurationError("A configuration appears twice. Give each once.")
        return table

    @classmethod
    def _make(cls, space: SearchSpace, values: list[Sequence[Value]], codes: Codes) -> ConfigurationTable:
        table = cls.__new__(cls)
        table._fill(space, values, codes)
        return table

    def _fill(self, space: SearchSpace, values: list[Sequence[Value]], codes: Codes) -> None:
        if len(codes) == 0:
            raise ConfigurationError("A table of allowed configurations needs at least one row.")
        self.space = space
        self._values = values
        self._codes = codes

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._codes)

    def __getitem__(self, row: int) -> Configuration:
        """The configuration of a row."""
        columns = {
            name: [values[code]]
            for name, values, code in zip(self.space.searched, self._values, self._codes[row].tolist(), strict=True)
        }
        return self.space.assemble(columns, 1)[0]

    def __iter__(self) -> Iterator[Configuration]:
        """The configurations, in order."""
        return (self[row] for row in range(len(self)))

    def all_keys(self) -> Iterator[tuple[Value, ...]]:
        """The :meth:`SearchSpace.key` of each row, in order, far faster than by making the configurations."""
        columns: dict[str, Iterable[Value]] = {
            name: [values[code] for code in codes.tolist()]
            for name, values, codes in zip(self.space.searched, self._values, self._codes.T, strict=True)
        }
        settled = {name: repeat(value, len(self)) for name, value in self.space.fixed.items()}
        full = [columns[name] if name in columns else settled[name] for name in self.space.names]
        return zip(*full, strict=True) if full else repeat((), len(self))

    @cached_property
    def encoded(self) -> Floats:
        """The rows as an n x ``space.width`` array in [0, 1], see :meth:`SearchSpace.encode`."""
        columns = [np.empty((len(self), 0))]
        for name, values, codes in zip(self.space.searched, self._values, self._codes.T, strict=True):
            columns.append(self.space.domains[name].encode(values)[codes])
        encoded = np.concatenate(columns, axis=1)
        encoded.flags.writeable = False
        return encoded

    def index_of(self, configuration: Mapping[str, Any]) -> int | None:
        """The row that holds a configuration of the space, or ``None``.

        Raises:
            KeyError: If the configuration lacks a hyperparameter.
        """
        if any(configuration[name] != value for name, value in self.space.fixed.items()):
            return None
        codes = [
            positions.get(configuration[name], -1)
            for name, positions in zip(self.space.searched, self._positions, strict=True)
        ]
        return self._rows.get(np.array(codes, dtype=np.int32).tobytes())

    def fix(self, values: Mapping[str, Any]) -> ConfigurationTable:
        """The rows that have these values, as a table of the space in which they are fixed.

        Raises:
            ConfigurationError: If :meth:`SearchSpace.fix` refuses the values, or no row has them.
        """
        return self.restrict(self.space.fix(values))

    def restrict(self, space: SearchSpace) -> ConfigurationTable:
        """The rows that agree with the fixed values of a space, as a table of that space.

        Args:
            space: The space of this table, with the same hyperparameters fixed or more of them.

        Raises:
            ConfigurationError: If it is another space, or no row agrees.
        """
        kept = self.space.fixed.items() <= space.fixed.items()
        if not kept or space != self.space.fix(space.fixed):
            raise ConfigurationError(
                "A table can be restricted to its own space with more values fixed, not to another space."
            )
        searched = self.space.searched
        agrees = np.ones(len(self), dtype=bool)
        for j, name in enumerate(searched):
            if name in space.fixed:
                agrees &= self._codes[:, j] == self._positions[j].get(space.fixed[name], -1)
        if not agrees.any():
            raise ConfigurationError(f"No row of the table has {dict(space.fixed)}.")
        left = [j for j, name in enumerate(searched) if name not in space.fixed]
        return self._make(space, [self._values[j] for j in left], self._codes[agrees][:, left])

    @cached_property
    def _positions(self) -> list[dict[Value, int]]:
        return [{value: i for i, value in enumerate(values)} for values in self._values]

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        return {codes.tobytes(): row for row, codes in enumerate(self._codes)}
