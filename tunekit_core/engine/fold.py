"""A recorded experiment is folded: its events are applied again, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.event_json import kind_of
from tunekit_core.engine.events import Decided, LateReport, Recorded, Restarted, Started, UnusableReport
from tunekit_core.engine.state import ExperimentState
from tunekit_core.engine.state.reading import Reader, row_of
from tunekit_core.errors import ReplayError

OnDecision = Callable[[Trial, Report, Decision], None]
OnIncomplete = Callable[[Trial, Report], None]
OF_A_RUN = (TrialReported, LateReport, UnusableReport, TrialEnded)


class Fold:
    """Brings a fresh state to where recorded events left it, one event at a time.

    Args:
        state: The state of an experiment in which nothing has happened.
        on_decision: Called after each report that the scheduler saw, once the decision on it is carried out.
        on_incomplete: Called after each report that lacked a metric of the objective and was kept.

    Attributes:
        undecided: The decision on a report that was the last event so far, which the record does not have yet.
    """

    def __init__(
        self,
        state: ExperimentState,
        on_decision: OnDecision = lambda trial, report, decision: None,
        on_incomplete: OnIncomplete = lambda trial, report: None,
    ) -> None:
        self.undecided: Decided | None = None
        self._state = state
        self._on_decision = on_decision
        self._on_incomplete = on_incomplete
        self._reader = Reader(state)

    def add(self, event: Recorded) -> None:
        """The next event.

        Raises:
            ReplayError: If the scheduler decides differently from the record, or the record makes no sense.
            RecordError: If a trial is resumed that is not paused, or ends though it does not run.
        """
        if isinstance(event, Decided):
            self._decide(event)
            return
        if self.undecided is not None:
            raise ReplayError(f"The record has no decision on the last report of trial {self.undecided.trial_id}.")
        self._check_trial(event)
        if not isinstance(event, TrialReported):
            self._state.apply(event)
            if isinstance(event, LateReport) and self._state.is_incomplete(event):
                self._on_incomplete(self._state.trials[event.trial_id], row_of(event))
            return
        read = self._reader.read(event)
        if not isinstance(read, Report):
            raise ReplayError(f"The record has a late report of trial {event.trial_id} that was shown.")
        self.undecided = Decided(event.trial_id, self._state.apply(read))

    def finish(self) -> Decided | None:
        """The record ends: what was decided on its last report and not recorded is carried out, and returned."""
        decided = self.undecided
        if decided is not None:
            self._carry_out(decided)
        return decided

    def _decide(self, event: Decided) -> None:
        if self.undecided is None:
            raise ReplayError(f"The record has a decision on trial {event.trial_id} without a report.")
        report = self._last_report(self.undecided)
        if event.trial_id != report.trial_id:
            raise ReplayError(
                f"The record decides on trial {event.trial_id} after a report of trial {report.trial_id}."
            )
        if event.decision is not self.undecided.decision:
            raise ReplayError(
                f"On trial {report.trial_id} at resource {report.resource} the record says {event.decision.value}, the "
                f"scheduler now says {self.undecided.decision.value}. A plugin or the numerics changed since the "
                "record was written: with the versions that metadata.json names it goes on."
            )
        self._carry_out(event)

    def _carry_out(self, event: Decided) -> None:
        self.undecided = None
        self._state.apply(event)
        self._on_decision(self._state.trials[event.trial_id], self._last_report(event), event.decision)

    def _last_report(self, event: Decided) -> Report:
        report = self._state.trials[event.trial_id].last_report
        assert report is not None
        return report

    def _check_trial(self, event: Recorded) -> None:
        """See that a trial is started once, with the next id, before anything else happens to it, in its last run."""
        trial_id: int | None = getattr(event, "trial_id", None)
        if trial_id is None:
            return
        n_started = self._state.n_started
        if isinstance(event, Started):
            if trial_id != n_started:
                raise ReplayError(f"The record starts trial {trial_id} where trial {n_started} is next.")
            return
        if not 0 <= trial_id < n_started:
            raise ReplayError(
                f"The record has the event '{kind_of(event)}' of trial {trial_id}, which was never started."
            )
        run = self._state.trials[trial_id].run
        if isinstance(event, OF_A_RUN) and event.run != run:
            kind = kind_of(event)
            raise ReplayError(
                f"The record has the event '{kind}' of run {event.run} of trial {trial_id}, now in run {run}."
            )
        if isinstance(event, Restarted) and event.run != run + 1:
            raise ReplayError(f"The record begins run {event.run} of trial {trial_id} after its run {run}.")


def fold(events: Iterable[Recorded], state: ExperimentState) -> None:
    """Bring a fresh state to where the recorded events left it.

    Args:
        events: The record, from its beginning; it may break off anywhere.
        state: The state of an experiment in which nothing has happened.

    Raises:
        ReplayError: If the scheduler decides differently from the record, or the record makes no sense.
        RecordError: If a trial is resumed that is not paused, or ends though it does not run.
    """
    folding = Fold(state)
    for event in events:
        folding.add(event)
    folding.finish()
