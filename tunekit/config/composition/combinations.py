"""Which combinations of values a sweep has: blocks of axes one after the other, without those that are left out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

SEED = "seed"  # the key that repeats a setup
MOST_RUNS = 100_000  # of a sweep; each is composed by itself before the first is run


@attrs.frozen
class Choice:
    """A key with one value.

    Attributes:
        key: Dotted name of an option.
        value: What it is set to, by which it is found again.
        override: The same as Hydra reads it.
        is_matched: Whether it is one of those that a pattern, a glob, stands for.
        is_shuffled: Whether its place among the others is another whenever the command is typed.
    """

    key: str
    value: Any
    override: Any = attrs.field(default=None, eq=False, repr=False)
    is_matched: bool = attrs.field(default=False, eq=False, repr=False)
    is_shuffled: bool = attrs.field(default=False, eq=False, repr=False)


Point = tuple[Choice, ...]


@attrs.frozen
class Axis:
    """What varies together: one key and its values, or several keys zipped.

    Attributes:
        points: For each position on the axis a choice for every key, of which all have the same keys.
    """

    points: tuple[Point, ...]


@attrs.frozen
class Block:
    """Axes of which every combination is asked for.

    Attributes:
        axes: The axes, the last varies fastest.
        seeds: The different seeds of which ``repeats`` counts the first, in order.
    """

    axes: Sequence[Axis]
    seeds: Sequence[Any]

    @property
    def n_combinations(self) -> int:
        """How many combinations there are, before any is left out."""
        return math.prod(len(axis.points) for axis in self.axes)

    @property
    def choices(self) -> Iterator[Choice]:
        """Every key with each of its values."""
        for axis in self.axes:
            yield from itertools.chain.from_iterable(axis.points)


@attrs.frozen
class Condition:
    """What a combination may be said to have.

    Attributes:
        values: By key values of which it has one.
    """

    values: Mapping[str, Sequence[Any]]
    _identities: Mapping[str, frozenset[Hashable]] = attrs.field(init=False, eq=False, repr=False)

    @_identities.default
    def _found(self) -> dict[str, frozenset[Hashable]]:
        return {key: identities(values) for key, values in self.values.items()}

    def holds(self, point: Point) -> bool:
        """Whether a combination has one of the values of every key."""
        given = {choice.key: choice.value for choice in point}
        return all(key in given and identity(given[key]) in values for key, values in self._identities.items())

    def can_hold(self, block: Block) -> bool:
        """Whether it holds for a combination of a block."""
        keys = {choice.key for choice in block.choices}
        return keys.issuperset(self.values) and all(any(map(self._may_have, axis.points)) for axis in block.axes)

    def _may_have(self, point: Point) -> bool:
        named = [choice for choice in point if choice.key in self.values]
        return all(identity(choice.value) in self._identities[choice.key] for choice in named)


@attrs.frozen
class Repeats:
    """How many seeds there are of what has a value.

    Attributes:
        key: Dotted name of an option.
        value: Its value.
        n: The first so many seeds of a block are kept.
    """

    key: str
    value: Any
    n: int


def identity(value: Any) -> Hashable:
    """What two values have in common if they are equal, by which one is found among thousands; true is not 1."""
    if isinstance(value, Mapping):
        return Mapping, frozenset((identity(key), identity(each)) for key, each in value.items())
    if isinstance(value, list):
        return list, tuple(map(identity, value))
    return (bool, value) if isinstance(value, bool) else value


def identities(values: Iterable[Any]) -> frozenset[Hashable]:
    """Those of several values."""
    return frozenset(map(identity, values))


def combinations(block: Block) -> Iterator[Point]:
    """All combinations of a block, the last axis varying fastest."""
    for points in itertools.product(*(axis.points for axis in block.axes)):
        yield tuple(itertools.chain.from_iterable(points))


def chosen(blocks: Sequence[Block], exclude: Sequence[Condition], repeats: Sequence[Repeats]) -> Iterator[Point]:
    """The combinations of a sweep, block after block; what several blocks have comes as often.

    Args:
        blocks: Those of the sweep.
        exclude: A combination for which one of these holds is left out.
        repeats: Of several that hold for a combination, the smallest number counts.
    """
    for block in blocks:
        positions = {identity(seed): i for i, seed in enumerate(block.seeds)}
        for point in combinations(block):
            if not any(condition.holds(point) for condition in exclude) and _has_seed(point, positions, repeats):
                yield point


def different(values: Iterable[Any]) -> list[Any]:
    """The different ones of some values, in order."""
    found: dict[Hashable, Any] = {}
    for value in values:
        found.setdefault(identity(value), value)
    return [*found.values()]


def _has_seed(point: Point, positions: Mapping[Hashable, int], repeats: Sequence[Repeats]) -> bool:
    """Whether the seed of a combination is one of the first that it is to have; positions begin with 0."""
    given = {choice.key: choice.value for choice in point}
    limits = [each.n for each in repeats if each.key in given and identity(each.value) == identity(given[each.key])]
    return not limits or positions.get(identity(given[SEED]), math.inf) < min(limits)
