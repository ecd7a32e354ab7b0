"""Components by name: all options of one, those of several in a mapping, and building it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError, PluginError, TunekitError, UnknownComponentError, suggestion
from tunekit_core.plugins.options import check_option
from tunekit_core.plugins.registry import Component, registry

Options = Mapping[str, Any]


def complete_options(component: Component, given: Options, *, path: str) -> dict[str, Any]:
    """All options of a component: those given, checked, and the defaults of its class.

    Args:
        component: Whose options.
        given: What was asked for.
        path: The key above the options on the command line, for messages.

    Raises:
        ConfigurationError: If an option does not exist, has the wrong type, or is missing.
    """
    for name, value in given.items():
        if name not in component.options:
            allowed = ", ".join(component.options) or "none"
            raise ConfigurationError(
                f"{path}.{name}={value!r}: the {component.kind} '{component.name}' has no option '{name}'. "
                f"{suggestion(name, component.options)}Its options: {allowed}.",
                option=f"{path}.{name}",
                value=value,
            )
    complete = {}
    for name, option in component.options.items():
        if name in given:
            complete[name] = check_option(f"{path}.{name}", given[name], option.annotation)
        elif option.required:
            raise ConfigurationError(
                f"The {component.kind} '{component.name}' needs a value for '{name}': add {path}.{name}=…, "
                f"which is a {option.type_text}.",
                option=f"{path}.{name}",
            )
        else:
            complete[name] = option.default
    return cast("dict[str, Any]", _plain(complete))


def complete_several(key: str, kind: str, given: Mapping[str, Any]) -> dict[str, Options]:
    """All options of each component in a mapping that is switched on.

    Args:
        key: Key of the mapping, such as ``"stopping"``.
        kind: Kind of its components.
        given: By name: options, the value of the first option, true for the defaults, or null or false for off.

    Raises:
        ConfigurationError: If a component does not exist, or as for :func:`complete_options`.
    """
    complete: dict[str, Options] = {}
    for name, value in given.items():
        component = _find(key, kind, name)
        if value is None or value is False:
            continue
        if isinstance(value, Mapping):
            complete[name] = complete_options(component, value, path=f"{key}.{name}")
        elif value is True:
            complete[name] = complete_options(component, {}, path=f"{key}.{name}")
        else:
            complete[name] = _complete_from_value(component, value, path=f"{key}.{name}")
    return complete


def _complete_from_value(component: Component, value: Any, *, path: str) -> dict[str, Any]:
    if not component.options:
        raise ConfigurationError(
            f"{path}={value!r}: the {component.kind} '{component.name}' has no options. Type {path}=true.",
            option=path,
            value=value,
        )
    first, option = next(iter(component.options.items()))
    return complete_options(component, {first: check_option(path, value, option.annotation)}, path=path)


def _find(key: str, kind: str, name: str) -> Component:
    try:
        return registry().find(kind, name)
    except UnknownComponentError as error:
        raise ConfigurationError(f"{key}.{name}: {error}", option=f"{key}.{name}") from error


def create_component(kind: str, component: Options, *context: Any) -> Any:
    """Build a component.

    Args:
        kind: Its kind.
        component: Its name and options.
        *context: What the contract of its kind passes.

    Raises:
        TunekitError: If the component refuses its options, or breaks while it is built.
    """
    options = {name: value for name, value in component.items() if name != "name"}
    try:
        return registry().create(kind, component["name"], *context, **options)
    except TunekitError:
        raise
    except Exception as error:
        origin = registry().find(kind, component["name"])
        raise PluginError(
            f"The {kind} '{origin.name}' ({origin.distribution} {origin.version}) broke while it was built: "
            f"{type(error).__name__}: {error}. Add --debug to see where."
        ) from error


def build_benchmark(component: Options) -> Benchmark:
    """The benchmark of these options; opened once per process."""
    return _benchmark(json.dumps(component, sort_keys=True))


@lru_cache(maxsize=32)
def _benchmark(component: str) -> Benchmark:
    return cast("Benchmark", create_component("benchmark", json.loads(component)))


def _plain(value: Any) -> Any:
    """The value as JSON would give it back."""
    try:
        return json.loads(json.dumps(value))
    except TypeError as error:
        raise ConfigurationError(f"{value!r} cannot be written to a file: {error}.", value=value) from error
