"""What ``hydra.sweeper.exclude`` and ``hydra.sweeper.repeats`` say of combinations, checked against those there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tunekit.config.composition.combinations import (
    SEED,
    Block,
    Choice,
    Condition,
    Repeats,
    different,
    has,
)
from tunekit.config.composition.sweep_options import SweepOptions, refusal
from tunekit.config.hydra_values import as_text
from tunekit_core.errors import suggestion

Reads = Callable[[str, str, Any], Sequence[Choice]]  # of the name of the option, and in it a key and what it gives


def read_exclude(options: SweepOptions, reads: Reads, blocks: Sequence[Block]) -> list[Condition]:
    """What combinations that are left out have.

    Args:
        options: Of the sweeper.
        reads: Reads the values that are given for a key.
        blocks: All that the sweep has, before anything typed narrows it where a file says what is left out.

    Raises:
        ConfigurationError: If one names a key or a value that no run has, or holds for no combination.
    """
    conditions = []
    for given in options.exclude:
        choices = [reads("exclude", key, value) for key, value in given.items()]
        condition = Condition({each[0].key: [choice.value for choice in each] for each in choices})
        for key, values in condition.values.items():
            _check("exclude", key, values, blocks)
        if not any(condition.can_hold(block) for block in blocks):
            what = f"no combination has {_text(condition)}, so that nothing is left out. Take it out"
            raise refusal("exclude", dict(given), what)
        conditions.append(condition)
    return conditions


def read_repeats(options: SweepOptions, reads: Reads, blocks: Sequence[Block]) -> list[Repeats]:
    """How many seeds there are of what.

    Args:
        options: Of the sweeper.
        reads: Reads the values that are given for a key.
        blocks: As for :func:`read_exclude`.

    Raises:
        ConfigurationError: If a key or a value is one that no run has, or there are fewer seeds.
    """
    found = []
    for key, numbers in options.repeats.items():
        if key == SEED:
            what = "it says how many seeds there are of another key's values, such as method, not of seed"
            raise refusal("repeats", key, what)
        for value, n in numbers.items():
            choices = reads("repeats", key, value)
            name, values = choices[0].key, [choice.value for choice in choices]
            _check("repeats", name, values, blocks)
            _check_number(key, value, n, _most_seeds(name, values, blocks))
            found += [Repeats(name, each, n) for each in values]
    return found


def _check(name: str, key: str, values: Sequence[Any], blocks: Sequence[Block]) -> None:
    """See that some run has the key, and each of its values."""
    given: dict[str, list[Any]] = {}
    for choice in (choice for block in blocks for choice in block.choices):
        given.setdefault(choice.key, []).append(choice.value)
    if key not in given:
        given_are = f"Given are: {', '.join(given) or 'none'}"
        what = f"'{key}' is given to no run of this sweep. {suggestion(key, given)}{given_are}"
        raise refusal(name, key, what)
    there = different(given[key])
    for value in values:
        if not has(there, value):
            close = suggestion(as_text(value), map(as_text, there))
            raise refusal(name, value, f"no run has {key}={as_text(value)}. {close}There are: {_listed(there)}")


def _most_seeds(key: str, values: Sequence[Any], blocks: Sequence[Block]) -> int:
    having = [block for block in blocks if any(each.key == key and has(values, each.value) for each in block.choices)]
    return max((len(block.seeds) for block in having), default=0)


def _check_number(key: str, value: Any, n: int, most: int) -> None:
    if most == 0:
        raise refusal(
            "repeats",
            n,
            f"it says how many of the seeds there are of what has {key}={value}, and no seeds are given. "
            "Add seed=range(20), for example",
        )
    if n > most:
        raise refusal(
            "repeats",
            n,
            f"{key}={value} cannot have {n} seeds, since {most} are given. Give as many as the most that something "
            f"has, seed=range({n}), and say here what has fewer",
        )


def _text(condition: Condition) -> str:
    return " and ".join(f"{key}={_listed(values)}" for key, values in condition.values.items())


def _listed(values: Iterable[Any], most: int = 12) -> str:
    texts = [as_text(value) for value in values]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return f"{', '.join(texts[:most])}{more}"
