"""A program that is edited while an experiment runs: from then on it is another run."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from tunekit.config.specs.components import build_benchmark, split_options
from tunekit.config.specs.program import program_of
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import print_stderr
from tunekit.live.watching import Watch
from tunekit.sources import Sources
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Trial
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.plugins.registry import registry
from tunekit_core.records.experiment import ExperimentRecord


def with_present_sources(spec: RunSpec) -> RunSpec:
    """The run with what is in the files of its program now.

    Raises:
        ConfigurationError: If they are not there any more.
    """
    program = None if spec.sources is None else _program(spec)
    if program is None or program.digests == spec.sources:
        return spec
    return spec.edited(sources=program.digests)


def watch_for_edits(spec: RunSpec, record: ExperimentRecord, on_edit: Callable[[RunSpec], None]) -> list[Watch]:
    """What makes the observer that notices edits, and has the record say that it is of another run from then on.

    Args:
        spec: The run.
        record: Where it is written.
        on_edit: Called with what the run is from then on.

    Returns:
        Nothing where trials run no program.
    """
    program = None if spec.sources is None else _program(spec)
    if program is None:
        return []

    def note(edited: RunSpec) -> None:
        record.amend(edited.metadata())
        on_edit(edited)

    return [lambda problem, backend: EditWatch(problem, spec, program, note)]


class EditWatch(Observer):
    """Looks before each run of a trial whether the files of the program are what they were.

    Args:
        problem: What is solved.
        spec: The run.
        sources: The files of its program.
        on_edit: Called with what the run is from now on.
    """

    name: ClassVar[str] = "edit_watch"

    def __init__(self, problem: Problem, spec: RunSpec, sources: Sources, on_edit: Callable[[RunSpec], None]) -> None:
        super().__init__(problem, None)
        self._spec = spec
        self._on_edit = on_edit
        self._sources = sources
        self._is_told = False

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        self._look(trial)

    def on_trial_resume(self, view: ExperimentView, trial: Trial) -> None:
        self._look(trial)

    def _look(self, trial: Trial) -> None:
        names = self._sources.changed()
        if not names:
            return
        before, now = self._sources.digests, _program(self._spec)
        assert now is not None
        self._sources = now
        self._spec = self._spec.edited(before, sources=now.digests)
        self._on_edit(self._spec)
        if not self._is_told:
            self._is_told = True
            print_stderr(
                f"Edited while the experiment runs, and used from trial {trial.id} on: {', '.join(names)}. The results "
                "will be those of more than one version, in a folder of their own."
            )


def _program(spec: RunSpec) -> Sources | None:
    name, _ = split_options(spec.results["backend"])
    backend = registry().find("backend", name).factory
    return program_of(build_benchmark(spec.results["benchmark"]), backend, spec.tag_folder.parent)
