"""What stopping criteria, composers and observers see of an experiment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import attrs

from tunekit_core.contracts.trials import Report, Scalar, Trial
from tunekit_core.space import Configuration


@attrs.frozen
class Incumbent:
    """The best report so far, by the first metric.

    Attributes:
        report: The report.
        configuration: The configuration of its trial.
    """

    report: Report
    configuration: Configuration


@attrs.frozen
class Failure:
    """A trial that failed.

    Attributes:
        trial_id: Which trial.
        reason: Why, for people; several lines where a script has written errors.
    """

    trial_id: int
    reason: str


class ExperimentView(Protocol):
    """Counters, clock and incumbent of an experiment; reading any of them takes constant time.

    Attributes:
        now: Seconds since the experiment began, on the backend's clock.
        n_workers: Trials that may run at the same time.
        n_running: Trials that run now.
        n_started: Trials started so far.
        n_completed: Trials that ran to their end.
        n_stopped: Trials stopped for good.
        n_failed: Trials that failed.
        n_paused: Trials that are paused now.
        n_reports: Reports shown to the scheduler (evaluations).
        trials_since_improvement: Trials started since the incumbent was found.
        cost: Sum over trials of the last ``st_worker_cost`` that they reported, in its unit.
        incumbent: The best report so far, or ``None``.
        newest_failure: The trial that failed last, or ``None``.
        running: The trials that run now, in the order in which they started or were resumed. It changes.
    """

    @property
    def now(self) -> float: ...
    @property
    def n_workers(self) -> int: ...
    @property
    def n_running(self) -> int: ...
    @property
    def n_started(self) -> int: ...
    @property
    def n_completed(self) -> int: ...
    @property
    def n_stopped(self) -> int: ...
    @property
    def n_failed(self) -> int: ...
    @property
    def n_paused(self) -> int: ...
    @property
    def n_reports(self) -> int: ...
    @property
    def trials_since_improvement(self) -> int: ...
    @property
    def cost(self) -> float: ...
    @property
    def incumbent(self) -> Incumbent | None: ...
    @property
    def newest_failure(self) -> Failure | None: ...
    @property
    def running(self) -> Collection[Trial]: ...
    def columns(self) -> Mapping[str, Scalar]:
        """What the scheduler tells about itself, such as rung sizes."""
        ...
