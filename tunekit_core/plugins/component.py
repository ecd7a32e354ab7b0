"""An installed component: what it is, which options it has, and building it from their names and values."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import attrs

import tunekit_core
from tunekit_core.contracts.options import check_range
from tunekit_core.errors import ConfigurationError, InvalidOption, PluginError, TunekitError, shown, suggestion, text_of
from tunekit_core.plugins.attributes import wrong_attribute
from tunekit_core.plugins.diverted import stdout_diverted
from tunekit_core.plugins.kinds import CONTRACTS
from tunekit_core.plugins.names import qualified, several_offer
from tunekit_core.plugins.options import Option, check_option, options_of
from tunekit_core.secret_names import masked

KEYS_OF_SEVERAL = {"stopping": "stopping", "composer": "composers", "observer": "observers"}
"""For the kinds of which a run has several components: the key that holds them by name on the command line."""
PASSED = {"problem": "Problem", "streams": "Streams"}
"""What every contract that takes it takes under this name, as ``tunekit_core`` offers it."""
IN_HYDRA = ("launcher",)
"""Kinds that say where runs are run, and nothing of what they are: their options stand below ``hydra``."""


def noun(kind: str) -> str:
    """What a message calls a component of a kind."""
    return "stopping criterion" if kind == "stopping" else kind


def typed(kind: str) -> str:
    """What stands before the equals sign where a component of a kind is chosen on the command line."""
    return f"hydra/{kind}" if kind in IN_HYDRA else kind


@attrs.frozen(slots=False)  # for cached properties: most components are listed and never looked into
class Component:
    """One installed component.

    Attributes:
        kind: ``"searcher"``, ``"scheduler"``, ``"backend"``, ``"benchmark"``, ``"stopping"``, ``"composer"``,
            ``"observer"`` or ``"launcher"``.
        name: What a config calls it.
        factory: The class.
        distribution: Name of the distribution that offers it.
        version: Version of that distribution.
    """

    kind: str
    name: str
    factory: type[Any]
    distribution: str
    version: str

    @cached_property
    def options(self) -> Mapping[str, Option]:
        """What a config can set, in the order of the class."""
        with self._errors_named():
            try:
                return options_of(self.factory.Options)
            except PluginError as error:
                raise PluginError(
                    f"The {noun(self.kind)} '{self.name}' ({self.origin}) cannot be used: {error}"
                ) from error

    @cached_property
    def summary(self) -> str:
        """What it is, one line."""
        return (inspect.getdoc(self.factory) or "").partition("\n")[0]

    @property
    def qualified(self) -> str:
        """Its name with that of its distribution before it, which always means this one."""
        return qualified(self.distribution, self.name)

    @property
    def origin(self) -> str:
        """Its distribution and the version of that."""
        return f"{self.distribution} {self.version}"

    @property
    def path(self) -> str:
        """What stands before the name of an option on the command line, without the dot."""
        if self.kind in KEYS_OF_SEVERAL:
            return f"{KEYS_OF_SEVERAL[self.kind]}.{self.name}"
        return f"hydra.{self.kind}" if self.kind in IN_HYDRA else self.kind

    def path_of(self, option: str) -> str:
        """The dotted name of an option. Where there are several components, the only option of one goes without."""
        is_only = self.kind in KEYS_OF_SEVERAL and list(self.options) == [option]
        return self.path if is_only else f"{self.path}.{option}"

    def read_options(self, given: Mapping[str, Any]) -> Any:
        """Its options, checked, as an instance of the class that declares them.

        Args:
            given: By name what a file or the command line says; what is left out takes its default.

        Raises:
            ConfigurationError: If an option does not exist, is missing though it has no default, or has a value that
                does not fit.
            PluginError: If the class that declares them breaks.
        """
        values = self.read_values(given)
        for name, option in self.options.items():
            if option.required and name not in given:
                raise ConfigurationError(
                    f"The {noun(self.kind)} '{self.name}' needs a value for '{name}': add {self.path_of(name)}=… "
                    f"({option.takes}).",
                    option=self.path_of(name),
                )
        with self._errors_named():
            return self.factory.Options(**values)

    def read_values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of some options, each checked by itself and as its class takes it.

        Raises:
            ConfigurationError: If an option does not exist, or has a value that does not fit.
        """
        for name, value in given.items():
            if name not in self.options:
                raise ConfigurationError(
                    f"{self.path}.{name}={masked(name, value)!r}: the {noun(self.kind)} '{self.name}' "
                    f"({self.origin}) has no option '{name}'. {suggestion(name, self.options)}"
                    f"Its options: {', '.join(self.options) or 'none'}.",
                    option=f"{self.path}.{name}",
                    value=value,
                )
        values = {}
        for name, value in given.items():
            option = self.options[name]
            values[name] = check_option(self.path_of(name), value, option.annotation, takes=option.takes)
            try:
                check_range(name, value, option.range)
            except InvalidOption as error:
                raise self._refusal(error) from error
        return values

    def create(self, *context: Any, options: Mapping[str, Any]) -> Any:
        """Build it.

        Args:
            *context: What the contract of its kind passes, such as ``problem, streams``.
            options: As for :meth:`read_options`.

        Raises:
            ConfigurationError: As for :meth:`read_options`, if what is passed is no problem or no streams, or if the
                component refuses the problem.
            PluginError: If the component breaks while it is built, or has an attribute of another form than its
                contract says.
        """
        from tunekit_core.randomness import Streams  # numpy is loaded only when a component is built

        self._check_context(context)
        read = self.read_options(options)
        family = getattr(self.factory, "stream_family", "") or self.factory.name
        own = [each.within(family) if isinstance(each, Streams) else each for each in context]
        with self._errors_named():
            component = self.factory(*own, read)
            wrong = wrong_attribute(self.kind, component)
        if wrong:
            raise PluginError(f"The {noun(self.kind)} '{self.name}' ({self.origin}) {wrong}.")
        return component

    def _check_context(self, context: Sequence[Any]) -> None:
        """See that a problem and streams are what they are to be: else the component would be blamed for it."""
        contract = getattr(tunekit_core, CONTRACTS[self.kind])
        names = [*inspect.signature(contract.__init__).parameters][1:]
        for name, given in zip(names, context, strict=False):
            if name in PASSED and not isinstance(given, getattr(tunekit_core, PASSED[name])):
                raise ConfigurationError(
                    f"{name}={shown(given)} is no {PASSED[name]}: create('{self.kind}', '{self.name}', …) takes "
                    f"{', '.join(names[:-1])} in this order, and options by name.",
                    option=name,
                    value=given,
                )

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """What the component raises, as the error of the component that it is for whoever typed its options."""
        try:
            with stdout_diverted():
                yield
        except InvalidOption as error:
            raise self._refusal(error) from error
        except (TunekitError, KeyboardInterrupt, GeneratorExit):  # the last if the block is never begun
            raise
        except BaseException as error:  # also SystemExit
            raise PluginError(
                f"The {noun(self.kind)} '{self.name}' ({self.origin}) broke while it was built: "
                f"{type(error).__name__}: {text_of(error)}. Add --debug to see where."
            ) from error

    def _refusal(self, error: InvalidOption) -> ConfigurationError:
        """The error of a component, with the name of the option as it was typed."""
        first, dot, rest = str(error.option).partition(".")  # an option may be a mapping, and one of its keys be wrong
        path = self.path_of(first) + dot + rest
        value = masked(path, error.value)
        return ConfigurationError(f"{path}={value!r} {error.problem}.", option=path, value=error.value)


def several_components(offering: Sequence[Component], form: str = "") -> str:
    """The message for a name that means several components.

    Args:
        offering: The components.
        form: How to say which is meant, with ``{kind}`` and ``{name}``; as on the command line of a run unless given.
    """
    kind, name = offering[0].kind, offering[0].name
    form = form or (f"{KEYS_OF_SEVERAL[kind]}.{{name}}" if kind in KEYS_OF_SEVERAL else f"{typed(kind)}={{name}}")
    return several_offer(
        f"A {noun(kind)} named '{name}'",
        [(each.distribution, each.version) for each in offering],
        [form.format(kind=kind, name=each.qualified) for each in offering],
    )
