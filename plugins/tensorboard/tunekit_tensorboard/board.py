"""What TensorBoard shows of an experiment: which run has which points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit_core import ExperimentView, Report, Status, Trial
from tunekit_tensorboard.event_files import EventFiles
from tunekit_tensorboard.messages import Event, ending, hyperparameters, scalars

EXPERIMENT = "experiment"
INTERNAL = "st_"  # what names of metrics begin with that tunekit itself adds


class Board:
    """A run for each trial, with points at its resource, and one for the experiment, at the number of reports so far.

    Every method may raise OSError or ValueError: a file cannot be written, or the format cannot hold a value.

    Args:
        folder: Where the folders of the runs are.
        metric: What the incumbent is chosen by.
        now: Seconds since the experiment began.
    """

    def __init__(self, folder: Path, metric: str, now: float) -> None:
        self._metric = metric
        self._files = EventFiles(folder, now, EXPERIMENT)

    def begin(self, view: ExperimentView) -> None:
        """Begin the file of the experiment."""
        self._files.write(EXPERIMENT, [], step=view.n_reports + 1, time=view.now)

    def start(self, trial: Trial, now: float) -> None:
        """A trial starts: its hyperparameters."""
        self._write(trial, [], step=0, time=now)

    def report(self, view: ExperimentView, trial: Trial, report: Report) -> None:
        """A trial reported: its metrics, and the counts and best value of the experiment now."""
        metrics = {name: value for name, value in report.metrics.items() if not name.startswith(INTERNAL)}
        point = scalars(metrics, report.resource, self._files.unix_time(report.time))
        self._write(trial, [point], step=report.resource, time=report.time)
        self._write_experiment(view, {**_counts(view), **self._best(view)})

    def end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        """A trial has ended for good."""
        reached = 0 if trial.last_report is None else trial.last_report.resource
        self._write(trial, [ending(status, self._files.unix_time(view.now))], step=reached + 1, time=view.now)
        if status is Status.FAILED:  # which may be all that ever happens
            self._write_experiment(view, {"trials/failed": view.n_failed})

    def finish(self, view: ExperimentView) -> None:
        """The experiment has ended; trials may have done so since the last report."""
        self._write_experiment(view, _counts(view))

    def _best(self, view: ExperimentView) -> Mapping[str, Any]:
        if view.incumbent is None:
            return {}
        best = view.incumbent.report
        return {f"best/{self._metric}": best.metrics[self._metric], "best/time": best.time}

    def _write_experiment(self, view: ExperimentView, values: Mapping[str, Any]) -> None:
        point = scalars(values, view.n_reports, self._files.unix_time(view.now))
        self._files.write(EXPERIMENT, [point], step=view.n_reports, time=view.now)

    def _write(self, trial: Trial, events: Sequence[Event], *, step: int, time: float) -> None:
        run = f"trial_{trial.id:04d}"
        if not self._files.has_begun(run):
            events = [hyperparameters(trial.configuration, self._files.unix_time(time)), *events]
        self._files.write(run, events, step=step, time=time)


def _counts(view: ExperimentView) -> Mapping[str, Any]:
    return {"trials/running": view.n_running, "trials/paused": view.n_paused, "trials/failed": view.n_failed}
