"""The observer. What knows TensorBoard's formats is imported when an experiment begins, since it takes a while."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from tunekit_core import (
    ConfigurationError,
    Decision,
    ExperimentView,
    Observer,
    Problem,
    Report,
    Status,
    Trial,
    TunekitWarning,
    option,
)

if TYPE_CHECKING:
    from tunekit_tensorboard.board import Board


@attrs.frozen(kw_only=True)
class TensorBoardOptions:
    """Where the event files go."""

    folder: str | None = option(
        None,
        help="Where the event files go, each experiment in a folder of its own there, named after its method and "
        "itself. ``null`` puts them into the folder ``tensorboard`` of the experiment.",
    )


class TensorBoard(Observer):
    """Writes event files that TensorBoard shows: a run for each trial, and one for the experiment.

    The points of a trial are at its resource, those of the experiment at the number of reports so far. Where
    TensorBoard shows times, they are of the backend's clock.

    An experiment that goes on adds to the files that are there; one that begins anew removes them. Where a file cannot
    be written there is one warning, and the experiment goes on.
    """

    name: ClassVar[str] = "tensorboard"
    Options: ClassVar[type[Any]] = TensorBoardOptions

    def __init__(self, problem: Problem, folder: Path | None, options: TensorBoardOptions) -> None:
        super().__init__(problem, folder, options)
        self._path: Path | None
        if options.folder is None:
            self._path = None if folder is None else folder / "tensorboard"
        elif folder is None:
            self._path = Path(options.folder)
        else:
            self._path = Path(options.folder) / folder.parent.name / folder.name
        self._board: Board
        self._has_warned = False

    def on_experiment_start(self, view: ExperimentView, metadata: Mapping[str, Any]) -> None:
        """Begin the files of this process.

        Raises:
            ConfigurationError: If the experiment is not recorded and the option ``folder`` is not given.
        """
        from tunekit_tensorboard.board import Board
        from tunekit_tensorboard.event_files import remove_event_files

        if self._path is None:
            raise ConfigurationError(
                "The observer 'tensorboard' does not know where to write, since this experiment is not recorded: add "
                "observers.tensorboard.folder=….",
                option="observers.tensorboard.folder",
            )
        if view.n_started == 0:
            with self._warning_once():
                remove_event_files(self._path)
        self._board = Board(self._path, self.problem.objective.metric[0], view.now)
        with self._warning_once():
            self._board.begin(view)

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        with self._warning_once():
            self._board.start(trial, view.now)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        with self._warning_once():
            self._board.report(view, trial, report)

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        if status.final:
            with self._warning_once():
                self._board.end(view, trial, status)

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
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
                    TunekitWarning,
                    stacklevel=3,
                )
