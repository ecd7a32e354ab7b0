"""The contract of an observer: it watches and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Decision, Report, Status, Trial
from tunekit_core.contracts.view import ExperimentView


class Observer:
    """Watches an experiment; every method does nothing unless overridden. An exception ends the experiment.

    Attributes:
        name: What a config calls it.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
    """

    name: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions

    def __init__(self, problem: Problem, folder: Path | None, options: Any = NO_OPTIONS) -> None:
        self.problem = problem
        self.folder = folder

    def on_experiment_start(self, view: ExperimentView, metadata: Mapping[str, Any]) -> None:
        """Before the next suggestion; an experiment that goes on has trials already, and some may run.

        Args:
            view: The experiment.
            metadata: What was given to the tuner about the run; on the command line ``config``, ``seed``,
                ``random_seed`` and ``tags`` among others. A copy.
        """

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        """A trial is about to start; :meth:`on_trial_end` follows at once if it cannot."""

    def on_trial_resume(self, view: ExperimentView, trial: Trial) -> None:
        """A paused trial is about to run again; :meth:`on_trial_end` follows at once if it cannot."""

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        """A trial reported and the scheduler decided. It is the latest report of the view."""

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        """A trial runs no longer: it paused, or ended for good. If it failed, it is the view's newest failure.

        The incumbent may have been its, and be another now.
        """

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
        """After the last event, an interruption or an error, before what still runs is ended.

        Called once, of each observer whose :meth:`on_experiment_start` came to its end. After an interruption or an
        error, which are handled while it is called, what it raises is left out.

        Args:
            view: The experiment.
            reason: Why it ended, for people: after an error, what went wrong.
        """
