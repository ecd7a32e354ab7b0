"""Errors of components, with the name of the component: its kind, distribution and version, the method, the trial."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeAlias

from tunekit_core.contracts.backends import Backend, StartFailed
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Trial
from tunekit_core.errors import ComponentError, TunekitError, text_of
from tunekit_core.plugins.registry import registry

KINDS: Mapping[type[Any], str] = {
    Searcher: "searcher",
    Scheduler: "scheduler",
    Backend: "backend",
    Benchmark: "benchmark",
    StoppingCriterion: "stopping criterion",
    ResultComposer: "composer",
    Observer: "observer",
}
AnyComponent: TypeAlias = Searcher | Scheduler | Backend | Benchmark | StoppingCriterion | ResultComposer | Observer


def _methods_of(contract: type[Any]) -> tuple[str, ...]:
    names = [name for name, method in vars(contract).items() if inspect.isfunction(method)]
    return tuple(name for name in names if not name.startswith("_") or name == "__call__")


METHODS: Mapping[type[Any], tuple[str, ...]] = {contract: _methods_of(contract) for contract in KINDS}
"""The methods of each contract, by name."""


def broken_rule(component: AnyComponent, method: str, trial_id: int | None, problem: str) -> ComponentError:
    """The error of a component that broke a rule of its contract.

    Args:
        component: Which.
        method: The method in which it did.
        trial_id: The trial that it was about, if it was about one.
        problem: What is wrong, as the end of a sentence that begins with the component.
    """
    about = "" if trial_id is None else f", trial {trial_id}"
    return _error(component, method, trial_id, f"{problem} ({method}{about})")


class NamesErrors:
    """Raise what a component raises in the block as the error of that component.

    Args:
        components: All that may.
    """

    def __init__(self, components: Iterable[AnyComponent]) -> None:
        self._components = tuple(components)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # SystemExit too: a plugin that calls sys.exit() has raised.
        if error is None or isinstance(error, ComponentError | KeyboardInterrupt | GeneratorExit):
            return
        culprit = _culprit(trace, self._components)
        is_on_purpose = isinstance(error, TunekitError) and not isinstance(error, StartFailed)
        if culprit is None or (is_on_purpose and _is_raised_by(culprit[0], trace)):
            return  # it says itself what is wrong
        component, method, trial_id = culprit
        about = "" if trial_id is None else f" for trial {trial_id}"
        what = (
            f"raised {type(error).__name__} in {method}{about}: {text_of(error).rstrip('.')}. Add --debug to see where"
        )
        raise _error(component, method, trial_id, what) from error


def described(component: AnyComponent) -> str:
    """A component for people: its kind, name, distribution and version."""
    return f"{_kind_of(component)} '{_name_of(component)}' ({_origin_of(component)})"


def _error(component: AnyComponent, method: str, trial_id: int | None, what: str) -> ComponentError:
    return ComponentError(
        f"The {described(component)} {what}.",
        kind=_kind_of(component),
        name=_name_of(component),
        origin=_origin_of(component),
        method=method,
        trial_id=trial_id,
    )


def _culprit(
    trace: TracebackType | None, components: Sequence[AnyComponent]
) -> tuple[AnyComponent, str, int | None] | None:
    """The innermost component on the way to an error, the method in which it was entered, and the trial."""
    by_id = {id(component): component for component in components}
    methods = _methods(components)
    frames = [frame for frame, _ in traceback.walk_tb(trace)]
    found: tuple[AnyComponent, str, int | None] | None = None
    for frame in frames:
        component = by_id.get(id(_owner(frame)))
        if component is not None and (found is None or found[0] is not component):
            _, name = methods.get(frame.f_code, (None, frame.f_code.co_name))
            found = component, name, _trial_of(frame)
    if found is not None:
        return found
    by_code = [frame for frame in frames if frame.f_code in methods]
    return (*methods[by_code[-1].f_code], _trial_of(by_code[-1])) if by_code else None


def _methods(components: Sequence[AnyComponent]) -> Mapping[CodeType, tuple[AnyComponent, str]]:
    """Of each function that is a method of a component: whose, and what the contract calls it.

    A static method and a lambda are known by that alone.
    """
    found: dict[CodeType, tuple[AnyComponent, str]] = {}
    for component in components:
        for name in METHODS[contract_of(component)]:
            for code in _codes_of(getattr(component, name, None), component):
                found.setdefault(code, (component, name))
    return found


def _codes_of(method: Any, component: AnyComponent) -> Iterator[CodeType]:
    """The code of a method, and of what it wraps."""
    while method is not None:
        if isinstance(method, partial):
            checks = len(method.args) > 1 and method.args[0] is component  # what stands before a method
            method = method.args[1] if checks else method.func
            continue
        code = getattr(method, "__code__", None)
        if isinstance(code, CodeType):
            yield code
        method = getattr(method, "__wrapped__", None)


def _is_raised_by(component: AnyComponent, trace: TracebackType | None) -> bool:
    """Whether a component raised an error itself, or code of its own package did, rather than what that called."""
    if trace is None:
        return False
    frame, package = _innermost(trace).tb_frame, _package(type(component).__module__)
    is_own_code = _package(frame.f_globals.get("__name__", "")) == package != _package(__name__)
    return is_own_code or _owner(frame) is component


def _package(module: str) -> str:
    return module.partition(".")[0]


def _innermost(trace: TracebackType) -> TracebackType:
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _owner(frame: FrameType) -> Any:
    """The first argument of a function: the object whose method it is, if it is one."""
    code = frame.f_code
    if code.co_argcount:
        return frame.f_locals.get(code.co_varnames[0])
    if code.co_flags & inspect.CO_VARARGS:
        return next(iter(frame.f_locals.get(code.co_varnames[code.co_kwonlyargcount], ())), None)
    return None


def _trial_of(frame: FrameType) -> int | None:
    """The trial that a method was called for, from its arguments."""
    code = frame.f_code
    for name in code.co_varnames[1 : code.co_argcount]:
        argument = frame.f_locals.get(name)
        if isinstance(argument, Trial):
            return argument.id
        if name == "trial_id" and isinstance(argument, int):
            return argument
    return None


def _name_of(component: AnyComponent) -> str:
    return getattr(component, "name", type(component).__name__)  # made in Python, it may lack one


def contract_of(component: AnyComponent) -> type[Any]:
    """The class of ``tunekit_core`` whose contract a component keeps."""
    return next(contract for contract in KINDS if isinstance(component, contract))


def _kind_of(component: AnyComponent) -> str:
    return KINDS[contract_of(component)]


def _origin_of(component: AnyComponent) -> str:
    plugin = registry().origin_of(type(component))
    return f"module {type(component).__module__}" if plugin is None else f"{plugin.distribution} {plugin.version}"
