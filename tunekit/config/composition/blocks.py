"""What a sweep varies, read from what was typed and from files: blocks of axes, and what is said of combinations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from tunekit.config.arguments import with_prefixes
from tunekit.config.composition.combinations import SEED, Axis, Block, Choice, Condition, Repeats, different, has
from tunekit.config.composition.conditions import read_exclude, read_repeats
from tunekit.config.composition.sweep_options import OF_AXES, SWEEPER, SweepOptions
from tunekit.config.hydra_values import as_text
from tunekit.config.schema import KEYS, unknown_key
from tunekit.config.single_values import option_meant
from tunekit_core.errors import ConfigurationError, suggestion
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
                f"'{override.input_line}' has no list of values to sweep over. Use a comma-separated list, choice(), "
                "range() or glob(); what should be searched belongs to the benchmark's search space.",
                option=override.key_or_group,
            )
        key = override.get_key_element()
        values = self._parser.parse_overrides([f"{key}={text}" for text in override.sweep_string_iterator()])
        if not values:
            raise ConfigurationError(f"'{override.input_line}' matches nothing.", option=override.key_or_group)
        return tuple(Choice(name, value.value(), value) for value in values)

    def choices_given(self, key: str, given: Any) -> Choices:
        """The values that an option of the sweeper gives for a key.

        Args:
            key: Dotted name of an option.
            given: A value, a text as it is typed to sweep over, or a list of these.
        """
        texts = [as_text(each) for each in given] if isinstance(given, list) else [as_text(given)]
        for text in texts if is_secret_name(name_in(key)) else ():
            keep_out_of_sight(text)
        overrides = self.read([f"{key}={text}" for text in texts])
        return tuple(choice for override in overrides for choice in self.choices(override))


def name_of(override: Override) -> str:
    """The key of an override without its prefix; of a single value that of the option that it stands for."""
    return option_meant(str(override.get_key_element()).lstrip("+~"))


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
    groups = [[option_meant(key) for key in group] for group in options.zip]
    typed = frozenset(option_meant(argument.lstrip("+").partition("=")[0]) for argument in arguments) & given.keys()
    of_file = _choices_of(overrides, _last(overrides, options.params, ()), ())
    before = _with_blocks({**given, **of_file}, also)
    if "also" not in options.typed:
        also = [_narrowed(block, given, typed) for block in also]
    _check_groups(groups, given, also)
    pairs = [pair for pair in zip(_with_blocks(given, also), before, strict=True) if all(pair[0].values())]
    counts_anew = "repeats" in options.typed
    blocks = [Block(_axes(now, groups), _seeds(now) if counts_anew else _counted(now, whole)) for now, whole in pairs]
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
    lines = [*(f"{meant[key]}={value}" for key, value in params.items()), *arguments]
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
    for key in block:
        first = key.partition(".")[0].partition("/")[0]
        if first not in KEYS:
            what = "is one for the whole sweep." if first == "hydra" else unknown_key(first)
            raise ConfigurationError(f"{SWEEPER}also: '{key}': {what}", option=f"{SWEEPER}also", value=key)
    return {option_meant(key): overrides.choices_given(key, value) for key, value in block.items()}


def _narrowed(block: Mapping[str, Choices], given: Mapping[str, Choices], typed: frozenset[str]) -> dict[str, Choices]:
    """A block of a file with those of its values that are typed, where its keys are typed."""
    return {
        key: tuple(each for each in choices if key not in typed or has([one.value for one in given[key]], each.value))
        for key, choices in block.items()
    }


def _check_groups(
    groups: Sequence[Sequence[str]], given: Mapping[str, Choices], also: Sequence[Mapping[str, Choices]]
) -> None:
    """See that what varies together is there, once, and that a further block gives all of it or nothing."""
    grouped: set[str] = set()
    swept = [key for key, choices in given.items() if len(choices) > 1]
    for name in (name for group in groups for name in group):
        if name not in given or name in grouped:
            problem = "is in two groups" if name in grouped else "is not swept"
            raise ConfigurationError(
                f"{SWEEPER}zip: '{name}' {problem}. {suggestion(name, given)}Swept are: {', '.join(swept) or 'none'}.",
                option=f"{SWEEPER}zip",
                value=name,
            )
        grouped.add(name)
    for group in groups:
        for block in also:
            lacking = [name for name in group if name not in block]
            if 0 < len(lacking) < len(group):
                there = ", ".join(name for name in group if name in block)
                raise ConfigurationError(
                    f"{SWEEPER}also: a block gives {there} and not {', '.join(lacking)}, which vary together "
                    f"({SWEEPER}zip). Give it all of them or none.",
                    option=f"{SWEEPER}also",
                    value=there,
                )


def _axes(given: Mapping[str, Choices], groups: Sequence[Sequence[str]]) -> list[Axis]:
    """The axes in the order of their first key."""
    group_of = {name: group for group in groups for name in group}
    axes = {}
    for name in given:
        group = group_of.get(name, [name])
        lengths = {member: len(given[member]) for member in group}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{member} has {count}" for member, count in lengths.items())
            raise ConfigurationError(
                f"{SWEEPER}zip: values that vary together must be equally many, but {counts}.",
                option=f"{SWEEPER}zip",
                value=lengths,
            )
        axes[tuple(group)] = Axis(tuple(zip(*(given[member] for member in group), strict=True)))
    return list(axes.values())
