"""What the observers have in common: what happens becomes messages, and another thread delivers them."""

from __future__ import annotations

import abc
import math
import sys
import time
import warnings
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import attrs

from tunekit_core import (
    ConfigurationError,
    Decision,
    ExperimentView,
    InvalidOption,
    Observer,
    Problem,
    Report,
    Status,
    Trial,
    TunekitWarning,
    option,
)
from tunekit_trackers.contents import best_of, config_of, counts_of, numbers_in, numbers_of, tags_of
from tunekit_trackers.delivery import Delivery
from tunekit_trackers.messages import Ending, Facts, Opening, Outcome, Point, Run, Tracker
from tunekit_trackers.run_keys import kept_key, new_key

BETWEEN_POINTS = 0.05  # seconds at least; a simulation reports 30,000 times a second, and nobody can look at that


@attrs.frozen(kw_only=True)
class TrackerOptions:
    """What a tracker is told, and where it keeps that."""

    project: str | None = option(
        None,
        help="Where the tracker files the run: its project, which MLflow calls an experiment. ``null`` leaves it to "
        "the tracker's own environment variable, and without that to ``tunekit``.",
    )
    trials: bool = option(
        False, help="Whether every trial is a run of the tracker too, with its configuration and its learning curve."
    )
    wait: float = option(
        30.0, help="How many seconds to wait at the end for a tracker that has not taken everything yet."
    )


class TellsTracker(Observer, abc.ABC):
    """Tells a tracker of an experiment, which is one run there, and of its trials if asked to.

    The loop calls nothing of the tracker: a thread does. Where the tracker is away, slow or raises errors there is a
    warning, the experiment goes on, and at the end there is another that counts what is missing.

    Attributes:
        library: What is imported.
        title: What people call the tracker.
    """

    Options: ClassVar[type[Any]] = TrackerOptions
    library: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, problem: Problem, folder: Path | None, options: TrackerOptions) -> None:
        super().__init__(problem, folder, options)
        if not options.wait >= 0:
            raise InvalidOption("wait", options.wait, "must be a number of seconds, at least 0")
        if not _is_installed(self.library):
            raise ConfigurationError(
                f"The observer '{self.name}' needs {self.library}, which is not installed. Type: "
                f"pip install 'tunekit-trackers[{self.name}]'",
                option=f"observers.{self.name}",
            )
        self.options = options
        self._has_warned = False
        self._handled_before: BaseException | None = None
        self._delivery: Delivery
        self._run: Run
        self._counts: Mapping[str, float] = {}
        self._best: Report | None = None
        self._next_point = -math.inf
        self._metric = problem.objective.metric[0]

    @abc.abstractmethod
    def tracker(self) -> Tracker:
        """What the thread is to make use of."""

    def on_experiment_start(self, view: ExperimentView, metadata: Mapping[str, Any]) -> None:
        self._handled_before = sys.exc_info()[1]  # where the whole experiment is a program's answer to an error
        self._delivery = Delivery(self.tracker(), self.name)
        self._counts = counts_of(view)
        self._run = self._described(view, metadata)
        self._delivery.tell(Opening(self._run), is_needed=True)
        self._delivery.tell(Facts(self._run, {"status": "running"}), is_needed=True)

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        self._counts = counts_of(view)
        if self.options.trials:
            self._delivery.tell(Opening(self._run_of(trial)))
        self._warn_of_trouble()

    def on_trial_resume(self, view: ExperimentView, trial: Trial) -> None:
        self.on_trial_start(view, trial)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        if self.options.trials:
            numbers = partial(numbers_in, report.metrics)
            self._delivery.tell(Point(self._run_of(trial), report.resource, time.time(), numbers))
        self._tell_standing(view, report.time, report)
        self._warn_of_trouble()

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        failure = view.newest_failure if status is Status.FAILED else None
        if failure is not None:
            about = {"trial": failure.trial_id, "reason": failure.reason}
            self._delivery.tell(Facts(self._run, {"newest_failure": about}))
        self._counts = counts_of(view)
        if status.final:
            self._tell_standing(view, view.now, None)
        if self.options.trials:
            run = self._run_of(trial)
            if failure is not None:
                self._delivery.tell(Facts(run, {"reason": failure.reason}))
            self._delivery.tell(Ending(run, Outcome.FINISHED if failure is None else Outcome.FAILED))

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
        error = sys.exc_info()[1]  # what ended it is handled while this is called
        if error is self._handled_before:
            outcome = Outcome.FAILED if view.incumbent is None else Outcome.FINISHED
        else:
            outcome = Outcome.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Outcome.FAILED
        if self.options.trials:
            for trial in view.running:
                self._delivery.tell(Ending(self._run_of(trial), Outcome.INTERRUPTED), is_needed=True)
        best = {} if view.incumbent is None else {"best": best_of(view.incumbent)}
        facts = {"status": outcome.value, "reason": reason, **best}
        self._next_point = -math.inf
        self._tell_standing(view, view.now, None)
        self._delivery.tell(Facts(self._run, facts), is_needed=True)
        self._delivery.tell(Ending(self._run, outcome), is_needed=True)
        self._say_what_is_missing(*self._delivery.close(self.options.wait))

    def _described(self, view: ExperimentView, metadata: Mapping[str, Any]) -> Run:
        begins = view.n_started == 0
        try:
            key = new_key() if self.folder is None else kept_key(self.folder, self.name, begins=begins)
        except OSError as error:
            key = new_key()
            self._warn(
                f"{self.title} is told of this experiment, but if it goes on some day it will be another run there, "
                f"since its key cannot be kept: {error}."
            )
        method = metadata.get("method", "tunekit")
        name = f"{method} {key[:8]}" if self.folder is None else f"{method} {self.folder.name}"
        return Run(
            key=key,
            name=name,
            group=str(metadata.get("experiment_tag", "tunekit")),
            step="reports",
            config=config_of(metadata, self.folder),
            tags=tags_of(metadata),
        )

    def _run_of(self, trial: Trial) -> Run:
        return Run(
            key=f"{self._run.key}-{trial.id}",
            name=f"trial_{trial.id:04d}",
            group=self._run.name,
            step=self.problem.objective.resource or "report",
            config=trial.configuration,
            tags={"trial": str(trial.id)},
            parent=self._run,
        )

    def _tell_standing(self, view: ExperimentView, now: float, report: Report | None) -> None:
        """Tell how the experiment stands, if it is better than ever or was not told for a moment."""
        incumbent = view.incumbent
        is_better = incumbent is not None and incumbent.report is not self._best
        if not is_better and time.monotonic() < self._next_point:
            return
        self._next_point = time.monotonic() + BETWEEN_POINTS
        numbers = partial(numbers_of, now, self._counts, incumbent, self._metric, report)
        self._delivery.tell(Point(self._run, view.n_reports, time.time(), numbers))
        if incumbent is not None and is_better:
            self._best = incumbent.report
            self._delivery.tell(Facts(self._run, {"best": best_of(incumbent)}))

    def _warn_of_trouble(self) -> None:
        if self._delivery.trouble and not self._has_warned:
            self._has_warned = True
            self._warn(
                f"{self.title} is not told all of this experiment, which goes on: {self._delivery.trouble}. "
                "How much is missing is said at the end."
            )

    def _say_what_is_missing(self, n_missing: int, n_told: int) -> None:
        if n_missing:
            trouble = self._delivery.trouble or f"it had not taken it {self.options.wait:g} s after the end"
            self._warn(
                f"{self.title} was not told {n_missing:,} of {n_told:,} messages about this experiment: {trouble}. The "
                f"results of the experiment have it all. To wait longer use observers.{self.name}.wait=SECONDS."
            )

    def _warn(self, text: str) -> None:
        warnings.warn(text, TunekitWarning, stacklevel=4)


def _is_installed(library: str) -> bool:
    found = find_spec(library)  # also of a folder of that name, such as that in which wandb keeps its files
    return found is not None and found.origin is not None
