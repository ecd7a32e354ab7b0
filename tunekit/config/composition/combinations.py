"""Which combinations of values a sweep has: blocks of axes one after the other, without those that are left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

SEED = "seed"  # the key that repeats a setup


@attrs.frozen
class Choice:
    """A key with one value.

    Attributes:
        key: Dotted name of an option.
        value: What it is set to, by which it is found again.
        override: The same as Hydra reads it.
    """

    key: str
    value: Any
    override: Any = attrs.field(default=None, eq=False, repr=False)


Point = tuple[Choice, ...]


@attrs.frozen
class Axis:
    """What varies together: one key and its values, or several keys zipped.

    Attributes:
        points: For each position on the axis a choice for every key, of which all have the same keys.
    """

    points: tuple[Point, ...]


Block = Sequence[Axis]  # of which every combination is asked for


@attrs.frozen
class Condition:
    """What a combination may be said to have.

    Attributes:
        values: By key values of which it has one.
    """

    values: Mapping[str, Sequence[Any]]

    def holds(self, point: Point) -> bool:
        """Whether a combination has one of the values of every key."""
        given = {choice.key: choice.value for choice in point}
        return all(key in given and has(values, given[key]) for key, values in self.values.items())

    def can_hold(self, block: Block) -> bool:
        """Whether it holds for a combination of a block."""
        keys = {choice.key for choice in choices_of(block)}
        return keys.issuperset(self.values) and all(any(map(self._may_have, axis.points)) for axis in block)

    def _may_have(self, point: Point) -> bool:
        return all(has(self.values.get(choice.key, [choice.value]), choice.value) for choice in point)


@attrs.frozen
class Repeats:
    """How many seeds there are of what has a value.

    Attributes:
        key: Dotted name of an option.
        value: Its value.
        n: The first so many different seeds of a block are kept.
    """

    key: str
    value: Any
    n: int


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; what is true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def has(values: Sequence[Any], value: Any) -> bool:
    """Whether a value is one of several."""
    return any(same(each, value) for each in values)


def combinations(block: Block) -> Iterator[Point]:
    """All combinations of a block, the last axis varying fastest."""
    for points in itertools.product(*(axis.points for axis in block)):
        yield tuple(itertools.chain.from_iterable(points))


def chosen(blocks: Sequence[Block], exclude: Sequence[Condition], repeats: Sequence[Repeats]) -> Iterator[Point]:
    """The combinations of a sweep, block after block; what several blocks have comes as often.

    Args:
        blocks: Axes that are multiplied.
        exclude: A combination for which one of these holds is left out.
        repeats: Of several that hold for a combination, the smallest number counts.
    """
    for block in blocks:
        seeds = seeds_of(block)
        for point in combinations(block):
            if not any(condition.holds(point) for condition in exclude) and _is_among_first(point, seeds, repeats):
                yield point


def seeds_of(block: Block) -> list[Any]:
    """The different seeds of a block, in order."""
    found: list[Any] = []
    for choice in choices_of(block):
        if choice.key == SEED and not has(found, choice.value):
            found.append(choice.value)
    return found


def choices_of(block: Block) -> Iterator[Choice]:
    """Every key of a block with each of its values."""
    for axis in block:
        yield from itertools.chain.from_iterable(axis.points)


def _is_among_first(point: Point, seeds: Sequence[Any], repeats: Sequence[Repeats]) -> bool:
    given = {choice.key: choice.value for choice in point}
    limits = [each.n for each in repeats if each.key in given and same(each.value, given[each.key])]
    return not limits or any(same(seed, given[SEED]) for seed in seeds[: min(limits)])
