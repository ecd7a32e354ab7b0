"""Names in options files, as they are typed: what a file says means that of its own distribution first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tunekit.config.fits import FITS
from tunekit.config.options_files.files import OptionsFile, name_within
from tunekit.config.qualified_keys import encoded
from tunekit.config.schema import COMPONENTS, RECIPES, SEVERAL
from tunekit.config.single_values import as_options
from tunekit_core.plugins.registry import registry

PRIMARY = ""  # the group of the primary configuration
NAMES = re.compile(r"[\w.-]+(\s*,\s*[\w.-]+)*")
SWEEP = ("hydra", "sweeper", "params")


def with_clear_names(content: Any, file: OptionsFile) -> Any:
    """The content of a file, where names that several distributions offer say which is meant, and values which option.

    Args:
        content: In plain values, interpolations not resolved.
        file: Where it is from.
    """
    if not isinstance(content, dict):
        return content
    if file.group in COMPONENTS:
        return _with_clear_name(content, file.group, file.distribution)
    if file.group not in (PRIMARY, *RECIPES):
        return content
    clear = dict(content)
    for key in COMPONENTS:
        if isinstance(clear.get(key), dict):
            clear[key] = _with_clear_name(clear[key], key, file.distribution)
    for key, kind in SEVERAL.items():
        if isinstance(clear.get(key), dict):
            names = {_component(kind, str(name), file.distribution): value for name, value in clear[key].items()}
            clear[key] = {encoded(kind, name): as_options(kind, name, value) for name, value in names.items()}
    if isinstance(clear.get("method"), dict) and isinstance(clear["method"].get(FITS), list):
        fits = [_with_clear_components(entry, file.distribution) for entry in clear["method"][FITS]]
        clear["method"] = {**clear["method"], FITS: fits}
    if isinstance(clear.get("defaults"), list):
        clear["defaults"] = [_clear_entry(entry, file.distribution) for entry in clear["defaults"]]
    return _with_clear_sweep(clear, file.distribution)


def _with_clear_name(component: dict[str, Any], kind: str, distribution: str | None) -> dict[str, Any]:
    name = component.get("name")
    return {**component, "name": _component(kind, name, distribution)} if isinstance(name, str) else component


def _with_clear_components(fit: Any, distribution: str | None) -> Any:
    """An entry of what a method takes for which problem."""
    if not isinstance(fit, dict):
        return fit
    return {
        key: _component(key, name, distribution) if key in COMPONENTS and isinstance(name, str) else name
        for key, name in fit.items()
    }


def _component(kind: str, name: str, distribution: str | None) -> str:
    """In a file of the user a name means what it would if it were typed."""
    return name if distribution is None else registry().meant_within(kind, name, distribution)


def _clear_entry(entry: Any, distribution: str | None) -> Any:
    """An entry of a defaults list."""
    if not isinstance(entry, dict):
        return entry
    return {
        key: _clear_choice(str(key).rpartition(" ")[2].lstrip("/"), name, distribution) for key, name in entry.items()
    }


def _clear_choice(group: str, names: Any, distribution: str | None) -> Any:
    """What is chosen in a group: a name, or several with commas. Anything else is left to Hydra."""
    if distribution is None or group not in (*COMPONENTS, *RECIPES):
        return names
    if not isinstance(names, str) or not NAMES.fullmatch(names):
        return names
    return ",".join(name_within(group, name.strip(), distribution) for name in names.split(","))


def _with_clear_sweep(content: dict[str, Any], distribution: str | None) -> dict[str, Any]:
    """A study also chooses in the parameters of its sweep."""
    params: Any = content
    for key in SWEEP:
        params = params.get(key) if isinstance(params, Mapping) else None
    if not isinstance(params, dict):
        return content
    clear = {key: _clear_choice(key, names, distribution) for key, names in params.items()}
    hydra, sweeper, last = SWEEP
    return {**content, hydra: {**content[hydra], sweeper: {**content[hydra][sweeper], last: clear}}}
