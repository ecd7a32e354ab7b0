"""Which components exist, and how one is built by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from typing import Any

import attrs
import pluggy

from tunekit_core import __version__
from tunekit_core.errors import PluginError, TunekitError, UnknownComponentError, suggestion
from tunekit_core.plugins import hookspecs
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.known import where_to_find
from tunekit_core.plugins.options import check_declarations

HOOKS = {
    "searcher": "tunekit_register_searchers",
    "scheduler": "tunekit_register_schedulers",
    "backend": "tunekit_register_backends",
    "benchmark": "tunekit_register_benchmarks",
    "stopping": "tunekit_register_stopping_criteria",
    "composer": "tunekit_register_composers",
    "observer": "tunekit_register_observers",
}
BUILT_IN = "tunekit-hpo"


@attrs.frozen
class BrokenPlugin:
    """A plugin that could not be used.

    Attributes:
        distribution: Name of its distribution.
        reason: What went wrong, one line.
    """

    distribution: str
    reason: str


@attrs.frozen(eq=False)
class Plugin:
    """A plugin whose module could be imported.

    Attributes:
        distribution: Name of its distribution.
        version: Version of that.
        module: Implements the hooks.
    """

    distribution: str
    version: str
    module: Any


class Registry:
    """Every installed component, and the plugins that could not be used.

    The components of a kind are asked for when the first of them is: their modules are imported then.

    Args:
        manager: Knows the hooks and the modules of the plugins.
        plugins: Those that could be imported, in the order in which they are asked.
        broken: Those that could not be used.

    Attributes:
        config_packages: Importable packages that hold Hydra configuration, and the distribution of each.
        broken: Plugins that could not be imported, were written for another tunekit, whose hook raised, or whose
            components do not declare their options as they should.
    """

    def __init__(
        self, manager: pluggy.PluginManager, plugins: Iterable[Plugin], broken: Iterable[BrokenPlugin] = ()
    ) -> None:
        self.broken = list(broken)
        self._manager = manager
        self._plugins = list(plugins)
        self._components: dict[str, dict[str, Component]] = {}
        self.config_packages = {
            package: plugin.distribution
            for plugin, packages in self._ask("tunekit_config_packages", lambda plugin, packages: packages)
            for package in packages
        }

    @property
    def components(self) -> dict[tuple[str, str], Component]:
        """All components, by kind and name."""
        return {(kind, name): component for kind in HOOKS for name, component in self._of_kind(kind).items()}

    @property
    def versions(self) -> dict[str, str]:
        """The version of each distribution whose plugin could be imported."""
        return {plugin.distribution: plugin.version for plugin in self._plugins}

    def asked_for(self) -> list[Component]:
        """The components of all kinds of which one was looked up so far."""
        return [component for found in self._components.values() for component in found.values()]

    def origin_of(self, factory: type[Any]) -> Plugin | None:
        """The plugin that a class comes from, by its package, or ``None``. No hook is asked."""
        package = factory.__module__.partition(".")[0]
        return next((each for each in self._plugins if each.module.__name__.partition(".")[0] == package), None)

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of the installed components of a kind, sorted."""
        return tuple(sorted(self._of_kind(kind)))

    def find(self, kind: str, name: str) -> Component:
        """The component of that kind and name.

        Raises:
            UnknownComponentError: If no plugin offers it.
        """
        if kind not in HOOKS:
            raise UnknownComponentError(
                f"No kind of component is called '{kind}'. {suggestion(kind, HOOKS)}Kinds: {', '.join(HOOKS)}.",
                kind=kind,
                name=name,
                installed=(),
            )
        component = self._of_kind(kind).get(name)
        if component is not None:
            return component
        installed = self.names(kind)
        message = f"No {kind} named '{name}'. {suggestion(name, installed)}Installed: {', '.join(installed) or 'none'}."
        message += where_to_find(kind, name, installed=self.versions)
        for plugin in self.broken:
            message += f" The plugin {plugin.distribution} could not be used: {plugin.reason}"
        raise UnknownComponentError(message, kind=kind, name=name, installed=installed)

    def create(self, kind: str, name: str, *context: Any, **options: Any) -> Any:
        """Build a component.

        Args:
            kind: Kind of component.
            name: Its name.
            *context: What the contract of its kind passes, such as ``problem, streams, searcher``.
            **options: Its options; those left out take their defaults.

        Raises:
            UnknownComponentError: If no plugin offers it.
            ConfigurationError: If an option does not exist or fit, or the component refuses the problem.
            PluginError: If the component breaks while it is built.
        """
        return self.find(kind, name).create(*context, options=options)

    def _of_kind(self, kind: str) -> Mapping[str, Component]:
        if kind not in self._components:
            self._components[kind] = self._collect(kind)
        return self._components[kind]

    def _collect(self, kind: str) -> dict[str, Component]:
        found: dict[str, Component] = {}
        for plugin, components in self._ask(HOOKS[kind], partial(_components, kind)):
            for component in components:
                other = found.setdefault(component.name, component)
                if other is not component:
                    raise PluginError(
                        f"Two installed plugins offer a {kind} named '{component.name}': {other.distribution} and "
                        f"{plugin.distribution}. Uninstall one of them: pip uninstall {plugin.distribution}"
                    )
        return found

    def _ask(self, hook: str, read: Callable[[Plugin, list[Any]], list[Any]]) -> Iterator[tuple[Plugin, list[Any]]]:
        """What each plugin offers through a hook; one that breaks there is dropped and noted."""
        for plugin in tuple(self._plugins):
            others = [module for module in self._manager.get_plugins() if module is not plugin.module]
            try:
                offered = [each for answer in self._manager.subset_hook_caller(hook, others)() for each in answer]
                yield plugin, read(plugin, offered)
            except Exception as error:
                self._drop(plugin, error)

    def _drop(self, plugin: Plugin, error: Exception) -> None:
        """A plugin that breaks in one hook offers nothing, not even what was asked for before."""
        self._plugins.remove(plugin)
        self.broken.append(BrokenPlugin(plugin.distribution, _reason(error)))
        for kind, found in self._components.items():
            kept = {name: each for name, each in found.items() if each.distribution != plugin.distribution}
            self._components[kind] = kept


def _components(kind: str, plugin: Plugin, factories: list[Any]) -> list[Component]:
    for factory in factories:
        check_declarations(factory.Options)
    return [Component(kind, factory.name, factory, plugin.distribution, plugin.version) for factory in factories]


@cache
def registry() -> Registry:
    """The registry of this process, built when first asked for.

    Raises:
        PluginError: If two classes of a kind have one name, or a plugin implements an unknown hook.
    """
    return build_registry(_installed())


def create(kind: str, name: str, *context: Any, **options: Any) -> Any:
    """Build an installed component by name: see :meth:`Registry.create`.

    >>> scheduler = create("scheduler", "asha_promotion", problem, streams, searcher, reduction_factor=4)
    """
    return registry().create(kind, name, *context, **options)


def _installed() -> Iterator[tuple[str, str, Any]]:
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


def build_registry(plugins: Iterator[tuple[str, str, Any]]) -> Registry:
    """A fresh registry of the given plugins.

    Args:
        plugins: (distribution, version, function that imports the plugin) of each.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    usable, broken = [], []
    for distribution, version, load in plugins:
        try:
            module = load()
            if manager.is_registered(module):
                continue
            _register(manager, module, distribution)
        except Exception as error:
            broken.append(BrokenPlugin(distribution, _reason(error)))
        else:
            usable.append(Plugin(distribution, version, module))
    return Registry(manager, usable, broken)


def _register(manager: pluggy.PluginManager, module: Any, distribution: str) -> None:
    stated = getattr(module, "API", hookspecs.API)
    if stated != hookspecs.API:
        raise PluginError(_other_api(stated, distribution))
    try:
        manager.register(module)
        manager.check_pending()  # without it, a misspelt hook is simply never run
    except pluggy.PluginValidationError:
        if manager.is_registered(module):  # pluggy up to 1.6 keeps a plugin whose hooks it refuses
            manager.unregister(module)
        raise


def _other_api(stated: Any, distribution: str) -> str:
    older = BUILT_IN if isinstance(stated, int) and stated > hookspecs.API else distribution
    return (
        f"it was written for API {stated!r} of tunekit's plugins, and this is tunekit {__version__} with API "
        f"{hookspecs.API}. Type: pip install --upgrade {older}"
    )


def _reason(error: Exception) -> str:
    text = str(error) if isinstance(error, TunekitError) else f"{type(error).__name__}: {error}"
    return text.replace("\n", " ")
