"""Which components exist, and how one is built by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import takewhile
from operator import itemgetter
from typing import Any

import pluggy

import tunekit_core
from tunekit_core.errors import ConfigurationError, PluginError, UnknownComponentError, shown, suggestion
from tunekit_core.plugins.attributes import wrong_attribute
from tunekit_core.plugins.commands import COMMAND_NAME, Command
from tunekit_core.plugins.component import Component, noun, several_components
from tunekit_core.plugins.diverted import folder_kept, stdout_diverted
from tunekit_core.plugins.kinds import CONTRACTS, HOOKS, kind_suggestion
from tunekit_core.plugins.known import where_to_find
from tunekit_core.plugins.loading import BrokenPlugin, Plugin, installed_plugins, load_plugins, reason_of
from tunekit_core.plugins.names import OF_A_COMPONENT, SLASH, meant_within, qualified, split_name
from tunekit_core.plugins.options import check_declarations


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
        self._offered: dict[str, list[tuple[Plugin, Component]]] = {}
        self.config_packages: dict[str, str] = {}
        for plugin, packages in self._ask("tunekit_config_packages", _config_packages):
            for package in packages:
                is_its_own = _top(package) == _top(plugin.module_name)
                if is_its_own or package not in self.config_packages:  # one that others name too stays whose it is
                    self.config_packages[package] = plugin.distribution

    @property
    def components(self) -> dict[tuple[str, str], Component]:
        """All components, by kind and by what is typed for them."""
        return {(kind, name): component for kind in HOOKS for name, component in self.of_kind(kind).items()}

    @property
    def versions(self) -> dict[str, str]:
        """The version of each distribution whose plugin could be imported."""
        return {plugin.distribution: plugin.version for plugin in self._plugins}

    @property
    def without_api(self) -> list[Plugin]:
        """Plugins that do not state the contracts that they were written for; they are taken for those of today."""
        return [plugin for plugin in self._plugins if not hasattr(plugin.module, "API")]

    def commands(self) -> dict[str, Command]:
        """The commands of plugins, by what is typed for them: the name, with its distribution where that is needed."""
        offered = [
            (plugin, command)
            for plugin, commands in self._ask("tunekit_register_commands", _commands)
            for command in commands
        ]
        count = Counter(command.name for _, command in offered)
        return {
            command.name if count[command.name] == 1 else qualified(plugin.distribution, command.name): command
            for plugin, command in offered
        }

    def asked_for(self) -> list[Component]:
        """The components of all kinds of which one was looked up so far."""
        return [component for offered in self._offered.values() for _, component in offered]

    def origin_of(self, factory: type[Any]) -> Plugin | None:
        """The plugin that a class comes from, by its package, or ``None``. No hook is asked.

        Several distributions may share a namespace package: then the one counts whose module is closest.
        """
        shared = [(_n_shared(each.module_name, factory.__module__), each) for each in self._plugins]
        most, closest = max(shared, key=itemgetter(0), default=(0, None))
        return closest if most else None

    def of_kind(self, kind: str) -> Mapping[str, Component]:
        """The components of a kind, by what is typed for each: its name, with its distribution where that is needed."""
        components = self._all(kind)
        count = Counter(component.name for component in components)
        return {each.name if count[each.name] == 1 else each.qualified: each for each in components}

    def names(self, kind: str) -> tuple[str, ...]:
        """What is typed for the installed components of a kind, sorted."""
        return tuple(sorted(self.of_kind(kind)))

    def clearest(self, kind: str, name: str) -> str:
        """A name as short as it is clear: without the distribution, where only one offers it."""
        offering = self.offering(kind, name)
        is_clear = len(offering) == 1 and len(self.offering(kind, offering[0].name)) == 1
        return offering[0].name if is_clear else name

    def meant_within(self, kind: str, name: str, distribution: str) -> str:
        """The name of a component that stands in a distribution's own files or code, as it is meant there."""
        return meant_within(name, [each.distribution for each in self.offering(kind, name)], distribution)

    def offering(self, kind: str, name: str) -> list[Component]:
        """The components of that kind that a name may mean: of a bare name one for each distribution that has it."""
        distribution, bare = split_name(name)
        return [each for each in self._all(kind) if each.name == bare and distribution in (None, each.distribution)]

    def find(self, kind: str, name: str) -> Component:
        """The component of that kind and name.

        Args:
            kind: Kind of component.
            name: Its name, or ``distribution/name``.

        Raises:
            UnknownComponentError: If no plugin offers it.
            ConfigurationError: If several distributions do, or kind or name are no text.
        """
        for option, word in (("kind", kind), ("name", name)):
            if not isinstance(word, str):
                raise ConfigurationError(
                    f"{option}={shown(word)} is no text: a component is named as in create('searcher', 'random', …).",
                    option=option,
                    value=word,
                )
        if kind not in HOOKS:
            raise UnknownComponentError(
                f"No kind of component is called '{kind}'. {kind_suggestion(kind)}Kinds: {', '.join(HOOKS)}.",
                kind=kind,
                name=name,
                installed=(),
            )
        offering = self.offering(kind, name)
        if len(offering) > 1:
            raise ConfigurationError(several_components(offering), option=kind, value=name)
        if offering:
            return offering[0]
        installed = self.names(kind)
        close = suggestion(name, [each.qualified for each in self._all(kind)] if SLASH in name else installed)
        message = f"No {noun(kind)} named '{name}'. {close}Installed: {', '.join(installed) or 'none'}."
        message += where_to_find(kind, split_name(name)[1], installed=self.versions)
        for plugin in self.broken:
            message += f" The plugin {plugin.distribution} {plugin.version} could not be used: {plugin.reason}"
        raise UnknownComponentError(message, kind=kind, name=name, installed=installed)

    def create(self, kind: str, name: str, *context: Any, **options: Any) -> Any:
        """Build a component.

        Args:
            kind: Kind of component.
            name: Its name, or ``distribution/name``.
            *context: What the contract of its kind passes, such as ``problem, streams, searcher``.
            **options: Its options; those left out take their defaults.

        Raises:
            UnknownComponentError: If no plugin offers it.
            ConfigurationError: If an option does not exist or fit, or the component refuses the problem.
            PluginError: If the component breaks while it is built.
        """
        return self.find(kind, name).create(*context, options=options)

    def _all(self, kind: str) -> list[Component]:
        if kind not in self._offered:
            self._offered[kind] = self._collect(kind)
        return [component for _, component in self._offered[kind]]

    def _collect(self, kind: str) -> list[tuple[Plugin, Component]]:
        found: list[tuple[Plugin, Component]] = []
        for plugin, components in self._ask(HOOKS[kind], partial(_components, kind, found)):
            found += [(plugin, component) for component in components]
        return found

    def _ask(self, hook: str, read: Callable[[Plugin, list[Any]], list[Any]]) -> Iterator[tuple[Plugin, list[Any]]]:
        """What each plugin offers through a hook; one that breaks there is dropped and noted."""
        for plugin in tuple(self._plugins):
            others = [module for module in self._manager.get_plugins() if module is not plugin.module]
            try:
                with stdout_diverted(), folder_kept():
                    offered = read(plugin, _answer(hook, self._manager.subset_hook_caller(hook, others)))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # also SystemExit
                self._drop(plugin, error)
            else:
                yield plugin, offered

    def _drop(self, plugin: Plugin, error: BaseException) -> None:
        """A plugin that breaks in one hook offers nothing, not even what was asked for before."""
        self._plugins.remove(plugin)
        self.broken.append(BrokenPlugin(plugin.distribution, plugin.version, reason_of(error)))
        for kind, offered in self._offered.items():
            self._offered[kind] = [(origin, each) for origin, each in offered if origin is not plugin]


def _answer(hook: str, caller: pluggy.HookCaller) -> list[Any]:
    """What the one plugin that is asked lists."""
    answers = caller()
    if len(answers) < len(caller.get_hookimpls()):  # pluggy leaves out None
        answers.append(None)
    for answer in answers:
        if not isinstance(answer, list | tuple):
            raise PluginError(f"{hook} returned {shown(answer)}, which is no list: put what it offers into return […]")
    return [each for answer in answers for each in answer]


def _commands(plugin: Plugin, offered: list[Any]) -> list[Any]:
    names = [each.name for each in offered if isinstance(each, Command)]
    for each in offered:
        if not (isinstance(each, Command) and COMMAND_NAME.fullmatch(each.name) and callable(each.run)):
            raise PluginError(
                f"tunekit_register_commands returned {shown(each)}, which is no tunekit_core.Command with a name of "
                "lower-case letters, digits and hyphens"
            )
        if names.count(each.name) > 1:
            raise PluginError(f"tunekit_register_commands returned two commands named '{each.name}'")
    return offered


def _check_class(kind: str, factory: Any) -> None:
    contract = CONTRACTS[kind]
    if not isinstance(factory, type) or not issubclass(factory, getattr(tunekit_core, contract)):
        raise PluginError(f"{HOOKS[kind]} offers {shown(factory)}, which is no class that inherits from {contract}")
    if not hasattr(factory, "name"):
        raise PluginError(f'the {noun(kind)} {factory.__qualname__} has no name: write name = "…" into the class')


def _components(
    kind: str, found: list[tuple[Plugin, Component]], plugin: Plugin, factories: list[Any]
) -> list[Component]:
    """The components of a plugin, checked."""
    taken = {each.name: each.factory for _, each in found if each.distribution == plugin.distribution}
    for factory in factories:
        _check_class(kind, factory)
        check_declarations(factory.Options)
        wrong = wrong_attribute(kind, factory)
        if wrong:
            raise PluginError(f"the {noun(kind)} {factory.__qualname__} {wrong}")
        if not OF_A_COMPONENT.fullmatch(factory.name):
            raise PluginError(
                f"the {noun(kind)} {factory.__qualname__} is named '{factory.name}': a name has letters, digits, _ and "
                "- alone"
            )
        if factory.name in taken:
            raise PluginError(
                f"it offers the {noun(kind)} '{factory.name}' twice: {taken[factory.name].__qualname__} and "
                f"{factory.__qualname__}"
            )
        taken[factory.name] = factory
    return [Component(kind, factory.name, factory, plugin.distribution, plugin.version) for factory in factories]


def _config_packages(plugin: Plugin, packages: list[Any]) -> list[str]:
    """The packages of a plugin, checked."""
    for package in packages:
        if not isinstance(package, str) or not package:
            raise PluginError(f"it offers the config package {shown(package)}, which is no name of a package")
    return packages


@cache
def registry() -> Registry:
    """The registry of this process, built when first asked for."""
    return build_registry(installed_plugins())


def create(kind: str, name: str, *context: Any, **options: Any) -> Any:
    """Build an installed component by name: see :meth:`Registry.create`.

    >>> scheduler = create("scheduler", "asha_promotion", problem, streams, searcher, reduction_factor=4)
    """
    return registry().create(kind, name, *context, **options)


def build_registry(plugins: Iterable[tuple[str, str, Any]]) -> Registry:
    """A fresh registry of the given plugins.

    Args:
        plugins: (distribution, version, function that imports the plugin) of each.
    """
    return Registry(*load_plugins(plugins))


def _n_shared(module: str, other: str) -> int:
    """How many packages two modules have in common."""
    parts = zip(module.split("."), other.split("."), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))


def _top(module: str) -> str:
    return module.partition(".")[0]
