"""Which components exist, and how one is built by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import attrs
import pluggy

from tunekit_core.errors import ConfigurationError, PluginError, UnknownComponentError, suggestion
from tunekit_core.plugins import hookspecs
from tunekit_core.plugins.options import Option, check_option, options_of

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
HOMES = {  # distributions that we know: a hint of the form "pip install …" names no other
    ("scheduler", "asha_stopping"): "tunekit-asha",
    ("scheduler", "asha_promotion"): "tunekit-asha",
    ("scheduler", "freeze_thaw"): "tunekit-asha",
    ("searcher", "bo"): "tunekit-bo",
    ("searcher", "mobster"): "tunekit-bo",
    ("searcher", "hypertune"): "tunekit-bo",
    ("searcher", "dyhpo"): "tunekit-bo",
    ("searcher", "freeze_thaw"): "tunekit-bo",
    ("searcher", "botorch"): "tunekit-bo",
    ("backend", "local"): "tunekit-local",
    ("backend", "simulator"): "tunekit-simulator",
    ("benchmark", "fcnet"): "tunekit-benchmarks",
}


def hint_of_home(kind: str, name: str) -> str:
    """Where a component is that we know and that is not installed, as a sentence to append; or nothing."""
    home = HOMES.get((kind, name))
    return "" if home is None else f" '{name}' is in {home}: pip install {home}."


@attrs.frozen
class Component:
    """One installed component.

    Attributes:
        kind: ``"searcher"``, ``"scheduler"``, ``"backend"``, ``"benchmark"``, ``"stopping"``, ``"composer"`` or
            ``"observer"``.
        name: What a config calls it.
        factory: The class.
        distribution: Name of the distribution that offers it.
        version: Version of that distribution.
        options: What a config can set, in the order of the class.
        summary: One line.
    """

    kind: str
    name: str
    factory: type[Any]
    distribution: str
    version: str
    options: Mapping[str, Option]
    summary: str


@attrs.frozen
class BrokenPlugin:
    """A plugin that could not be used.

    Attributes:
        distribution: Name of its distribution.
        reason: What went wrong, one line.
    """

    distribution: str
    reason: str


@attrs.define
class Registry:
    """Every installed component, and the plugins that could not be used.

    Attributes:
        components: By kind and name.
        config_packages: Importable packages that hold Hydra configuration.
        broken: Plugins that failed to import or whose hook raised.
    """

    components: dict[tuple[str, str], Component] = attrs.field(factory=dict)
    config_packages: list[str] = attrs.field(factory=list)
    broken: list[BrokenPlugin] = attrs.field(factory=list)

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of the installed components of a kind, sorted."""
        return tuple(sorted(name for k, name in self.components if k == kind))

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
        component = self.components.get((kind, name))
        if component is not None:
            return component
        installed = self.names(kind)
        message = f"No {kind} named '{name}'. {suggestion(name, installed)}Installed: {', '.join(installed) or 'none'}."
        message += hint_of_home(kind, name)
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
            ConfigurationError: If an option does not exist, has the wrong type, or is refused by the component.
        """
        component = self.find(kind, name)
        return component.factory(*context, **checked_options(component, options))


def checked_options(component: Component, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the component takes them.

    Raises:
        ConfigurationError: If one does not exist, is missing though it has no default, or has the wrong type.
    """
    checked = {}
    for name, value in options.items():
        if name not in component.options:
            allowed = ", ".join(component.options) or "none"
            raise ConfigurationError(
                f"The {component.kind} '{component.name}' has no option '{name}' (it was set to {value!r}). "
                f"{suggestion(name, component.options)}Its options: {allowed}.",
                option=f"{component.kind}.{name}",
                value=value,
            )
        checked[name] = check_option(f"{component.kind}.{name}", value, component.options[name].annotation)
    for name, option in component.options.items():
        if option.required and name not in checked:
            raise ConfigurationError(
                f"The {component.kind} '{component.name}' needs a value for '{name}'. Add {component.kind}.{name}=…",
                option=f"{component.kind}.{name}",
            )
    return checked


@cache
def registry() -> Registry:
    """The registry of this process, built when first asked for.

    Raises:
        PluginError: If two classes of a kind have one name, or a plugin implements an unknown hook.
    """
    return build_registry(_entry_points())


def create(kind: str, name: str, *context: Any, **options: Any) -> Any:
    """Build an installed component by name: see :meth:`Registry.create`.

    >>> scheduler = create("scheduler", "asha_promotion", problem, streams, searcher, reduction_factor=4)
    """
    return registry().create(kind, name, *context, **options)


def _entry_points() -> Iterator[tuple[str, str, Any]]:
    """(distribution, version, function that imports the plugin) of every installed plugin, in a fixed order."""
    import importlib.metadata  # a quarter of what importing the core would take

    found = {}
    for entry in importlib.metadata.entry_points(group=hookspecs.PROJECT):
        distribution = entry.dist.name if entry.dist else entry.name
        version = entry.dist.version if entry.dist else "unknown"
        found[distribution, entry.name, entry.value] = (distribution, version, entry.load)
    for key in sorted(found):  # a folder that is twice on the path lists its plugins twice
        yield found[key]


def build_registry(plugins: Iterator[tuple[str, str, Any]]) -> Registry:
    """A fresh registry of the built-in components and the given plugins.

    Args:
        plugins: (distribution, version, function that imports the plugin) of each.
    """
    from tunekit_core import builtin

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    result = Registry()
    _add(result, manager, builtin, BUILT_IN, own_version())
    for distribution, version, load in plugins:
        try:
            plugin = load()
        except Exception as error:
            result.broken.append(BrokenPlugin(distribution, _reason(error)))
            continue
        _add(result, manager, plugin, distribution, version)
    return result


def _add(result: Registry, manager: pluggy.PluginManager, plugin: Any, distribution: str, version: str) -> None:
    if manager.is_registered(plugin):
        return
    try:
        manager.register(plugin)
        manager.check_pending()  # without it, a misspelt hook is simply never run
    except pluggy.PluginValidationError as error:
        if manager.is_registered(plugin):  # pluggy up to 1.6 keeps a plugin whose hooks it refuses
            manager.unregister(plugin)
        result.broken.append(BrokenPlugin(distribution, _reason(error)))
        return
    others = [other for other in manager.get_plugins() if other is not plugin]
    components: list[Component] = []
    packages: list[str] = []
    try:
        for kind, hook in HOOKS.items():
            for offered in manager.subset_hook_caller(hook, others)():
                components.extend(_component(kind, factory, distribution, version) for factory in offered)
        for offered in manager.subset_hook_caller("tunekit_config_packages", others)():
            packages.extend(offered)
    except Exception as error:
        result.broken.append(BrokenPlugin(distribution, _reason(error)))
        return
    for component in components:
        other = result.components.get((component.kind, component.name))
        if other is not None:
            raise PluginError(
                f"Two installed plugins offer a {component.kind} named '{component.name}': {other.distribution} and "
                f"{distribution}. Uninstall one of them: pip uninstall {distribution}"
            )
        result.components[component.kind, component.name] = component
    result.config_packages.extend(packages)


def _component(kind: str, factory: type[Any], distribution: str, version: str) -> Component:
    summary = (inspect.getdoc(factory) or "").partition("\n")[0]
    return Component(kind, factory.name, factory, distribution, version, options_of(factory), summary)


def own_version() -> str:
    """The version of tunekit."""
    import importlib.metadata

    try:
        return importlib.metadata.version(BUILT_IN)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")
