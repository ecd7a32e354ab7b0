"""A run that was planned on another machine is run as it was planned there, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import attrs

from tunekit.config.schema import COMPONENTS, SEVERAL
from tunekit.config.specs.components import REVISION, build_benchmark, find_recorded
from tunekit.config.specs.identity import revisions
from tunekit.config.specs.inputs import CONTENT, recorded, recorded_inputs
from tunekit.config.specs.moved import path_here
from tunekit.config.specs.run_spec import RunSpec
from tunekit.live.watching import Watch
from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.options import InputFile, InputFolder
from tunekit_core.contracts.problem import Problem
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.registry import registry
from tunekit_core.records.experiment import ExperimentRecord


@attrs.frozen
class AsPlanned:
    """How runs are run that were planned elsewhere: what their programs are here is not looked at.

    Attributes:
        observers: Names of observers that watch them here. They are no part of the runs, and have their defaults.
    """

    observers: tuple[str, ...] = ()

    def watches(self, spec: RunSpec, record: ExperimentRecord) -> list[Watch]:
        """What makes the observers of a run; not those that watch it anyway."""
        others = (_observer(name) for name in self.observers)
        return [
            partial(_watch, component, record.folder) for component in others if component.name not in spec.observers
        ]

    def check(self, spec: RunSpec) -> None:
        """See that what a run is made of is what it was planned with.

        Raises:
            TunekitError: If an observer does not exist or has to be given options, components are of other revisions,
                or inputs or data have another content.
        """
        for name in self.observers:
            _observer(name).read_options({})
        before = revisions(spec.results)
        for path, component in _components(spec):
            if component.factory.revision != before[path]:
                raise _other(f"{path} is of revision {before[path]} there and {component.factory.revision} here")
        for path, content in recorded_inputs([spec.results, spec.observers]):
            here = path_here(path)
            kind = InputFolder if os.path.isdir(here) else InputFile
            if recorded(kind(here))[CONTENT] != content:
                raise _other(f"{here} has another content than {path} there")
        if build_benchmark(spec.results["benchmark"]).data_hash != spec.results["data_hash"]:
            raise _other(f"benchmark={spec.benchmark} has other data here")


def _observer(name: str) -> Component:
    return registry().find("observer", name)


def _watch(component: Component, folder: Path, problem: Problem, backend: Backend) -> Observer:
    return cast("Observer", component.create(problem, folder, options={}))


def _components(spec: RunSpec) -> Iterator[tuple[str, Component]]:
    """Those that have a revision, by what their options begin with on the command line."""
    for kind in COMPONENTS:
        yield from _found(kind, kind, spec.results[kind])
    for key, kind in SEVERAL.items():
        for name, options in spec.results.get(key, {}).items():
            yield from _found(f"{key}.{name}", kind, {**options, "name": name})


def _found(path: str, kind: str, options: dict[str, object]) -> Iterator[tuple[str, Component]]:
    component = find_recorded(kind, options)
    if component is not None and REVISION in options:
        yield path, component


def _other(difference: str) -> ConfigurationError:
    return ConfigurationError(
        f"A run cannot be run here as it was planned elsewhere: {difference}. Install the versions and copy the files "
        "with which it was planned."
    )
