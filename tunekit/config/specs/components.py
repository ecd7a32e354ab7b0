"""Components by name: all options of one, those of several in a mapping, and building it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

from tunekit.config.other_names import meant_by
from tunekit.config.specs.inputs import held, recorded, with_paths
from tunekit.config.specs.moved import with_paths_here
from tunekit.config.specs.secrets import marked, with_environment
from tunekit.secrets import AS_IT_IS, Secret, refuse_secret
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError, UnknownComponentError
from tunekit_core.plugins.component import Component, noun
from tunekit_core.plugins.names import qualified, split_name
from tunekit_core.plugins.options import RESERVED
from tunekit_core.plugins.registry import registry

OptionValues = Mapping[str, Any]
DISTRIBUTION, REVISION = "distribution", "revision"  # keys beside the options of a component in what is recorded
MISSING = "???"  # as OmegaConf writes a value that has to be given


def complete_options(component: Component, given: OptionValues) -> dict[str, Any]:
    """All options of a component, as JSON gives them back: those given, checked, and the defaults of its class.

    Raises:
        ConfigurationError: If an option does not exist or fit, or is missing.
    """
    return _complete(component, given, os.fspath, shown_of)


def complete_component(component: Component, given: OptionValues) -> dict[str, Any]:
    """What determines what a component does: its distribution, revision and options, and what is in their inputs.

    Raises:
        ConfigurationError: As for :func:`complete_options`, or if an input cannot be read, or a value is left open.
    """
    _refuse_missing(component, given)
    given = with_environment(component.path, given)
    revision = {} if component.kind == "observer" else {REVISION: component.factory.revision}  # those change no results
    return {DISTRIBUTION: component.distribution, **revision, **_complete(component, given, recorded, held)}


def complete_several(key: str, kind: str, given: Mapping[str, Any]) -> dict[str, OptionValues]:
    """What determines what each component in a mapping does that is switched on, by name.

    Of two components with one name each has its distribution before it.

    Args:
        key: Key of the mapping, such as ``"stopping"``.
        kind: Kind of its components.
        given: By name what :func:`given_options` takes.

    Raises:
        ConfigurationError: If a component does not exist, or as for :func:`complete_options`.
    """
    chosen: list[tuple[Component, OptionValues]] = []
    for name, value in given.items():
        component = find_of_several(key, kind, name)
        options = given_options(component, value)
        if options is not None:
            chosen.append((component, options))
    count = Counter(component.name for component, _ in chosen)
    return {
        component.name if count[component.name] == 1 else component.qualified: complete_component(component, options)
        for component, options in chosen
    }


def is_off(value: Any) -> bool:
    """Whether a value behind a component of several switches it off."""
    return value is None or value is False


def given_options(component: Component, value: Any) -> OptionValues | None:
    """The options that a value means which stands behind a component of several, or ``None`` if it is switched off.

    Args:
        component: The component.
        value: Options, the value of the first option, true for the defaults, or null or false for off.

    Raises:
        ConfigurationError: If it is a single value, and the component has no options.
    """
    if is_off(value):
        return None
    if isinstance(value, Mapping):
        return value
    if value is True:
        return {}
    if not component.options:
        raise ConfigurationError(
            f"{component.path}={value!r}: the {noun(component.kind)} '{component.name}' has no options. Type "
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
        meant = meant_by(kind, name, error.installed)
        message = f"No {noun(kind)} named '{name}'. {meant}Installed: {', '.join(error.installed)}." if meant else error
        raise ConfigurationError(f"{key}.{name}: {message}", option=f"{key}.{name}") from error


def split_options(component: OptionValues) -> tuple[str, OptionValues]:
    """The name of a component with its distribution, and its options."""
    options = {name: with_paths(value) for name, value in component.items() if name not in RESERVED}
    return qualified(component[DISTRIBUTION], split_name(component["name"])[1]), options


def find_recorded(kind: str, recorded: OptionValues) -> Component | None:
    """The component that was recorded; ``None`` if it is an object of a program, which no plugin offers."""
    if DISTRIBUTION not in recorded:
        return None
    name, _ = split_options(recorded)
    return registry().find(kind, name)


def create(kind: str, component: OptionValues, *context: Any) -> Any:
    """Build a component as it was recorded, with the files that it reads where they are on this machine.

    Args:
        kind: Its kind.
        component: Its name and options.
        *context: What the contract of its kind passes.
    """
    return _create(kind, with_paths_here(component), *context)


def build_benchmark(component: OptionValues) -> Benchmark:
    """The benchmark of these options; opened once per process."""
    return _benchmark(json.dumps(with_paths_here(component), sort_keys=True))


@lru_cache(maxsize=32)
def _benchmark(component: str) -> Benchmark:
    return cast("Benchmark", _create("benchmark", json.loads(component)))


def _create(kind: str, component: OptionValues, *context: Any) -> Any:
    name, options = split_options(component)
    return registry().find(kind, name).create(*context, options=options)


def plain(
    values: Mapping[str, Any],
    write_input: Callable[[Any], Any] = os.fspath,
    write_secret: Callable[[Secret], Any] = str,
) -> dict[str, Any]:
    """Values of options as JSON gives them back.

    Args:
        values: By name of the option.
        write_input: What stands in place of the path of an input; its text unless given.
        write_secret: What stands in place of a secret; its text unless given.

    Raises:
        ConfigurationError: If a value cannot be written, or an input not be read.
    """
    try:
        written = _with_secrets(values, write_secret)
        return cast("dict[str, Any]", json.loads(json.dumps(written, default=write_input)))
    except TypeError as error:
        raise ConfigurationError(f"{values!r} cannot be written to a file: {error}.", value=values) from error


def _complete(
    component: Component,
    given: OptionValues,
    write_input: Callable[[Any], Any],
    write_secret: Callable[[Secret], Any],
) -> dict[str, Any]:
    options = component.read_options({name: value for name, value in given.items() if value != MISSING})
    for name, value in given.items():
        if isinstance(value, str) and getattr(options, name) is not value:  # a path is made an absolute one
            refuse_secret(f"{component.path}.{name}", value, AS_IT_IS)
    values = {name: marked(f"{component.path}.{name}", getattr(options, name)) for name in component.options}
    return plain(values, write_input, write_secret)


def _refuse_missing(component: Component, given: OptionValues) -> None:
    """Refuse what an options file leaves open, be it an option that has a default or an entry of a mapping."""
    for name, value in given.items():
        entries = value if isinstance(value, Mapping) else {}
        of_option = value == MISSING and not (name in component.options and component.options[name].required)
        missing = [name] if of_option else [f"{name}.{key}" for key, entry in entries.items() if entry == MISSING]
        if missing:
            option = f"{component.path}.{missing[0]}"
            raise ConfigurationError(
                f"{option} has to be given: it is {MISSING} in an options file. Write a value there, or add {option}=…",
                option=option,
                value=MISSING,
            )


def _with_secrets(value: Any, write_secret: Callable[[Secret], Any]) -> Any:
    if isinstance(value, Secret):
        return write_secret(value)
    if isinstance(value, Mapping):
        return {key: _with_secrets(part, write_secret) for key, part in value.items()}
    return [_with_secrets(part, write_secret) for part in value] if isinstance(value, list | tuple) else value


def shown_of(secret: Secret) -> str:
    """What stands in place of a secret where it is shown."""
    return secret.shown
