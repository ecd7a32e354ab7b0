"""Whether the parts of an experiment go together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MethodType
from typing import Any

from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.engine.gate.culprits import KINDS, METHODS, AnyComponent, contract_of, described
from tunekit_core.errors import ConfigurationError, PluginError, shown
from tunekit_core.plugins.attributes import wrong_attribute

SET_BY_INIT: Mapping[type[Any], Mapping[str, type[Any]]] = {
    Scheduler: {"problem": Problem, "searcher": Searcher},
    Backend: {"benchmark": Benchmark},
}


def check_are_components(given: Mapping[type[Any], Iterable[Any]]) -> None:
    """Refuse what is no component of the kind that it is given as, or lacks what its contract sets.

    Args:
        given: By contract what is given as a component of that kind.

    Raises:
        ConfigurationError: If something is no component of its kind.
        PluginError: If one lacks what the ``__init__`` of its contract sets.
    """
    for contract, components in given.items():
        for component in components:
            if not isinstance(component, contract):
                raise ConfigurationError(
                    f"{shown(component)} is no {KINDS[contract]}: give an object whose class is a subclass of "
                    f"tunekit_core.{contract.__name__}."
                )
            for name, part in SET_BY_INIT.get(contract, {}).items():
                value = getattr(component, name, None)
                if not isinstance(value, part):
                    raise PluginError(
                        f"The {described(component)} has {name}={shown(value)}, where a {part.__name__} is needed: its "
                        "__init__ has to call super().__init__(…) with what it is given."
                    )


def check_signatures(components: Iterable[AnyComponent]) -> None:
    """Refuse components with methods that cannot be called as their contract says.

    Raises:
        PluginError: If one has such a method.
    """
    for component in components:
        contract = contract_of(component)
        for name in METHODS[contract]:
            method, declared = getattr(component, name), getattr(contract, name)
            function = getattr(method, "__func__", None)  # of a bound method; kept rather than its object
            if function is declared:
                continue
            if not (_can_be_called_as(declared, method) if function is None else _has_arguments_of(declared, function)):
                called = ", ".join(list(inspect.signature(declared).parameters)[1:])
                raise PluginError(f"The {described(component)} cannot be asked: its contract has {name}({called}).")


@cache
def _has_arguments_of(declared: Callable[..., Any], function: Callable[..., Any]) -> bool:
    """Whether a function, as a method, takes what another takes: looked at once in a process."""
    return _can_be_called_as(declared, MethodType(function, object()))


def _can_be_called_as(declared: Callable[..., Any], method: Callable[..., Any]) -> bool:
    """Whether a bound method takes what the function of a contract takes after ``self``."""
    parameters = list(inspect.signature(declared).parameters.values())[1:]
    keywords = [each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
    try:
        inspect.signature(method).bind(*[None] * (len(parameters) - len(keywords)), **dict.fromkeys(keywords))
    except TypeError:
        return False
    except ValueError:  # written in C, and does not say what it takes
        return True
    return True


def check_parts(*, scheduler: Scheduler, backend: Backend) -> None:
    """Refuse components that do not go together.

    Raises:
        ConfigurationError: If the scheduler needs what the backend cannot do, or the problem has more metrics than
            scheduler or searcher use.
        PluginError: If one has an attribute of another form than its contract says.
    """
    for kind, component in (("scheduler", scheduler), ("searcher", scheduler.searcher), ("backend", backend)):
        wrong = wrong_attribute(kind, component)
        if wrong:
            raise PluginError(f"The {described(component)} {wrong}.")
    lacking = scheduler.needs - backend.capabilities
    if lacking:
        raise ConfigurationError(
            f"The scheduler '{scheduler.name}' needs a backend that can {' and '.join(sorted(lacking))}; "
            f"'{backend.name}' cannot. Use a backend that can, or a scheduler that does without: "
            "`python -m tunekit plugins scheduler` lists what is installed.",
            option="backend",
            value=backend.name,
        )
    metrics = scheduler.problem.objective.metric
    for kind, component in (("scheduler", scheduler), ("searcher", scheduler.searcher)):
        if len(metrics) > 1 and component.objectives == "one":
            raise ConfigurationError(
                f"{kind}={component.name} uses one metric, and the problem has {len(metrics)}: {', '.join(metrics)}. "
                f"Name one metric, or use a {kind} that takes several, such as "
                f"{kind}={'fifo' if kind == 'scheduler' else 'random'}.",
                option=kind,
                value=component.name,
            )
