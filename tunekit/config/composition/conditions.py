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
from tunekit.config.composition.sweep_options import SWEEPER, SweepOptions
from tunekit.config.single_values import option_meant
from tunekit_core.errors import ConfigurationError, suggestion

Reads = Callable[[str, Any], Sequence[Choice]]


def read_exclude(options: SweepOptions, choices: Reads, blocks: Sequence[Block]) -> list[Condition]:
    """What combinations that are left out have.

    Args:
        options: Of the sweeper.
        choices: Reads the values that are given for a key.
        blocks: All that the sweep has, before anything typed narrows it where a file says what is left out.

    Raises:
        ConfigurationError: If one names a key or a value that no run has, or holds for no combination.
    """
    conditions = []
    for given in options.exclude:
        condition = Condition(
            {option_meant(key): _values(choices, "exclude", key, value) for key, value in given.items()}
        )
        for key, values in condition.values.items():
            _check("exclude", key, values, blocks)
        if not any(condition.can_hold(block) for block in blocks):
            raise ConfigurationError(
                f"{SWEEPER}exclude: no combination has {_text(condition)}, so that nothing is left out. Take it out.",
                option=f"{SWEEPER}exclude",
                value=dict(given),
            )
        conditions.append(condition)
    return conditions


def read_repeats(options: SweepOptions, choices: Reads, blocks: Sequence[Block]) -> list[Repeats]:
    """How many seeds there are of what.

    Args:
        options: Of the sweeper.
        choices: Reads the values that are given for a key.
        blocks: As for :func:`read_exclude`.

    Raises:
        ConfigurationError: If a key or a value is one that no run has, or there are fewer seeds.
    """
    found = []
    for key, numbers in options.repeats.items():
        name = option_meant(key)
        if name == SEED:
            raise ConfigurationError(
                f"{SWEEPER}repeats says how many seeds there are of another key's values, such as method, not of seed.",
                option=f"{SWEEPER}repeats",
                value=key,
            )
        for value, n in numbers.items():
            values = _values(choices, "repeats", key, value)
            _check("repeats", name, values, blocks)
            _check_number(key, value, n, _most_seeds(name, values, blocks))
            found += [Repeats(name, each, n) for each in values]
    return found


def _values(choices: Reads, name: str, key: str, given: Any) -> list[Any]:
    if key.partition(".")[0] == "hydra":
        raise ConfigurationError(
            f"{SWEEPER}{name}: {key} is one for the whole sweep. Name a key that runs differ in.",
            option=f"{SWEEPER}{name}",
            value=key,
        )
    return [choice.value for choice in choices(key, given)]


def _check(name: str, key: str, values: Sequence[Any], blocks: Sequence[Block]) -> None:
    """See that some run has the key, and each of its values."""
    given: dict[str, list[Any]] = {}
    for choice in (choice for block in blocks for choice in block.choices):
        given.setdefault(choice.key, []).append(choice.value)
    there = {name: different(values_given) for name, values_given in given.items()}
    if key not in there:
        raise ConfigurationError(
            f"{SWEEPER}{name}: '{key}' is given to no run of this sweep. {suggestion(key, there)}Given are: "
            f"{', '.join(there) or 'none'}.",
            option=f"{SWEEPER}{name}",
            value=key,
        )
    wrong = next((value for value in values if not has(there[key], value)), None)
    if wrong is not None:
        raise ConfigurationError(
            f"{SWEEPER}{name}: no run has {key}={wrong}. {suggestion(str(wrong), map(str, there[key]))}There are: "
            f"{_listed(there[key])}.",
            option=f"{SWEEPER}{name}",
            value=wrong,
        )


def _most_seeds(key: str, values: Sequence[Any], blocks: Sequence[Block]) -> int:
    having = [block for block in blocks if any(each.key == key and has(values, each.value) for each in block.choices)]
    return max((len(block.seeds) for block in having), default=0)


def _check_number(key: str, value: Any, n: int, most: int) -> None:
    if most == 0:
        raise ConfigurationError(
            f"{SWEEPER}repeats says how many of the seeds there are of what has {key}={value}, and no seeds are given. "
            "Add seed=range(20), for example.",
            option=f"{SWEEPER}repeats",
        )
    if n > most:
        raise ConfigurationError(
            f"{SWEEPER}repeats: {key}={value} cannot have {n} seeds, since {most} are given. Give as many as the most "
            f"that something has, seed=range({n}), and say here what has fewer.",
            option=f"{SWEEPER}repeats",
            value=n,
        )


def _text(condition: Condition) -> str:
    return " and ".join(f"{key}={_listed(values)}" for key, values in condition.values.items())


def _listed(values: Iterable[Any], most: int = 12) -> str:
    texts = [str(value) for value in values]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return f"{', '.join(texts[:most])}{more}"
