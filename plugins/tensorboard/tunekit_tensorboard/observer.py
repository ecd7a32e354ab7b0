"""The observer. What knows TensorBoard's formats is imported when an experiment begins, since it takes a while."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Decision, Report, Status, Trial
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.errors import ConfigurationError

if TYPE_CHECKING:
    from tunekit_tensorboard.board import Board


class TensorBoard(Observer):
    """Writes event files that TensorBoard shows: a run for each trial, and one for the experiment.

    The points of a trial are at its resource, those of the experiment at the number of reports so far. Where
    TensorBoard shows times, they are of the backend's clock.

    An experiment that goes on adds to the files that are there; one that begins anew removes them. Where a file cannot
    be written there is one warning, and the experiment goes on.

    Args:
        problem: What is solved.
        experiment_folder: Where the experiment is recorded, if it is.
        folder: Where the event files go, each experiment in a folder of its own there, named after its method and
            itself; null puts them into the folder ``tensorboard`` of the experiment.
    """

    name: ClassVar[str] = "tensorboard"

    def __init__(self, problem: Problem, experiment_folder: Path | None, *, folder: str | None = None) -> None:
        super().__init__(problem, experiment_folder)
        self._path: Path | None
        if folder is None:
            self._path = None if experiment_folder is None else experiment_folder / "tensorboard"
        elif experiment_folder is None:
            self._path = Path(folder)
        else:
            self._path = Path(folder) / experiment_folder.parent.name / experiment_folder.name
        self._board: Board
        self._has_warned = False

    def on_experiment_start(self, view: ExperimentView) -> None:
        """Begin the files of this process.

        Raises:
            ConfigurationError: If the experiment is not recorded and no folder was given.
        """
        from tunekit_tensorboard.board import Board
        from tunekit_tensorboard.event_files import remove_event_files

        if self._path is None:
            raise ConfigurationError(
                "The observer 'tensorboard' does not know where to write, since this experiment is not recorded: give "
                "it a folder=….",
                option="observers.tensorboard.folder",
            )
        if view.n_started == 0:
            with self._warning_once():
                remove_event_files(self._path)
        self._board = Board(self._path, self.problem.objective.metric[0], view.now)
        with self._warning_once():
            self._board.begin(view)

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        """Write the hyperparameters."""
        with self._warning_once():
            self._board.start(trial, view.now)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        """Write what was reported, and where the experiment stands."""
        with self._warning_once():
            self._board.report(view, trial, report)

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        """Write how it ended, unless it paused."""
        if status.final:
            with self._warning_once():
                self._board.end(view, trial, status)

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
        """Write how many trials run, are paused and have failed."""
        with self._warning_once():
            self._board.finish(view)

    @contextmanager
    def _warning_once(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError: a name that is no Unicode, a step beyond 64 bits
            if not self._has_warned:
                self._has_warned = True
                warnings.warn(
                    f"TensorBoard will not show all of this experiment, which goes on: {error}. Free some space, or "
                    f"make {self._path} writable, and what comes after that is shown. To have the files elsewhere, "
                    "use observers.tensorboard.folder=FOLDER.",
                    RuntimeWarning,
                    stacklevel=3,
                )
