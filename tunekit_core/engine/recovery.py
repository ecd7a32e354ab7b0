"""An experiment whose process died is restored in another: the record is folded, what was begun is finished."""

from __future__ import annotations

from collections.abc import Iterable

from tunekit_core.contracts.backends import Backend, TrialEnded, TrialReported, UnfinishedTrial
from tunekit_core.contracts.trials import Status
from tunekit_core.engine.events import Decided, LateReport, Recorded, UnusableReport
from tunekit_core.engine.fold import Fold, OnDecision, OnIncomplete
from tunekit_core.engine.record import Record
from tunekit_core.engine.state import ExperimentState


class Recovery:
    """Comes to where a record ends, and hands over to the backend what is not finished.

    Args:
        state: A fresh state.
        record: Gets the failures again.
        on_decision: Called for every report that was shown to the scheduler.
        on_incomplete: Called for every report that lacked a metric of the objective and was kept.

    Attributes:
        undecided: A decision that was taken and not recorded; it is carried out.
    """

    def __init__(
        self, state: ExperimentState, record: Record, on_decision: OnDecision, on_incomplete: OnIncomplete
    ) -> None:
        self.undecided: Decided | None = None
        self._state = state
        self._record = record
        self._folding = Fold(state, on_decision, on_incomplete)
        self._n_recorded: dict[int, tuple[int, int]] = {}  # of each trial the run, and how many reports the record has

    def read(self, past: Iterable[Recorded]) -> bool:
        """Fold a record, event by event: it is never in memory as a whole.

        Returns:
            Whether there was any event.

        Raises:
            ReplayError: If the scheduler decides differently from the record, or the record makes no sense.
            RecordError: If the record is damaged.
        """
        state, time = self._state, 0.0
        has_any = False
        for event in past:
            has_any = True
            self._folding.add(event)
            self._note(event)
            time = max(time, state.now)
        self.undecided = self._folding.finish()
        state.now = time
        return has_any

    def hand_over(self, backend: Backend) -> None:
        """Have the backend take up the trials that are not at their end; it was opened before."""
        state = self._state
        unfinished = [trial for trial in state.trials if not trial.status.final]
        backend.restore(
            [
                UnfinishedTrial(trial, self._count(trial.id, trial.run), trial.id in state.endings)
                for trial in unfinished
            ],
            state.now,
        )
        for trial in unfinished:
            ending = state.endings.get(trial.id)
            if ending is Status.PAUSED:
                backend.pause(trial)
            elif ending is not None:
                backend.stop(trial)

    def _note(self, event: Recorded) -> None:
        if isinstance(event, TrialReported | LateReport | UnusableReport):
            self._n_recorded[event.trial_id] = event.run, self._count(event.trial_id, event.run) + 1
        if isinstance(event, UnusableReport):
            self._record.failure(event.trial_id, event.reason)
        elif isinstance(event, TrialEnded) and self._state.trials[event.trial_id].status is Status.FAILED:
            assert self._state.newest_failure is not None
            self._record.failure(event.trial_id, self._state.newest_failure.reason)

    def _count(self, trial_id: int, run: int) -> int:
        counted_run, n = self._n_recorded.get(trial_id, (run, 0))
        return n if counted_run == run else 0
