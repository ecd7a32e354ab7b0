"""A program that is edited while an experiment runs: from then on it is another run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

import attrs

from tunekit.config.specs.components import build_benchmark, split_options
from tunekit.config.specs.program import different, program_of
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import print_stderr
from tunekit.live.watching import Watch
from tunekit.runs.present_run import PresentRun
from tunekit.sources import Sources
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Decision, Report, Status, Trial
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.registry import registry
from tunekit_core.records.experiment import ExperimentRecord

GONE = "cannot be read"  # instead of what is in a file: it may be back a moment later, as when a branch is checked out


@attrs.frozen
class Program:
    """What trials run, as it was when it was read.

    Attributes:
        sources: What identifies it, as in :attr:`~tunekit.config.specs.run_spec.RunSpec.sources`.
        files: Those that each trial reads anew.
        parts: As in :attr:`~tunekit.config.specs.run_spec.RunSpec.parts`.
    """

    sources: Mapping[str, str]
    files: Sources
    parts: Mapping[str, str] | None = None


def program_of_run(spec: RunSpec) -> Program | None:
    """What the trials of a run start now; ``None`` where they run no program.

    Raises:
        ConfigurationError: If the sources that it names are not there any more.
    """
    if spec.sources is None:
        return None
    name, _ = split_options(spec.results["backend"])
    backend = registry().find("backend", name).factory
    files = program_of(build_benchmark(spec.results["benchmark"]), backend, spec.tag_folder.parent)
    return None if files is None else Program(files.digests, files)


def with_present_sources(spec: RunSpec) -> RunSpec:
    """The run with what is in the files of its program now.

    Raises:
        ConfigurationError: If they are not there any more.
    """
    program = program_of_run(spec)
    if program is None or program.sources == spec.sources:
        return spec
    return spec.edited(sources=program.sources)


def watch_for_edits(
    present: PresentRun, record: ExperimentRecord, read: Callable[[], Program | None] | None = None
) -> list[Watch]:
    """What makes the observer that notices edits, and has the run become another one from then on.

    Args:
        present: The run.
        record: Where it is written.
        read: Reads what trials run, where that is an object of the caller.

    Returns:
        Nothing where trials run no program.
    """
    read_now = read or partial(program_of_run, present.planned)
    program = read_now()
    if program is None:
        return []
    return [lambda problem, backend: EditWatch(problem, present, record, program, read_now)]


class EditWatch(Observer):
    """Looks whether the program is what it was, before each run of a trial and when that is first heard of.

    In between the trial imports it, and nobody knows when. What is edited later is used by the next one.

    Args:
        problem: What is solved.
        present: The run.
        record: Where it is written.
        program: What trials run.
        read: Reads that anew.
    """

    name: ClassVar[str] = "edit_watch"

    def __init__(
        self,
        problem: Problem,
        present: PresentRun,
        record: ExperimentRecord,
        program: Program,
        read: Callable[[], Program | None],
    ) -> None:
        super().__init__(problem, None)
        self._present = present
        self._record = record
        self._program = program
        self._read = read
        self._heard: dict[int, int] = {}  # by id of the trial, the run of it that was heard of last
        self._is_told = False

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        self._look(trial)

    def on_trial_resume(self, view: ExperimentView, trial: Trial) -> None:
        self._look(trial)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        if self._heard.get(trial.id) != report.run:  # one that began again, too
            self._heard[trial.id] = report.run
            self._look(trial, has_begun=True)

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        if self._heard.pop(trial.id, None) != trial.run:
            self._look(trial, has_begun=True)

    def _look(self, trial: Trial, *, has_begun: bool = False) -> None:
        names = self._program.files.changed()
        if names:
            self._program = self._now(names)
        before = self._present.spec.sources
        assert before is not None
        if self._program.sources == before:
            return
        names = names or different(before, self._program.sources)
        edited = self._present.spec.edited(before, sources=self._program.sources, parts=self._program.parts)
        self._present.become(edited, self._record)
        if not self._is_told:
            self._is_told = True
            since = f"perhaps used by trial {trial.id} already" if has_begun else f"used from trial {trial.id} on"
            print_stderr(
                f"Edited while the experiment runs, and {since}: {', '.join(names)}. The results will be those of more "
                "than one version, in a folder of their own."
            )

    def _now(self, changed: list[str]) -> Program:
        try:
            return self._read() or self._program
        except ConfigurationError:
            return attrs.evolve(self._program, sources={**self._program.sources, **dict.fromkeys(changed, GONE)})
