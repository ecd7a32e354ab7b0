"""``python -m tunekit plugins``: everything that is installed, and what could not be used."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from tunekit.config.options_files.files import find_file
from tunekit.config.options_files.offered import read_content
from tunekit.config.schema import RECIPES
from tunekit.console import print_stdout, stdout_console
from tunekit_core.errors import ConfigurationError, PluginError
from tunekit_core.plugins.component import Component, several_components
from tunekit_core.plugins.hookspecs import API
from tunekit_core.plugins.kinds import HOOKS, kind_meant
from tunekit_core.plugins.options import Option
from tunekit_core.plugins.registry import registry

FOR_DEVELOPERS = re.compile(r"^(?:Args|Attributes|Raises):\n(?: .*\n|\n)*", re.MULTILINE)  # sections of a docstring
LINE = "python -m tunekit plugins"
HELP = f"""Lists the components that are installed, with their options.

  {LINE}                  all of them
  {LINE} searcher         those of one kind: {", ".join(HOOKS)}
  {LINE} searcher random  one of them: what it does, and what each option is"""


def show_plugins(arguments: Sequence[str]) -> int:
    """Print tables of components, or one component in full.

    Args:
        arguments: Nothing, a kind of component, or a kind and a name.

    Returns:
        The exit status: 0, also if a plugin is broken.

    Raises:
        ConfigurationError: If there are other arguments.
        UnknownComponentError: If no component has that name.
    """
    if {"--help", "-h"} & set(arguments):
        print_stdout(HELP)
        return 0
    if len(arguments) > 2:
        raise ConfigurationError(
            f"`plugins` takes a kind and a name at most, but got: {' '.join(arguments)}. Type for example: "
            f"{LINE} searcher random"
        )
    if arguments and arguments[0] not in HOOKS:
        raise ConfigurationError(_unknown_kind(*arguments), option=arguments[0])
    if len(arguments) == 2:
        kind, name = arguments
        _print_component(_component(kind, name))
        return 0
    for error in _print_table(arguments or tuple(HOOKS)):
        print_stdout(f"Broken: {error}")
    for plugin in registry().broken:
        print_stdout(f"Broken: {plugin.distribution} {plugin.version}: {plugin.reason}")
    for silent in registry().without_api:
        print_stdout(
            f"Without API: {silent.distribution} {silent.version} does not state which contracts it was written for, "
            f"and is taken for one of today's. To state it, write API = {API} in the module {silent.module.__name__}."
        )
    return 0


def _unknown_kind(kind: str, *name: str) -> str:
    return f"plugins {kind}: there is no kind of component '{kind}'. {_hint(kind, *name)}Kinds: {', '.join(HOOKS)}."


def _hint(kind: str, *name: str) -> str:
    """What to type instead, as sentences; or nothing."""
    if kind.removesuffix("s") in (*RECIPES, "recipe"):
        return "Recipes are listed by another command. Type: python -m tunekit --help. "
    homes = [home for home in HOOKS if kind in registry().names(home)]
    if homes:
        return "".join(f"Type: {LINE} {home} {kind}. " for home in homes)
    meant = kind_meant(kind)
    return "" if meant is None else f"Type: {LINE} {' '.join((meant, *name))}. "


def _component(kind: str, name: str) -> Component:
    offering = registry().offering(kind, name)
    if len(offering) > 1:
        raise ConfigurationError(several_components(offering, f"{LINE} {{kind}} {{name}}"), option=kind, value=name)
    file = None if offering else find_file(kind, name)
    if file is not None and file.path is not None:
        component = read_content(file.path).get("name")
        raise ConfigurationError(
            f"plugins {kind} {name}: '{name}' is an options file of the {kind} '{component}'. "
            f"Type: {LINE} {kind} {component}, or python -m tunekit {kind}={name} --cfg job to see what it sets.",
            option=name,
        )
    return registry().find(kind, name)


def _print_table(kinds: Sequence[str]) -> list[PluginError]:
    """The components of some kinds; those that do not declare their options as they should are returned as errors."""
    errors = []
    table = Table("kind", "name", "what it is, and its options", "distribution", box=box.SIMPLE_HEAD)
    for kind in kinds:
        for name, component in sorted(registry().of_kind(kind).items()):
            try:
                table.add_row(kind, Text(name, style="bold"), _description(component), component.origin)
            except PluginError as error:
                errors.append(error)
        table.add_section()
    stdout_console().print(table)
    return errors


def _print_component(component: Component) -> None:
    print_stdout(f"{component.kind} {component.name}, from {component.origin}\n")
    documented = FOR_DEVELOPERS.sub("", (inspect.getdoc(component.factory) or "") + "\n")
    print_stdout(documented.strip().replace("``", "`") + "\n")
    if not component.options:
        print_stdout("It has no options.")
        return
    table = Table("option", "takes", "default", "what it is", box=box.SIMPLE_HEAD)
    for option in component.options.values():
        name = Text(component.path_of(option.name), style="bold")
        table.add_row(name, option.takes, _default(option), option.help.replace("``", "`"))
    stdout_console().print(table)


def _description(component: Component) -> Text:
    options = ", ".join(_option(option) for option in component.options.values())
    summary = component.summary.replace("``", "`")
    return Text("\n".join(line for line in (summary, options) if line))


def _option(option: Option) -> str:
    return f"{option.name}=<{option.takes}>" if option.required else f"{option.name}={_default(option)}"


def _default(option: Option) -> str:
    return "required" if option.required else json.dumps(option.default, default=str)
