"""What stopping criteria, composers and observers see of an experiment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import attrs

from tunekit_core.contracts.searchers import RegretBound
from tunekit_core.contracts.trials import Report, Scalar, Trial
from tunekit_core.space import Configuration


@attrs.frozen
class Incumbent:
    """The best report so far, by the first metric, of trials that have not failed.

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


@attrs.frozen
class Failures:
    """The trials that failed since a process began the experiment, or went on with it.

    Attributes:
        n: How many.
        first: The first of them, or ``None``.
        n_alike: How many, from the first on without a gap, failed as the first did: with the same exit status and the
            same last line of errors, whatever numbers and paths are in it.
        furthest: The highest resource that one of them had reported; 0 if none had.
    """

    n: int = 0
    first: Failure | None = None
    n_alike: int = 0
    furthest: int = 0


class ExperimentView(Protocol):
    """Counters, clock and incumbents of an experiment; reading any of them takes constant time.

    Attributes:
        now: Seconds since the experiment began, on the backend's clock.
        n_workers: Trials that may run at the same time.
        n_running: Trials that run now, those included that wait for a place.
        n_waiting: Those of them that wait for a place, as far as the backend says so.
        n_started: Trials started so far.
        n_completed: Trials that ran to their end.
        n_stopped: Trials stopped for good.
        n_failed: Trials that failed.
        n_paused: Trials that are paused now.
        n_reports: Reports shown to the scheduler (evaluations).
        n_restarted: Runs that were begun again because they were lost or had failed.
        n_anomalies: Messages of the backend that made no sense, such as one about a run that was over.
        trials_since_improvement: Trials started since the incumbent was found.
        cost: Sum over trials of the last ``st_worker_cost`` that they reported, in its unit.
        incumbent: The best report so far of a trial that has not failed and that meets the constraint, or ``None``. It
            gets worse when its trial fails.
        incumbents: The best reports by all metrics: of each trial that has not failed its reports that no other report
            dominates. With one metric the incumbent alone. It changes.
        latest_report: The latest report that was shown to the scheduler, or ``None``.
        newest_failure: The trial that failed last, or ``None``.
        failures: What the trials that failed have in common.
        n_dropped: Reports that were dropped, since the run had reported that resource before, or a higher one.
        running: The trials that run now, in the order in which they started or were resumed. It changes.
    """

    @property
    def now(self) -> float: ...
    @property
    def n_workers(self) -> int: ...
    @property
    def n_running(self) -> int: ...
    @property
    def n_waiting(self) -> int: ...
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
    def n_restarted(self) -> int: ...
    @property
    def n_anomalies(self) -> int: ...
    @property
    def trials_since_improvement(self) -> int: ...
    @property
    def cost(self) -> float: ...
    @property
    def incumbent(self) -> Incumbent | None: ...
    @property
    def incumbents(self) -> Collection[Incumbent]: ...
    @property
    def latest_report(self) -> Report | None: ...
    @property
    def newest_failure(self) -> Failure | None: ...
    @property
    def failures(self) -> Failures: ...
    @property
    def n_dropped(self) -> int: ...
    @property
    def running(self) -> Collection[Trial]: ...
    def columns(self) -> Mapping[str, Scalar]:
        """What the scheduler and the searcher tell about themselves, such as rung sizes."""
        ...

    def regret_bound(self) -> RegretBound | None:
        """What the searcher says is still to gain; ``None`` if it cannot say. Not in constant time.

        It takes as long as a suggestion where trials have come to an end since it was asked last.
        """
        ...
