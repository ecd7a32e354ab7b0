"""Components by name: all options of one, those of several in a mapping, and building it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError, UnknownComponentError
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.registry import registry

OptionValues = Mapping[str, Any]
MISSING = "???"  # as OmegaConf writes a value that has to be given


def complete_options(component: Component, given: OptionValues) -> dict[str, Any]:
    """All options of a component, as JSON gives them back: those given, checked, and the defaults of its class.

    Raises:
        ConfigurationError: If an option does not exist or fit, or is missing.
    """
    options = component.read_options({name: value for name, value in given.items() if value != MISSING})
    return cast("dict[str, Any]", _plain({name: getattr(options, name) for name in component.options}))


def complete_several(key: str, kind: str, given: Mapping[str, Any]) -> dict[str, OptionValues]:
    """All options of each component in a mapping that is switched on.

    Args:
        key: Key of the mapping, such as ``"stopping"``.
        kind: Kind of its components.
        given: By name what :func:`given_options` takes.

    Raises:
        ConfigurationError: If a component does not exist, or as for :func:`complete_options`.
    """
    complete: dict[str, OptionValues] = {}
    for name, value in given.items():
        component = find_of_several(key, kind, name)
        options = given_options(component, value)
        if options is not None:
            complete[name] = complete_options(component, options)
    return complete


def given_options(component: Component, value: Any) -> OptionValues | None:
    """The options that a value means which stands behind a component of several, or ``None`` if it is switched off.

    Args:
        component: The component.
        value: Options, the value of the first option, true for the defaults, or null or false for off.

    Raises:
        ConfigurationError: If it is a single value, and the component has no options.
    """
    if value is None or value is False:
        return None
    if isinstance(value, Mapping):
        return value
    if value is True:
        return {}
    if not component.options:
        raise ConfigurationError(
            f"{component.path}={value!r}: the {component.kind} '{component.name}' has no options. Type "
            f"{component.path}=true.",
            option=component.path,
            value=value,
        )
    return {next(iter(component.options)): value}


def find_of_several(key: str, kind: str, name: str) -> Component:
    """The component of a name below a key of the top level.

    Raises:
        ConfigurationError: If there is none.
    """
    try:
        return registry().find(kind, name)
    except UnknownComponentError as error:
        raise ConfigurationError(f"{key}.{name}: {error}", option=f"{key}.{name}") from error


def split_options(component: OptionValues) -> tuple[str, OptionValues]:
    """The name of a component, and its options."""
    return component["name"], {name: value for name, value in component.items() if name != "name"}


def build_benchmark(component: OptionValues) -> Benchmark:
    """The benchmark of these options; opened once per process."""
    return _benchmark(json.dumps(component, sort_keys=True))


@lru_cache(maxsize=32)
def _benchmark(component: str) -> Benchmark:
    name, options = split_options(json.loads(component))
    return cast("Benchmark", registry().find("benchmark", name).create(options=options))


def _plain(value: Any) -> Any:
    """The value as JSON would give it back."""
    try:
        return json.loads(json.dumps(value))
    except TypeError as error:
        raise ConfigurationError(f"{value!r} cannot be written to a file: {error}.", value=value) from error
