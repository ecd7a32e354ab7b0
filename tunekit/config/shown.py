"""The configuration of a run as ``--cfg job`` shows it: complete, nothing opened, to be read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from tunekit.config.components import Options, complete_options, find_of_several, given_options
from tunekit.config.masking import is_masked
from tunekit.config.run_spec import TIME_LIMIT, chosen_names, needs_time_limit, time_limit
from tunekit.config.schema import KEYS, SEVERAL, Settings
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.options import check_option
from tunekit_core.plugins.registry import registry

MISSING = "???"  # as OmegaConf writes a value that has to be given


def shown_config(settings: Settings) -> dict[str, Any]:
    """Every key of the top level, and every option of every component.

    What is required and missing is ``???``. Values of environment variables stay masked, so they are not checked.

    Raises:
        ConfigurationError, UnknownComponentError: If a component or an option does not exist or fit.
    """
    names = chosen_names(settings)
    components = {
        key: {"name": names[key], **_options(registry().find(key, names[key]), options)}
        for key, (_, options) in settings.components.items()
    }
    several = {key: _several(key, kind, settings.several[key]) for key, kind in SEVERAL.items()}
    benchmark = registry().find("benchmark", names["benchmark"]).factory
    if needs_time_limit(settings.several["stopping"]):
        several["stopping"] = {TIME_LIMIT: {"seconds": time_limit(benchmark, settings)}, **several["stopping"]}
    values = dict(settings.values)
    if values["n_workers"] is None:
        values["n_workers"] = benchmark.n_workers
    recipes = {key: name if name is None else {"name": name} for key, name in settings.recipes.items()}
    shown = {**recipes, **components, **several, **values, "fixed": settings.fixed, "tags": settings.tags}
    return {key: shown[key] for key in KEYS}


def as_yaml(config: Mapping[str, Any], package: str) -> str:
    """A configuration as YAML, or the part of it under a dotted name.

    Raises:
        ConfigurationError: If there is no such part.
    """
    part: Any = config
    for name in package.split(".") if package else ():
        if not isinstance(part, Mapping) or name not in part:
            known = part if isinstance(part, Mapping) else {}
            raise ConfigurationError(
                f"--package {package}: there is no '{name}'. {suggestion(name, known)}There are: "
                f"{', '.join(known) or 'none'}.",
                option="--package",
                value=package,
            )
        part = part[name]
    return yaml.safe_dump(part, sort_keys=False, allow_unicode=True, default_flow_style=False)


def _several(key: str, kind: str, given: Mapping[str, Any]) -> dict[str, Options]:
    shown: dict[str, Options] = {}
    for name, value in given.items():
        component = find_of_several(key, kind, name)
        options = given_options(component, value)
        if options is not None:
            shown[name] = _options(component, options)
    return shown


def _options(component: Component, given: Options) -> dict[str, Any]:
    masked = {name: value for name, value in given.items() if is_masked(value)}
    checked = {name: value for name, value in given.items() if name not in masked}
    missing = [name for name, option in component.options.items() if option.required and name not in checked]
    if not missing:
        return {**complete_options(component, checked), **masked}
    unknown = {name: value for name, value in given.items() if name not in component.options}
    if unknown:
        complete_options(component, unknown)  # says what there is
    typed = {
        name: check_option(component.path_of(name), value, component.options[name].annotation)
        for name, value in checked.items()
    }
    defaults = {name: option.default for name, option in component.options.items()}
    return {**defaults, **typed, **dict.fromkeys(missing, MISSING), **masked}
