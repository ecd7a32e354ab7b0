"""What a sweep varies, read from what was typed and from files: blocks of axes, and what is said of combinations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, RangeSweep
from hydra.errors import OverrideParseException

from tunekit.config.arguments import key_for_hydra, with_prefixes
from tunekit.config.composition.combinations import (
    MOST_RUNS,
    SEED,
    Axis,
    Block,
    Choice,
    Condition,
    Repeats,
    different,
    has,
)
from tunekit.config.composition.conditions import read_exclude, read_repeats
from tunekit.config.composition.grammar_errors import cannot_be_read
from tunekit.config.composition.sweep_checks import check_groups, check_number, check_order
from tunekit.config.composition.sweep_options import OF_AXES, SWEEPER, SweepOptions, is_of_hydra, refusal
from tunekit.config.free_names import decoded_text
from tunekit.config.hydra_values import as_text
from tunekit.config.schema import COMPONENTS, KEYS, RECIPES, VALUES, check_value, unknown_key
from tunekit.config.single_values import is_open, option_meant
from tunekit_core.errors import ConfigurationError
from tunekit_core.known_secrets import keep_out_of_sight
from tunekit_core.secret_names import is_secret_name, name_in

Choices = tuple[Choice, ...]  # of one key


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


class Overrides:
    """Reads overrides as Hydra does."""

    def __init__(self, loader: ConfigLoader) -> None:
        self._parser = OverridesParser.create(config_loader=loader)

    def read(self, lines: Iterable[str]) -> list[Override]:
        """Overrides with the prefixes that they need."""
        return self._parser.parse_overrides(with_prefixes(lines))

    def choices(self, override: Override) -> Choices:
        """The values of one override.

        Raises:
            ConfigurationError: If it is a sweep that has no list of values, or an empty one.
        """
        name = name_of(override)
        if not override.is_sweep_override():
            return (Choice(name, override.value(), override),)
        if not override.is_discrete_sweep():
            raise ConfigurationError(
                f"'{_as_typed(override)}' has no list of values to sweep over. Use a comma-separated list, choice(), "
                "range() or glob(); what should be searched belongs to the benchmark's search space.",
                option=override.key_or_group,
            )
        key = override.get_key_element()
        swept = override.value()
        if isinstance(swept, RangeSweep) and next(itertools.islice(swept.range(), MOST_RUNS, None), None) is not None:
            raise ConfigurationError(
                f"{_as_typed(override)}: these are more than {MOST_RUNS} values, the most that a sweep has runs. Type "
                "fewer, or several sweeps.",
                option=override.key_or_group,
            )
        values = self._parser.parse_overrides([f"{key}={text}" for text in override.sweep_string_iterator()])
        if not values:
            raise ConfigurationError(f"'{_as_typed(override)}' matches nothing.", option=override.key_or_group)
        is_matched, is_shuffled = isinstance(swept, Glob), getattr(swept, "shuffle", False)
        return tuple(Choice(name, value.value(), value, is_matched, is_shuffled) for value in values)

    def choices_given(self, name: str, key: str, given: Any) -> Choices:
        """The values that an option of the sweeper gives for a key.

        Args:
            name: Of the option of the sweeper.
            key: Dotted name of the option that has the values.
            given: A value, a text as it is typed to sweep over, or a list of these.

        Raises:
            ConfigurationError: If the key is one of Hydra's, or they cannot be read, or there are none.
        """
        if is_of_hydra(key):
            raise refusal(name, key, f"'{key}' is one for the whole sweep. Name a key that runs differ in")
        if key.startswith("~"):
            raise refusal(name, key, f"'{key}' would take a key out, which cannot be done here. Name the key alone")
        texts = [as_text(each) for each in given] if isinstance(given, list) else [as_text(given)]
        for text in texts if is_secret_name(name_in(key)) else ():
            keep_out_of_sight(text)
        try:
            found = tuple(
                choice
                for override in self.read([f"{key}={text}" for text in texts])
                for choice in self.choices(override)
            )
        except OverrideParseException as error:
            raise refusal(name, given, cannot_be_read(str(error.override)).removesuffix(".")) from error
        except ConfigurationError as error:
            raise refusal(name, given, str(error).removesuffix(".")) from error
        if not found:
            raise refusal(name, given, f"{key}={as_text(given)} gives it no value. Leave {key} out")
        return found


def name_of(override: Override) -> str:
    """The key of an override without its prefix; of a single value that of the option that it stands for."""
    return option_meant(str(override.get_key_element()).lstrip("+~"))


def _as_typed(override: Override) -> str:
    return decoded_text(str(override.input_line).lstrip("+"))


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
    before = _with_blocks({**given, **of_file}, also)
    if "also" not in options.typed:
        also = [_narrowed(block, given, typed) for block in also]
    check_groups(groups, given, also)
    counts_anew = "repeats" in options.typed
    blocks = [
        Block(_axes(now, groups, is_further=i > 0), _seeds(now) if counts_anew else _counted(now, whole))
        for i, (now, whole) in enumerate(zip(_with_blocks(given, also), before, strict=True))
        if all(now.values())
    ]
    check_number(blocks, options)
    check_order(blocks, options, groups)
    # Of a study that is narrowed, the file may speak of values that are not typed.
    is_narrowed = not typed.isdisjoint(of_file)
    of_whole_file = [Block(_axes(whole, ()), _seeds(whole)) for whole in before]
    spoken_of = {name: of_whole_file if is_narrowed and name not in options.typed else blocks for name in OF_AXES}
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
    return of_file if all(has(of_file, seed) for seed in typed) else typed


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
    return {
        key: tuple(each for each in choices if key not in typed or has([one.value for one in given[key]], each.value))
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
