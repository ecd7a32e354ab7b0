"""Errors of components, with the name of the component: its kind, distribution and version, the method, the trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import FrameType, TracebackType
from typing import Any, TypeAlias

from tunekit_core.contracts.backends import Backend
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
        self._components = {id(component): component for component in components}

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # SystemExit too: a plugin that calls sys.exit() has raised.
        if error is None or isinstance(error, ComponentError | KeyboardInterrupt | GeneratorExit):
            return
        culprit = _uncallable(error, trace, self._components) or _culprit(trace, self._components)
        if culprit is None or (isinstance(error, TunekitError) and _is_raised_by(culprit[0], trace)):
            return  # on purpose: it says itself what is wrong
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
    trace: TracebackType | None, components: Mapping[int, AnyComponent]
) -> tuple[AnyComponent, str, int | None] | None:
    """The innermost component on the way to an error, the method in which it was entered, and the trial."""
    found: tuple[AnyComponent, str, int | None] | None = None
    while trace is not None:
        frame = trace.tb_frame
        component = components.get(id(_owner(frame)))
        if component is not None and (found is None or found[0] is not component):
            found = component, frame.f_code.co_name, _trial_of(frame)
        trace = trace.tb_next
    return found


def _uncallable(
    error: BaseException, trace: TracebackType | None, components: Mapping[int, AnyComponent]
) -> tuple[AnyComponent, str, int | None] | None:
    """The component, method and trial of a call whose arguments the method does not take: no frame of it is there."""
    if not isinstance(error, TypeError) or trace is None:
        return None
    frame = _innermost(trace).tb_frame
    name, _, method = str(error).partition("()")[0].rpartition(".")
    for component in components.values():
        has_it = any(each.__qualname__ == name and method in vars(each) for each in type(component).__mro__)
        if has_it and _owner(frame) is not component:
            return component, method, _trial_of(frame)
    return None


def _is_raised_by(component: AnyComponent, trace: TracebackType | None) -> bool:
    """Whether a method of a component raised an error itself, rather than something that it called."""
    return trace is not None and _owner(_innermost(trace).tb_frame) is component


def _innermost(trace: TracebackType) -> TracebackType:
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _owner(frame: FrameType) -> Any:
    """The first argument of a function: the object whose method it is, if it is one."""
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    return frame.f_locals.get(names[0]) if names else None


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


def _kind_of(component: AnyComponent) -> str:
    return next(name for kind, name in KINDS.items() if isinstance(component, kind))


def _origin_of(component: AnyComponent) -> str:
    plugin = registry().origin_of(type(component))
    return f"module {type(component).__module__}" if plugin is None else f"{plugin.distribution} {plugin.version}"
