"""Finds the plugins that are installed, and imports them: one that breaks is noted, and costs no other anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import attrs
import pluggy

from tunekit_core import __version__
from tunekit_core.errors import PluginError, TunekitError, suggestion, text_of
from tunekit_core.plugins import hookspecs
from tunekit_core.plugins.diverted import folder_kept, stdout_diverted
from tunekit_core.plugins.names import BUILT_IN, normalized

IMPLEMENTS = f"{hookspecs.PROJECT}_impl"  # what pluggy's marker adds to a function


@attrs.frozen
class BrokenPlugin:
    """A plugin that could not be used.

    Attributes:
        distribution: Name of its distribution.
        version: Version of that.
        reason: What went wrong, one line.
    """

    distribution: str
    version: str
    reason: str


@attrs.frozen(eq=False)
class Plugin:
    """A plugin whose module could be imported.

    Attributes:
        distribution: Name of its distribution.
        version: Version of that.
        module: Implements the hooks; a module, or an object that has them as methods.
    """

    distribution: str
    version: str
    module: Any

    @property
    def module_name(self) -> str:
        """The full name of the module in which the hooks are."""
        name = getattr(self.module, "__name__", None)
        return name if isinstance(name, str) else type(self.module).__module__


def installed_plugins() -> Iterator[tuple[str, str, Any]]:
    """(distribution, version, function that imports the plugin) of every plugin: our own components, then by name."""
    import importlib.metadata  # a quarter of what importing the core would take

    # By name, as an entry point is: components of the core are found as those of any plugin are.
    yield BUILT_IN, __version__, partial(import_module, "tunekit_core.builtin")
    found = {}
    for entry in importlib.metadata.entry_points(group=hookspecs.PROJECT):
        distribution = entry.dist.name if entry.dist else entry.name
        version = entry.dist.version if entry.dist else "unknown"
        found[distribution, entry.name, entry.value] = (distribution, version, entry.load)
    for key in sorted(found):  # a folder that is twice on the path lists its plugins twice
        yield found[key]


def load_plugins(
    plugins: Iterable[tuple[str, str, Any]],
) -> tuple[pluggy.PluginManager, list[Plugin], list[BrokenPlugin]]:
    """Import plugins.

    Args:
        plugins: (distribution, version, function that imports the plugin) of each.

    Returns:
        What knows their hooks, those that can be used, and those that cannot.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    usable: list[Plugin] = []
    broken: list[BrokenPlugin] = []
    for name, version, import_it in plugins:
        distribution = normalized(name)
        try:
            with stdout_diverted(), folder_kept():
                module = import_it()
                if manager.is_registered(module):
                    continue
                _register(manager, module, distribution)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit
            broken.append(BrokenPlugin(distribution, version, reason_of(error)))
        else:
            usable.append(Plugin(distribution, version, module))
    return manager, usable, broken


def reason_of(error: BaseException) -> str:
    """Why a plugin cannot be used, one line."""
    text = text_of(error)
    return (text if isinstance(error, TunekitError) else f"{type(error).__name__}: {text}").replace("\n", " ")


def _register(manager: pluggy.PluginManager, module: Any, distribution: str) -> None:
    stated = getattr(module, "API", hookspecs.API)
    if stated != hookspecs.API:
        raise PluginError(_other_api(stated, distribution))
    unmarked = [name for name in vars(hookspecs) if _is_unmarked(getattr(module, name, None), name)]
    if unmarked:
        raise PluginError(f"{unmarked[0]} has no @hookimpl above it: write `from tunekit_core import hookimpl`")
    for name in _unknown_hooks(module):
        hooks = [each for each in vars(hookspecs) if _is_hook(each)]
        raise PluginError(f"there is no hook {name}. {suggestion(name, hooks)}Hooks: {', '.join(hooks)}")
    try:
        manager.register(module)
    except pluggy.PluginValidationError:
        if manager.is_registered(module):  # pluggy up to 1.6 keeps a plugin whose hooks it refuses
            manager.unregister(module)
        raise


def _is_unmarked(attribute: Any, name: str) -> bool:
    """Whether an attribute of a plugin looks like a hook and is none, so that it would never be asked."""
    return _is_hook(name) and callable(attribute) and not hasattr(attribute, IMPLEMENTS)


def _is_hook(name: str) -> bool:
    return name.startswith(f"{hookspecs.PROJECT}_")


def _unknown_hooks(module: Any) -> Iterator[str]:
    """Names under which a plugin implements hooks that there are not: pluggy would simply never run them."""
    for name in dir(module):  # its class may have them
        attribute = getattr(module, name, None)
        if callable(attribute) and hasattr(attribute, IMPLEMENTS):
            hook = getattr(attribute, IMPLEMENTS)["specname"] or name
            if not hasattr(hookspecs, hook):
                yield hook


def _other_api(stated: Any, distribution: str) -> str:
    older = BUILT_IN if isinstance(stated, int) and stated > hookspecs.API else distribution
    return (
        f"it was written for API {stated!r} of tunekit's plugins, and this is tunekit {__version__} with API "
        f"{hookspecs.API}. Type: pip install --upgrade {older}"
    )
