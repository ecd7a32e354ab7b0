"""What the tuning loop needs of whatever keeps a record of an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.events import Happened, Recorded


class Record(Protocol):
    """Keeps what happens, as :class:`~tunekit_core.ExperimentRecord` does. Only the thread of the tuner calls it.

    Attributes:
        keeps_events: Whether it wants to be told of every event; if not, it need not be told of decisions to go on.
    """

    keeps_events: bool

    def begin(
        self,
        problem: Problem,
        n_workers: int,
        components: Sequence[Any],
        metadata: Mapping[str, Any],
        *,
        restores: bool,
    ) -> Iterable[Recorded]:
        """The experiment begins; called once, first.

        Args:
            problem: What is solved.
            n_workers: Trials at the same time.
            components: Everything in use.
            metadata: What else is to be known about the experiment.
            restores: Whether an experiment that was recorded here and whose process died is restored. If not, what
                was recorded is removed.

        Returns:
            The events of the experiment that is restored, whose rows are to be written again; none if a new one begins.
            They are read through, once, before anything is written.
        """
        ...

    def write(self, event: Happened) -> None:
        """Something is about to be acted on."""
        ...

    def failure(self, trial_id: int, reason: str) -> None:
        """A trial failed."""
        ...

    def row(self, trial: Trial, report: Report, decision: Decision, composed: Sequence[Mapping[str, Any]]) -> None:
        """The row of the results for a report that was decided on, with the columns of each composer."""
        ...

    def finish(self, status: ExperimentStatus, reason: str, summary: Mapping[str, Any]) -> None:
        """The experiment has ended; called once, last.

        Args:
            status: How.
            reason: Why.
            summary: Counts and the incumbent.
        """
        ...


class NoRecord:
    """Keeps nothing."""

    keeps_events = False

    def begin(
        self,
        problem: Problem,
        n_workers: int,
        components: Sequence[Any],
        metadata: Mapping[str, Any],
        *,
        restores: bool,
    ) -> Iterable[Recorded]:
        return ()

    def write(self, event: Happened) -> None:
        pass

    def failure(self, trial_id: int, reason: str) -> None:
        pass

    def row(self, trial: Trial, report: Report, decision: Decision, composed: Sequence[Mapping[str, Any]]) -> None:
        pass

    def finish(self, status: ExperimentStatus, reason: str, summary: Mapping[str, Any]) -> None:
        pass
