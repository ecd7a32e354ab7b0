"""From the overrides of a sweep to its configurations, composing once for each choice of groups.

Composing costs Hydra 60 ms and more; a value that is set on what was composed costs a thousandth of that.
"""

from __future__ import annotations

import builtins
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from tunekit.config.arguments import with_prefixes
from tunekit.config.composition.until import OPTION, Until
from tunekit.config.single_values import option_meant
from tunekit_core.errors import ConfigurationError, suggestion

SEED = "seed"


@attrs.frozen
class Axis:
    """What varies together: one key and its values, or several keys zipped.

    Attributes:
        choices: The points of the axis, each an override without a sweep for every key.
    """

    choices: tuple[tuple[Override, ...], ...]


def expand(
    loader: ConfigLoader,
    master: DictConfig,
    *,
    params: Mapping[str, Any],
    arguments: Sequence[str],
    zip: Sequence[Any],
    skip: int,
    until: Until | None = None,
) -> Iterator[DictConfig]:
    """The configurations of a sweep, the last key varying fastest.

    Args:
        loader: Hydra's, which knows where configs are.
        master: The config that Hydra composed for the sweep as a whole.
        params: Overrides of a study by key; an argument with the same key replaces one.
        arguments: Overrides from the command line.
        zip: Lists of keys whose values vary together; a single list may be given as it is.
        skip: Leave out this many at the beginning.
        until: What is to be told apart. Seeds are an axis then, of as many as it may take; they vary fastest.

    Raises:
        ConfigurationError: If ``zip``, ``skip`` or ``until`` does not fit the sweep, or a sweep has no list of values.
    """
    if skip < 0:
        raise ConfigurationError(
            f"hydra.sweeper.skip_initial_experiments={skip} must not be negative.",
            option="hydra.sweeper.skip_initial_experiments",
            value=skip,
        )
    parser = OverridesParser.create(config_loader=loader)
    typed = {argument.lstrip("+").partition("=")[0] for argument in arguments}
    meant = {key: option_meant(key) if option_meant(key) in typed else key for key in params}
    lines = with_prefixes([*(f"{meant[key]}={value}" for key, value in params.items()), *arguments])
    # Of several overrides of one key the last holds.
    last = {override.get_key_element(): override for override in parser.parse_overrides(lines)}
    single = [override for override in last.values() if not override.is_sweep_override()]
    swept = {key: _values(override, parser) for key, override in last.items() if override.is_sweep_override()}
    if until is not None:
        _check_seeds_are_free(swept, _zip_groups(zip), skip)
    common = [*master.hydra.overrides.hydra, *(str(override.input_line) for override in single)]
    compose = _Composer(loader, master.hydra.job.config_name, common)
    axes = _axes(swept, _zip_groups(zip))
    n_runs = math.prod(len(axis.choices) for axis in axes)
    if skip >= n_runs:
        raise ConfigurationError(
            f"hydra.sweeper.skip_initial_experiments={skip} leaves nothing to run: the sweep has {n_runs}.",
            option="hydra.sweeper.skip_initial_experiments",
            value=skip,
        )
    for point in itertools.islice(itertools.product(*(axis.choices for axis in axes)), skip, None):
        overrides = list(itertools.chain.from_iterable(point))
        config = compose(overrides)
        if until is None or not isinstance(config.seed, int):  # which is refused where all else is checked
            yield config
            continue
        for seed in range(config.seed, config.seed + until.cap):
            yield compose([*overrides, *parser.parse_overrides([f"{SEED}={seed}"])])


def _check_seeds_are_free(swept: Mapping[str, list[Override]], groups: Sequence[Sequence[str]], skip: int) -> None:
    """See that nothing else says which seeds are run."""
    for key, values in swept.items():
        if key.lstrip("+") == SEED:
            raise ConfigurationError(
                f"{OPTION} adds as many seeds as it takes, so that seed cannot have several values. Leave it out, or "
                f"type the first: {values[0].input_line}",
                option=SEED,
            )
    if any(SEED in group for group in groups):
        raise ConfigurationError(
            f"{OPTION} adds as many seeds as it takes, so that seed cannot be in hydra.sweeper.zip. Take it out there.",
            option="hydra.sweeper.zip",
        )
    if skip:
        raise ConfigurationError(
            f"hydra.sweeper.skip_initial_experiments={skip}: with {OPTION} all setups get equal seeds. Leave it out.",
            option="hydra.sweeper.skip_initial_experiments",
            value=skip,
        )


def _values(override: Override, parser: OverridesParser) -> list[Override]:
    """One override for each value of a sweep."""
    if not override.is_discrete_sweep():
        raise ConfigurationError(
            f"'{override.input_line}' has no list of values to sweep over. Use a comma-separated list, choice(), "
            "range() or glob(); what should be searched belongs to the benchmark's search space.",
            option=override.key_or_group,
        )
    key = override.get_key_element()
    values = parser.parse_overrides([f"{key}={text}" for text in override.sweep_string_iterator()])
    if not values:
        raise ConfigurationError(f"'{override.input_line}' matches nothing.", option=override.key_or_group)
    return values


def _zip_groups(zip: Sequence[Any]) -> list[list[str]]:
    groups = [list(zip)] if zip and all(isinstance(key, str) for key in zip) else [list(group) for group in zip]
    for group in groups:
        if len(group) < 2 or not all(isinstance(key, str) for key in group):
            raise ConfigurationError(
                f"hydra.sweeper.zip={groups} must hold lists of two or more keys, such as [[seed,n_workers]].",
                option="hydra.sweeper.zip",
                value=groups,
            )
    return groups


def _axes(swept: Mapping[str, list[Override]], groups: Sequence[Sequence[str]]) -> list[Axis]:
    """The axes in the order of their first key."""
    by_name = {key.lstrip("+~"): values for key, values in swept.items()}
    groups = [[name if name in by_name else option_meant(name) for name in group] for group in groups]
    group_of: dict[str, Sequence[str]] = {}
    for group in groups:
        for name in group:
            if name not in by_name or name in group_of:
                problem = "is in two groups" if name in group_of else "is not swept"
                raise ConfigurationError(
                    f"hydra.sweeper.zip: '{name}' {problem}. {suggestion(name, by_name)}"
                    f"Swept are: {', '.join(by_name) or 'none'}.",
                    option="hydra.sweeper.zip",
                    value=name,
                )
            group_of[name] = group
        lengths = {name: len(by_name[name]) for name in group}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name} has {count}" for name, count in lengths.items())
            raise ConfigurationError(
                f"hydra.sweeper.zip: values that vary together must be equally many, but {counts}.",
                option="hydra.sweeper.zip",
                value=lengths,
            )
    axes = {}
    for name in by_name:
        group = group_of.get(name, [name])
        axes[tuple(group)] = Axis(tuple(builtins.zip(*(by_name[member] for member in group), strict=True)))
    return list(axes.values())


class _Composer:
    """Composes for each choice of groups once, and sets values on copies."""

    def __init__(self, loader: ConfigLoader, config_name: str, common: list[str]) -> None:
        self._loader = loader
        self._config_name = config_name
        self._common = common
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._is_group = functools.cache(lambda key: bool(loader.get_group_options(key)))  # Hydra takes 5 ms for it

    def __call__(self, overrides: list[Override]) -> DictConfig:
        groups = tuple(str(override.input_line) for override in overrides if self._chooses_group(override))
        if groups not in self._composed:
            self._composed[groups] = self._compose([*self._common, *groups])
        config = self._composed[groups].copy()
        for override in overrides:
            if not self._chooses_group(override):
                force = override.is_add() or override.is_force_add()
                OmegaConf.update(config, override.key_or_group, override.value(), merge=True, force_add=force)
        return config

    def _chooses_group(self, override: Override) -> bool:
        return not isinstance(override.value(), dict) and self._is_group(override.key_or_group)

    def _compose(self, overrides: list[str]) -> DictConfig:
        config = self._loader.load_configuration(self._config_name, overrides, RunMode.RUN)
        OmegaConf.set_struct(config, False)
        del config["hydra"]
        OmegaConf.set_struct(config, True)
        return config
