"""Overrides as Hydra reads them, and the values of each, which may be several."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, RangeSweep, ValueType
from hydra.errors import OverrideParseException

from tunekit.config.arguments import with_prefixes
from tunekit.config.composition.combinations import MOST_RUNS, Choice
from tunekit.config.composition.grammar_errors import cannot_be_read
from tunekit.config.composition.sweep_options import is_of_hydra, refusal
from tunekit.config.free_names import decoded_text
from tunekit.config.hydra_values import as_text
from tunekit.config.single_values import option_meant
from tunekit_core.errors import ConfigurationError
from tunekit_core.known_secrets import keep_out_of_sight
from tunekit_core.secret_names import is_secret_name, name_in

Choices = tuple[Choice, ...]  # of one key


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
            ConfigurationError: If it is a sweep that has no list of values, an empty one, or a range without an end.
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
        if isinstance(swept, RangeSweep) and not _can_be_counted(swept):
            raise ConfigurationError(
                f"{_as_typed(override)}: the start, stop and step of a range must be finite numbers, and the step "
                f"not 0. Type for example '{name}=range(0,10,2)'.",
                option=override.key_or_group,
            )
        if isinstance(swept, RangeSweep) and next(itertools.islice(swept.range(), MOST_RUNS, None), None) is not None:
            raise ConfigurationError(
                f"{_as_typed(override)}: these are more than {MOST_RUNS} values, the most that a sweep has runs. Type "
                "fewer, or several sweeps.",
                option=override.key_or_group,
            )
        if isinstance(swept, RangeSweep):
            values = _numbers(override)
        else:
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


def _can_be_counted(swept: RangeSweep) -> bool:
    numbers = (swept.start, swept.stop, swept.step)
    return swept.step != 0 and all(each is not None and abs(each) < math.inf for each in numbers)


def _numbers(override: Override) -> list[Override]:
    """The numbers of a range one by one, as the parser would read them, which takes long where they are thousands."""
    key = override.get_key_element()
    return [
        dataclasses.replace(override, value_type=ValueType.ELEMENT, _value=number, input_line=f"{key}={number}")
        for number in override.sweep_iterator()
    ]


def _as_typed(override: Override) -> str:
    return decoded_text(str(override.input_line).lstrip("+"))
