"""What a sweep varies, read from what was typed and from files: blocks of axes, and what is said of combinations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from hydra.core.override_parser.types import Override

from tunekit.config.arguments import key_for_hydra
from tunekit.config.composition.combinations import (
    SEED,
    Axis,
    Block,
    Condition,
    Repeats,
    different,
    identities,
    identity,
)
from tunekit.config.composition.conditions import read_exclude, read_repeats
from tunekit.config.composition.overrides import Choices, Overrides, name_of
from tunekit.config.composition.sweep_checks import check_groups, check_number, check_order
from tunekit.config.composition.sweep_options import OF_AXES, SWEEPER, SweepOptions, is_of_hydra, refusal
from tunekit.config.hydra_values import as_text
from tunekit.config.schema import COMPONENTS, KEYS, RECIPES, VALUES, check_value, unknown_key
from tunekit.config.single_values import is_open, option_meant
from tunekit_core.errors import ConfigurationError


@attrs.frozen
class Sweep:
    """What a sweep varies.

    Attributes:
        common: Overrides that hold for every run.
        blocks: Blocks of axes, in the order of their runs.
        exclude: What combinations that are left out have.
        repeats: How many seeds there are of what.
    """

    common: Sequence[Override]
    blocks: Sequence[Block]
    exclude: Sequence[Condition]
    repeats: Sequence[Repeats]


def read_sweep(overrides: Overrides, options: SweepOptions, arguments: Sequence[str]) -> Sweep:
    """What is swept.

    Args:
        overrides: Reads them.
        options: Of the sweeper.
        arguments: Overrides from the command line; one with the same key as one of a study replaces it.

    Raises:
        ConfigurationError: If the options do not fit together.
    """
    last = _last(overrides, options.params, arguments)
    also = [_block_of(overrides, block) for block in options.also]
    varied = {key for block in also for key in block}
    common = [
        each
        for key, each in last.items()
        if not each.is_sweep_override() and (key.startswith("~") or name_of(each) not in varied)
    ]
    given = _choices_of(overrides, last, common)
    groups = [[option_meant(key_for_hydra(key)) for key in group] for group in options.zip]
    typed = frozenset(option_meant(argument.lstrip("+").partition("=")[0]) for argument in arguments) & given.keys()
    of_file = _choices_of(overrides, _last(overrides, options.params, ()), ())
    whole = _with_blocks({**given, **of_file}, also)  # as in the file, before anything typed narrows it
    if "also" not in options.typed:
        also = [_narrowed(block, given, typed) for block in also]
    check_groups(groups, given, also)
    counts_typed = "repeats" in options.typed
    blocks = [
        Block(_axes(now, groups, is_further=i > 0), _seeds(now) if counts_typed else _counted(now, of_whole))
        for i, (now, of_whole) in enumerate(zip(_with_blocks(given, also), whole, strict=True))
        if all(now.values())  # a block that is narrowed to nothing is none
    ]
    check_number(blocks, options)
    check_order(blocks, options, groups)
    # Of a study that is narrowed, the file may speak of values that are not typed.
    is_narrowed = not typed.isdisjoint(of_file)
    whole_blocks = [Block(_axes(each, ()), _seeds(each)) for each in whole]
    spoken_of = {name: whole_blocks if is_narrowed and name not in options.typed else blocks for name in OF_AXES}
    return Sweep(
        common=common,
        blocks=blocks,
        exclude=read_exclude(options, overrides.choices_given, spoken_of["exclude"]),
        repeats=read_repeats(options, overrides.choices_given, spoken_of["repeats"]),
    )


def _last(overrides: Overrides, params: Mapping[str, Any], arguments: Sequence[str]) -> dict[str, Override]:
    """The override of each key that holds, which is the last."""
    typed = {argument.lstrip("+").partition("=")[0] for argument in arguments}
    meant = {key: option_meant(key) if option_meant(key) in typed else key for key in params}
    lines = [*(f"{meant[key]}={as_text(value)}" for key, value in params.items()), *arguments]
    return {override.get_key_element(): override for override in overrides.read(lines)}


def _choices_of(overrides: Overrides, last: Mapping[str, Override], common: Sequence[Override]) -> dict[str, Choices]:
    """The values of each key; what is common is composed once, and set by none of the combinations."""
    return {
        name_of(each): tuple(
            attrs.evolve(choice, override=None) if each in common else choice for choice in overrides.choices(each)
        )
        for key, each in last.items()
        if not key.startswith("~")
    }


def _with_blocks(given: Mapping[str, Choices], also: Iterable[Mapping[str, Choices]]) -> list[dict[str, Choices]]:
    """What is swept, and for each further block the same with its values."""
    return [dict(given), *({**given, **block} for block in also)]


def _seeds(given: Mapping[str, Choices]) -> list[Any]:
    return different(choice.value for choice in given.get(SEED, ()))


def _counted(now: Mapping[str, Choices], whole: Mapping[str, Choices]) -> list[Any]:
    """The seeds of which ``repeats`` counts the first, where a file has that: its own, of which some may be typed.

    Typed seeds that the file does not have are other seeds, and take the place of its own.

    Args:
        now: A block with the values that are typed.
        whole: The same block of the file.
    """
    typed, of_file = _seeds(now), _seeds(whole)
    return of_file if identities(typed) <= identities(of_file) else typed


def _block_of(overrides: Overrides, block: Mapping[str, Any]) -> dict[str, Choices]:
    found = {}
    for key, given in block.items():
        first = key.partition(".")[0]
        if first not in KEYS and not is_of_hydra(key):
            raise refusal("also", key, unknown_key(first).removesuffix("."))
        choices = overrides.choices_given("also", key, given)
        for choice in choices:
            _check_value(key, choice.value)
        found[choices[0].key] = choices
    return found


def _check_value(key: str, value: Any) -> None:
    """See that a run can have a value that a further block gives: no run would say where it is from."""
    if is_open(value):
        return
    is_named = (isinstance(value, str) and value) or (isinstance(value, Mapping) and key in COMPONENTS)
    if key in (*COMPONENTS, *RECIPES) and not is_named:
        raise refusal("also", value, f"{key}={as_text(value)} names no {key}. Type {key}: NAME, or leave it out")
    if key in VALUES:
        try:
            check_value(key, value)
        except ConfigurationError as error:
            raise refusal("also", value, str(error).removesuffix(".")) from error


def _narrowed(block: Mapping[str, Choices], given: Mapping[str, Choices], typed: frozenset[str]) -> dict[str, Choices]:
    """A block of a file with those of its values that are typed, where its keys are typed."""
    kept = {key: identities(choice.value for choice in given[key]) for key in typed}
    return {
        key: tuple(each for each in choices if key not in typed or identity(each.value) in kept[key])
        for key, choices in block.items()
    }


def _axes(given: Mapping[str, Choices], groups: Sequence[Sequence[str]], *, is_further: bool = False) -> list[Axis]:
    """The axes in the order of their first key.

    Args:
        given: By key its values.
        groups: Keys that vary together.
        is_further: Whether a further block is read, whose values stand there.
    """
    group_of = {name: group for group in groups for name in group}
    axes = {}
    for name in given:
        group = group_of.get(name, [name])
        lengths = {member: len(given[member]) for member in group}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{member} has {count}" for member, count in lengths.items())
            if is_further:
                what = f"in a block, values that vary together ({SWEEPER}zip) must be equally many, but {counts}"
                raise refusal("also", lengths, what)
            raise refusal("zip", lengths, f"values that vary together must be equally many, but {counts}")
        axes[tuple(group)] = Axis(tuple(zip(*(given[member] for member in group), strict=True)))
    return list(axes.values())
