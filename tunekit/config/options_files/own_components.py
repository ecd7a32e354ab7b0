"""Which searcher and scheduler the recipe of a method itself chooses, whatever is typed beside it.

They are kept with its name: a run that has others goes by another name. The last line of a table of the recipe must
have them, else it would never count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit.config.fits import FITS
from tunekit.config.options_files.files import OptionsFile, config_folders, find_file
from tunekit.config.options_files.offered import read_content
from tunekit.config.qualified_keys import same_component
from tunekit.config.schema import COMPONENTS, MADE_OF, METHOD_PARTS
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.registry import registry

PRIMARY = "config.yaml"


def with_own_components(content: Any, file: OptionsFile, config_dir: str | None) -> Any:
    """The content of the file of a method, where beside its name stands what it is made of.

    Of a kind that another recipe chooses, which this one is made from, nothing is said here: it is said there.

    Args:
        content: The content of the file, names made clear.
        file: The file.
        config_dir: The user's own folder.

    Raises:
        ConfigurationError: If it has a table whose last line has other components. What else may be wrong with a table
            is found where the configuration is checked.
    """
    method = content.get("method") if isinstance(content, Mapping) else None
    if not isinstance(method, dict) or MADE_OF in method:
        return content
    choices = _choices(content)
    is_from_another = bool(choices.keys() - {*COMPONENTS})
    if not is_from_another:
        choices = {**_choices(read_content(next(iter(config_folders())) / PRIMARY)), **choices}
    own: dict[str, str | None] = {}
    for kind in METHOD_PARTS:
        component = content.get(kind)
        if isinstance(component, Mapping) and "name" in component:
            own[kind] = component["name"] if isinstance(component["name"], str) else None
        elif kind in choices:
            own[kind] = _component_of(kind, str(choices[kind]), config_dir)
    _check_last_line(method, own, file)
    return {**content, "method": {**method, MADE_OF: own}}


def _check_last_line(method: Mapping[str, Any], own: Mapping[str, str | None], file: OptionsFile) -> None:
    lines = method.get(FITS)
    last = lines[-1] if isinstance(lines, list) and lines else None
    if not isinstance(last, Mapping):
        return
    for kind, component in own.items():
        name = last.get(kind)
        if isinstance(name, str) and component is not None and not same_component(kind, name, component):
            number = len(lines or ())
            line = f"{file.path}: method.{FITS}, line {number} of {number}, {dict(last)!r}"
            chosen = " and ".join(f"{each}={own[each]}" for each in own if own[each] is not None)
            raise ConfigurationError(
                f"{line}: the last line is for all problems that no other is for, and must have what the recipe itself "
                f"chooses, {chosen}. Write that there, or 'override /{kind}: {name}' into its defaults.",
                option=f"method.{FITS}",
                value=lines,
            )


def _choices(content: Mapping[str, Any]) -> dict[str, Any]:
    """What a defaults list chooses, by group; what is chosen in none by itself."""
    defaults = content.get("defaults")
    chosen: dict[str, Any] = {}
    for entry in defaults if isinstance(defaults, list) else ():
        if isinstance(entry, Mapping):
            chosen.update({str(key).rpartition(" ")[2].strip("/"): name for key, name in entry.items()})
        elif entry != "_self_":
            chosen[str(entry)] = None
    return chosen


def _component_of(kind: str, choice: str, config_dir: str | None) -> str | None:
    """The component that an options file is for; ``None`` where that cannot be read from it."""
    file = find_file(kind, choice, config_dir)
    if file is None:
        return None
    if file.path is None:
        return file.qualified
    name = read_content(file.path).get("name")
    if not isinstance(name, str):
        return None
    return name if file.distribution is None else registry().meant_within(kind, name, file.distribution)
