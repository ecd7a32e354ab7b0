"""How many trials have come to each rung, which the record of an experiment does not say by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit.config.specs.components import create
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Scalar, Status
from tunekit_core.engine.events import Recorded, Resumed, Started, Stopped, Workers
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams


class Rungs:
    """Tells a scheduler like that of an experiment what was recorded, and asks it for its columns.

    Its decisions do not count, and its searcher is random search, which takes no time: nothing is suggested here. Where
    no such scheduler can be built, since its plugin is not installed or is of another version, there are no columns.

    Args:
        metadata: The ``metadata.json`` of the experiment.
        problem: What is tuned.
    """

    def __init__(self, metadata: Mapping[str, Any], problem: Problem) -> None:
        self._metadata = metadata
        self._problem = problem
        self._scheduler: Scheduler | None = None

    def begin(self) -> None:
        """Nothing has happened yet."""
        config = self._metadata.get("config")
        self._scheduler = None
        if isinstance(config, Mapping) and isinstance(config.get("scheduler"), Mapping):
            try:
                searcher = RandomSearch(self._problem, Streams(0))
                self._scheduler = create("scheduler", config["scheduler"], self._problem, Streams(0), searcher)
            except Exception:  # a plugin of another version may raise anything, and an experiment can be watched anyway
                self._scheduler = None

    def note(self, event: Recorded, state: ExperimentState) -> None:
        """An event was applied to the state."""
        if self._scheduler is None:
            return
        try:
            _tell(self._scheduler, event, state)
        except Exception:  # as above
            self._scheduler = None

    def columns(self) -> tuple[tuple[str, Scalar], ...]:
        """What the scheduler tells about itself."""
        try:
            return () if self._scheduler is None else tuple(self._scheduler.columns().items())
        except Exception:  # as above
            return ()


def _tell(scheduler: Scheduler, event: Recorded, state: ExperimentState) -> None:
    if isinstance(event, Workers):
        scheduler.on_workers(event.n)
        return
    trial_id: int | None = getattr(event, "trial_id", None)
    if trial_id is None:
        return
    trial = state.trials[trial_id]
    if isinstance(event, Started):
        scheduler.on_start(trial)
    elif isinstance(event, Resumed):
        scheduler.on_resume(trial, event.note)
    elif isinstance(event, TrialReported):
        assert trial.last_report is not None
        scheduler.on_report(trial, trial.last_report)
    elif isinstance(event, TrialEnded | Stopped) and trial.status is Status.PAUSED:
        scheduler.on_pause(trial)
    elif isinstance(event, TrialEnded | Stopped) and trial.status.final:
        scheduler.on_end(trial, trial.status)
