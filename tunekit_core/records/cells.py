"""How the values of a configuration stand in the results: each comes back as it was, with its type.

A value stands there as text: a number as Python writes it, ``None`` as nothing. Where that would not tell the values of
an entry apart, as ``1`` from ``"1"``, or is no text that every reader of CSV takes, or one of them is a list, they all
stand there as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from tunekit_core.space import SearchSpace
from tunekit_core.space.domain import Domain, Value
from tunekit_core.space.finite import Listed


@attrs.frozen
class Column:
    """The cells of one entry of a search space.

    Attributes:
        is_json: Whether they are JSON.
        types: Types of the values.
        values: By its cell each value; ``None`` where there is a range of numbers, of one type.
    """

    is_json: bool
    types: frozenset[type]
    values: Mapping[str, Value] | None

    def read(self, cells: Iterable[str]) -> list[Value]:
        """The values of cells, with lists where a configuration has tuples.

        Raises:
            ValueError, KeyError: If there is no value with that cell.
        """
        if self.values is not None:
            return [self.values[cell] for cell in cells] if tuple not in self.types else [*map(json.loads, cells)]
        (number,) = self.types
        return [number(cell) for cell in cells]


def columns_of(space: SearchSpace) -> dict[str, Column]:
    """The columns of a space, by the names of its entries."""
    return {name: _column(space.fixed.get(name, entry)) for name, entry in space.items()}


def as_cell(value: Value) -> str:
    """A value as JSON, for a column of JSON."""
    return json.dumps(value)


def _column(entry: Domain | Value) -> Column:
    if isinstance(entry, Domain) and not isinstance(entry, Listed):
        return Column(False, frozenset([type(entry.default)]), None)
    values = entry.values() if isinstance(entry, Listed) else (entry,)
    types = frozenset(map(type, values))
    texts = {_text(value): value for value in values}
    if tuple not in types and len(texts) == len(values) and all(map(_is_plain, texts)):
        return Column(False, types, texts)
    return Column(True, types, {as_cell(value): value for value in values})


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _is_plain(text: str) -> bool:
    """Whether a text is the same after it was written as UTF-8, and read by whatever reads CSV."""
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return "\0" not in text


def series(values: list[Value], column: Column) -> Any:
    """The values as a column of pandas. Where they differ in type, pandas leaves them as they are."""
    import pandas as pd

    is_mixed = len(column.types) > 1 or column.types == {type(None)} or column.is_json
    return pd.Series(values, dtype=object if is_mixed else None)
