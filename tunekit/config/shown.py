"""The configuration of a run as ``--cfg job`` shows it: complete, to be read back.

Nothing is opened, unless the method takes what fits the problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import yaml
from omegaconf import OmegaConf

from tunekit.config.composition.environment import is_from_environment
from tunekit.config.fits import FITS
from tunekit.config.schema import CHOSEN_ON, KEYS, MADE_OF, SEVERAL, Settings
from tunekit.config.specs.components import (
    MISSING,
    OptionValues,
    complete_options,
    find_of_several,
    given_options,
    plain,
    shown_of,
)
from tunekit.config.specs.facts import chosen_names
from tunekit.config.specs.run_spec import with_default_ends
from tunekit.config.specs.secrets import marked
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.registry import registry


def shown_config(settings: Settings) -> dict[str, Any]:
    """Every key of the top level, and every option of every component.

    What is missing, or left open in an options file, is ``???``, and a component that is switched off is null.

    Raises:
        ConfigurationError, UnknownComponentError: If a component or an option does not exist or fit.
    """
    names = chosen_names(settings)
    components = {
        key: {
            "name": registry().clearest(key, names[key]),
            **_options(registry().find(key, names[key]), options),
        }
        for key, (_, options) in settings.components.items()
    }
    benchmark = registry().find("benchmark", names["benchmark"]).factory
    given = {**settings.several, "stopping": with_default_ends(benchmark, settings)}
    several = {key: _several(key, kind, given[key]) for key, kind in SEVERAL.items()}
    values = dict(settings.values)
    if values["n_workers"] is None:
        values["n_workers"] = benchmark.n_workers
    recipes: dict[str, Any] = {key: name and {"name": name} for key, name in settings.recipes.items()}
    if settings.made_of:
        recipes["method"][MADE_OF] = dict(settings.made_of)
    if settings.chosen_on:
        recipes["method"][CHOSEN_ON] = list(settings.chosen_on)
    if settings.fits:
        recipes["method"][FITS] = [
            attrs.asdict(fit, filter=lambda _, value: value is not None) for fit in settings.fits
        ]
    shown = {**recipes, **components, **several, **values, "fixed": dict(settings.fixed), "tags": dict(settings.tags)}
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
    if isinstance(part, dict | list):  # as OmegaConf reads it: it takes more words for numbers than YAML does
        created = OmegaConf.create(_escaped(part))
        text = OmegaConf.to_yaml(created)
        if text.replace("\n", "").isprintable():
            return text
        # YAML leaves signs as they are that turn the direction of text in a terminal: all beyond ASCII is escaped then.
        return yaml.dump(OmegaConf.to_container(created), default_flow_style=False, sort_keys=False, Dumper=_Quoting)
    return yaml.safe_dump(part).removesuffix("...\n")


class _Quoting(yaml.SafeDumper):
    """Quotes all texts: none is read back as one of the numbers that OmegaConf knows beyond those of YAML."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _escaped(value: Any) -> Any:
    """Text that was read with a dollar and a brace in it gets the backslash that it was read with."""
    if isinstance(value, dict):
        return {key: _escaped(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_escaped(part) for part in value]
    return value.replace("${", "\\${") if isinstance(value, str) and not is_from_environment(value) else value


def _several(key: str, kind: str, given: Mapping[str, Any]) -> dict[str, OptionValues | None]:
    shown: dict[str, OptionValues | None] = {}
    for name, value in given.items():
        component = find_of_several(key, kind, name)
        options = given_options(component, value)
        shown[registry().clearest(kind, name)] = None if options is None else _options(component, options)
    return shown


def _options(component: Component, given: OptionValues) -> dict[str, Any]:
    left_open = {name for name, value in given.items() if value == MISSING}
    given = {name: value for name, value in given.items() if name not in left_open}
    required = {name for name, option in component.options.items() if option.required and name not in given}
    missing = [name for name in component.options if name in left_open | required]
    if not missing:
        return complete_options(component, given)
    defaults = {name: option.default for name, option in component.options.items()}
    values = {**defaults, **component.read_values(given), **dict.fromkeys(missing, MISSING)}
    secrets = {name: marked(f"{component.path}.{name}", value) for name, value in values.items()}
    return plain(secrets, write_secret=shown_of)
