"""The last line of a recipe's table is what the recipe itself chooses: else the table would never count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit.config.fits import FITS
from tunekit.config.options_files.files import OptionsFile, config_folders, find_file
from tunekit.config.options_files.offered import read_content
from tunekit.config.schema import COMPONENTS
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.registry import registry

KINDS = ("searcher", "scheduler")
PRIMARY = "config.yaml"


def check_last_line(content: Any, file: OptionsFile, config_dir: str | None) -> None:
    """See that the last line of a table in the file of a method has the searcher and the scheduler that it chooses.

    What else may be wrong with a table is found where the configuration is checked, and so is what a recipe chooses
    through another one.

    Args:
        content: The content of the file, names made clear.
        file: The file.
        config_dir: The user's own folder.

    Raises:
        ConfigurationError: If the last line has others.
    """
    method = content.get("method") if isinstance(content, Mapping) else None
    lines = method.get(FITS) if isinstance(method, Mapping) else None
    last = lines[-1] if isinstance(lines, list) and lines else None
    if not isinstance(last, Mapping):
        return
    own = {kind: _chosen(content, kind, config_dir) for kind in KINDS}
    for kind in KINDS:
        name = last.get(kind)
        if isinstance(name, str) and own[kind] is not None and _clear(kind, name) != _clear(kind, str(own[kind])):
            number = len(lines or ())
            line = f"{file.path}: method.{FITS}, line {number} of {number}, {dict(last)!r}"
            chosen = " and ".join(f"{each}={own[each]}" for each in KINDS if own[each] is not None)
            raise ConfigurationError(
                f"{line}: the last line is for all problems that no other is for, and must have what the recipe itself "
                f"chooses, {chosen}. Write that there, or 'override /{kind}: {name}' into its defaults.",
                option=f"method.{FITS}",
                value=lines,
            )


def _chosen(content: Mapping[str, Any], kind: str, config_dir: str | None) -> str | None:
    """The component that a recipe chooses; ``None`` where another recipe, or something else, may choose it."""
    component = content.get(kind)
    if isinstance(component, Mapping) and "name" in component:
        return component["name"] if isinstance(component["name"], str) else None
    choices = _choices(content)
    if kind not in choices:
        if choices.keys() - {*COMPONENTS}:
            return None
        choices = _choices(read_content(next(iter(config_folders())) / PRIMARY))
    return _component_of(kind, str(choices.get(kind)), config_dir)


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
    """The component that an options file is for."""
    file = find_file(kind, choice, config_dir)
    if file is None:
        return None
    name = file.qualified if file.path is None else read_content(file.path).get("name")
    return name if isinstance(name, str) else None


def _clear(kind: str, name: str) -> str:
    return registry().clearest(kind, name)
