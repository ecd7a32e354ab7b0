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
    identities,
    identity,
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
        condition = Condition(dict(_named("exclude", key, value, reads, blocks) for key, value in given.items()))
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
            name, values = _named("repeats", key, value, reads, blocks)
            _check_number(key, value, n, _most_seeds(name, values, blocks))
            found += [Repeats(name, each, n) for each in values]
    return found


def _named(name: str, key: str, value: Any, reads: Reads, blocks: Sequence[Block]) -> tuple[str, list[Any]]:
    """A key of some run, and the values that are meant: each of some run, and of a pattern those that fit it."""
    choices = reads(name, key, value)
    key = choices[0].key
    there = _there(name, key, blocks)
    known = identities(there)
    named = [choice.value for choice in choices if not choice.is_matched or identity(choice.value) in known]
    if not named:
        raise refusal(name, value, f"no run has {key}={as_text(value)}. There are: {_listed(there)}")
    for each in named:
        if identity(each) not in known:
            close = suggestion(as_text(each), map(as_text, there))
            raise refusal(name, each, f"no run has {key}={as_text(each)}. {close}There are: {_listed(there)}")
    return key, named


def _there(name: str, key: str, blocks: Sequence[Block]) -> list[Any]:
    """The different values of a key, which some run has."""
    given: dict[str, list[Any]] = {}
    for choice in (choice for block in blocks for choice in block.choices):
        given.setdefault(choice.key, []).append(choice.value)
    if key not in given:
        given_are = f"Given are: {', '.join(given) or 'none'}"
        what = f"'{key}' is given to no run of this sweep. {suggestion(key, given)}{given_are}"
        raise refusal(name, key, what)
    return different(given[key])


def _most_seeds(key: str, values: Sequence[Any], blocks: Sequence[Block]) -> int:
    known = identities(values)
    having = [
        block for block in blocks if any(each.key == key and identity(each.value) in known for each in block.choices)
    ]
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
