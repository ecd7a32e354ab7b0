"""The tuning problem ``function``: a Python function of the process that tunes."""

from __future__ import annotations

import inspect
import os
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from tunekit.results.going_on import FUNCTION_BENCHMARK
from tunekit_core.contracts.benchmarks import Benchmark, Script
from tunekit_core.contracts.objective import Objective
from tunekit_core.errors import ConfigurationError
from tunekit_core.portable.script_command import literal_word
from tunekit_core.space import SearchSpace

RUNNER = str(Path(__file__).with_name("trial.py"))
NOT_IN_FOLDER_NAMES = re.compile(r"[^A-Za-z0-9_.+-]")


class FunctionBenchmark(Benchmark):
    """A Python function, which each trial calls in a process of its own.

    No config can name it, since only the process that has the function can run it.

    Args:
        function: Called with the entries of the space as keyword arguments.
        space: By name a domain or its text, a list of which one is taken, or a constant. The order does not matter.
        metric: What is optimised, as the function reports it.
        mode: Whether the metric is to be small, ``"min"``, or large, ``"max"``.
        resource: What the function reports beside it; unless given, reports are counted.
        max_resource: The last resource of a trial.

    Attributes:
        options: What is known of the problem without the function, in values that survive JSON.
        file: Where trials find the function; to be set before one is started.
        pickled: The copy of it that they get.

    Raises:
        ConfigurationError: If the function makes a generator or a coroutine, does not take the entries of the space or
            cannot be sent to another process, an entry is no domain, or cloudpickle is not installed.
    """

    name: ClassVar[str] = FUNCTION_BENCHMARK
    max_wallclock_time = 3600.0

    def __init__(
        self,
        function: Callable[..., Any],
        space: Mapping[str, Any],
        *,
        metric: str,
        mode: str,
        resource: str | None,
        max_resource: int | None,
    ) -> None:
        name = getattr(function, "__name__", type(function).__name__)
        _check_kind(function, name, space)
        self.space = _space(space)
        if not isinstance(metric, str):
            raise ConfigurationError(
                f"metric={metric!r} is no name: give text, such as metric='loss'.", option="metric", value=metric
            )
        self.objective = Objective(metric, mode, resource=resource)
        self.max_resource = max_resource
        self.dataset = NOT_IN_FOLDER_NAMES.sub("_", name).strip("_") or "function"
        self.file = Path()
        _check_arguments(function, name, self.space)
        self._places, self.pickled = _pickled(function, name)
        self._metric = metric
        self.options: Mapping[str, Any] = {
            "function": name,
            "space": self.space.to_text(),
            "metric": metric,
            "mode": mode,
            "resource": resource,
            "max_resource": max_resource,
        }

    def write(self) -> None:
        """Write the function where trials find it, in place of what a process before may have left there.

        Loading it runs code: nobody else can write to the file, or read what the function brings along.
        """
        temporary = self.file.with_name(self.file.name + ".part")
        temporary.unlink(missing_ok=True)
        with open(temporary, "xb", opener=_for_its_owner_alone) as file:
            file.write(self._places + self.pickled)
        os.replace(temporary, self.file)

    def script(self) -> Script:
        """The same Python, in the same folder; by path, since with ``-m`` it would import from that folder first."""
        words = (sys.executable, RUNNER, str(self.file), self._metric)
        # What is in the function is known otherwise.
        return Script((*map(literal_word, words), "{none}"), sources=(), is_portable=False)


def _for_its_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _space(entries: Mapping[str, Any]) -> SearchSpace:
    """The space in alphabetical order: equal runs must be equal, however they were typed."""
    is_mapping = isinstance(entries, Mapping)  # else it is refused
    space = SearchSpace.parse({name: entries[name] for name in sorted(entries, key=str)} if is_mapping else entries)
    if not space.names:
        raise ConfigurationError(
            f"space={dict(entries)!r} has nothing to search. Give for example "
            "{'lr': 'loguniform(1e-4, 1e-1)', 'units': [16, 32, 64]}.",
            option="space",
            value=entries,
        )
    return space


def _check_kind(function: Callable[..., Any], name: str, arguments: Iterable[str]) -> None:
    """See that calling the function runs it."""
    kinds = (function, getattr(type(function), "__call__", None))  # noqa: B004  what an object with __call__ runs
    if any(map(inspect.isgeneratorfunction, kinds)) or any(map(inspect.isasyncgenfunction, kinds)):
        raise ConfigurationError(
            f"{name} yields: calling it makes a generator, and runs nothing. Make a Reporter in it and call that where "
            "it yields, or return the metric.",
            option="function",
            value=function,
        )
    if any(map(inspect.iscoroutinefunction, kinds)):
        taken = ", ".join(arguments)
        passed = ", ".join(f"{argument}={argument}" for argument in arguments)
        raise ConfigurationError(
            f"{name} is defined by async def: calling it makes a coroutine, and runs nothing. Give a function that "
            f"runs it: lambda {taken}: asyncio.run({name}({passed}))",
            option="function",
            value=function,
        )


def _check_arguments(function: Callable[..., Any], name: str, arguments: Iterable[str]) -> None:
    try:
        inspect.signature(function).bind(**dict.fromkeys(arguments))
    except ValueError:  # some that are written in C do not say what they take
        return
    except TypeError as error:
        raise ConfigurationError(
            f"{name} must take every entry of the space as a keyword argument, and nothing else without a default: "
            f"{name}({', '.join(arguments)}). It does not: {error}.",
            option="function",
            value=function,
        ) from error


def _pickled(function: Callable[..., Any], name: str) -> tuple[bytes, bytes]:
    """Where modules are looked for, and the function."""
    try:
        import cloudpickle  # functions of a notebook, and of what Python runs as a script, can be imported by nobody
    except ImportError as error:
        raise ConfigurationError(
            "tune() needs cloudpickle, to send a function to the processes of its trials. Type: pip install "
            "cloudpickle",
            option="function",
        ) from error
    try:
        path = [os.path.abspath(folder) for folder in sys.path]
        return pickle.dumps(path), bytes(cloudpickle.dumps(function))
    except Exception as error:  # whatever the objects raise that the function holds
        raise ConfigurationError(
            f"{name} cannot be sent to the processes of its trials: {type(error).__name__}: {error}. Make in the "
            "function itself what cannot be copied, such as an open file, a lock or a connection.",
            option="function",
            value=function,
        ) from error
