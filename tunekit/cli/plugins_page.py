"""``python -m tunekit plugins``: everything that is installed, and what could not be used."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from tunekit.console import answers, tell
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.options import Option
from tunekit_core.plugins.registry import HOOKS, Component, registry


def show_plugins(arguments: Sequence[str]) -> int:
    """Print a table of each kind of component.

    Returns:
        The exit status: 0, also if a plugin is broken.

    Raises:
        ConfigurationError: If there are arguments.
    """
    if arguments:
        raise ConfigurationError(f"`plugins` takes no arguments, but got: {' '.join(arguments)}.")
    table = Table("kind", "name", "what it is, and its options", "distribution", box=box.SIMPLE_HEAD)
    for kind in HOOKS:
        for name in registry().names(kind):
            component = registry().find(kind, name)
            table.add_row(kind, Text(name, style="bold"), _description(component), _origin(component))
        table.add_section()
    answers().print(table)
    for plugin in registry().broken:
        tell(f"Broken: {plugin.distribution}: {plugin.reason}")
    return 0


def _description(component: Component) -> Text:
    options = ", ".join(_option(option) for option in component.options.values())
    return Text("\n".join(line for line in (component.summary, options) if line))


def _option(option: Option) -> str:
    if option.required:
        return f"{option.name}=<{option.type_text}>"
    return f"{option.name}={json.dumps(option.default, default=str)}"


def _origin(component: Component) -> str:
    return f"{component.distribution} {component.version}"
