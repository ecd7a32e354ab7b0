"""The observers. A library is imported where its observer is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tunekit_core import Problem
from tunekit_trackers.messages import Tracker
from tunekit_trackers.watching import TellsTracker, TrackerOptions


class MLflow(TellsTracker):
    """Tells MLflow of an experiment: parameters, tags, how it stands after each report, and the best configuration.

    It is one run there, under the experiment that the option ``project`` names, else ``MLFLOW_EXPERIMENT_NAME``.
    ``MLFLOW_TRACKING_URI`` says where that is; without it MLflow writes ``mlflow.db`` where the command was typed.
    """

    name: ClassVar[str] = "mlflow"
    library: ClassVar[str] = "mlflow"
    title: ClassVar[str] = "MLflow"

    def __init__(self, problem: Problem, folder: Path | None, options: TrackerOptions) -> None:
        super().__init__(problem, folder, options)
        from tunekit_trackers.to_mlflow import check_store

        self._uri = check_store()

    def tracker(self) -> Tracker:
        from tunekit_trackers.to_mlflow import MLflowTracker

        return MLflowTracker(self._uri, self.options.project)


class WeightsAndBiases(TellsTracker):
    """Tells Weights & Biases of an experiment: config, tags, how it stands after each report, the best configuration.

    It is one run there, in the project that the option ``project`` names, else ``WANDB_PROJECT``. What else
    ``WANDB_MODE``, ``WANDB_ENTITY`` and the others say holds too.
    """

    name: ClassVar[str] = "wandb"
    library: ClassVar[str] = "wandb"
    title: ClassVar[str] = "Weights & Biases"

    def __init__(self, problem: Problem, folder: Path | None, options: TrackerOptions) -> None:
        super().__init__(problem, folder, options)
        from tunekit_trackers.to_wandb import check_key

        check_key()

    def tracker(self) -> Tracker:
        from tunekit_trackers.to_wandb import WandbTracker

        return WandbTracker(self.options.project)


class Trackio(TellsTracker):
    """Tells trackio of an experiment: config, how it stands after each report, and the best configuration.

    It is one run there, in the project that the option ``project`` names. ``TRACKIO_DIR``, ``TRACKIO_SPACE_ID`` and
    ``TRACKIO_SERVER_URL`` say where that is; without them it is on this machine.
    """

    name: ClassVar[str] = "trackio"
    library: ClassVar[str] = "trackio"
    title: ClassVar[str] = "trackio"

    def tracker(self) -> Tracker:
        from tunekit_trackers.to_trackio import TrackioTracker

        return TrackioTracker(self.options.project)
