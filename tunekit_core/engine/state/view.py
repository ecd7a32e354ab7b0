"""What criteria, composers and observers see of a state: they can change none of it."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, NoReturn

from tunekit_core.contracts.searchers import RegretBound
from tunekit_core.contracts.trials import Scalar
from tunekit_core.engine.state.experiment_state import ExperimentState


def _reads(name: str) -> Any:
    return property(attrgetter(f"_state.{name}"))


class View:
    """An :class:`~tunekit_core.ExperimentView`; what each attribute is stands there.

    Args:
        state: What is seen.
    """

    __slots__ = ("_state",)

    def __init__(self, state: ExperimentState) -> None:
        object.__setattr__(self, "_state", state)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"view.{name} cannot be set: whoever watches an experiment changes nothing.")

    now = _reads("now")
    n_workers = _reads("n_workers")
    n_running = _reads("n_running")
    n_waiting = _reads("n_waiting")
    n_started = _reads("n_started")
    n_completed = _reads("n_completed")
    n_stopped = _reads("n_stopped")
    n_failed = _reads("n_failed")
    n_paused = _reads("n_paused")
    n_reports = _reads("n_reports")
    n_restarted = _reads("n_restarted")
    n_anomalies = _reads("n_anomalies")
    trials_since_improvement = _reads("trials_since_improvement")
    cost = _reads("cost")
    incumbent = _reads("incumbent")
    incumbents = _reads("incumbents")
    latest_report = _reads("latest_report")
    newest_failure = _reads("newest_failure")
    failures = _reads("failures")
    n_dropped = _reads("n_dropped")
    running = _reads("running")

    def columns(self) -> Mapping[str, Scalar]:
        """What the scheduler and the searcher tell about themselves."""
        columns: Mapping[str, Scalar] = self._state.columns()
        return columns

    def regret_bound(self) -> RegretBound | None:
        """What the searcher says is still to gain; ``None`` if it cannot say."""
        from tunekit_core.engine.gate.regret import regret_bound_of  # the gate imports the state

        return regret_bound_of(self._state.scheduler.searcher)

    _state: ExperimentState
