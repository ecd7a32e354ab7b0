"""An experiment whose process died is restored in another: the record is folded, what was begun is finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tunekit_core.contracts.backends import Backend, TrialEnded, TrialReported, UnfinishedTrial
from tunekit_core.contracts.trials import Decision, Status
from tunekit_core.engine.events import Decided, LateReport, Recorded, Resumed, Started, UnusableReport
from tunekit_core.engine.fold import OnDecision, fold, last_time
from tunekit_core.engine.record import Record
from tunekit_core.engine.state import WITHOUT_REPORT, ExperimentState

DECIDED = {None: Decision.CONTINUE, Status.PAUSED: Decision.PAUSE, Status.STOPPED: Decision.STOP}


def restore(
    past: Sequence[Recorded],
    state: ExperimentState,
    backend: Backend,
    record: Record,
    write_row: OnDecision,
) -> None:
    """Come to where the record ends.

    Args:
        past: All recorded events, at least one.
        state: A fresh state; afterwards that in which the process died.
        backend: Finds what still runs, and ends what was to end.
        record: Gets the failures again, and a decision that was taken but not recorded.
        write_row: Called for every report that was shown to the scheduler.

    Raises:
        ReplayError: If the scheduler decides differently from the record, or the record makes no sense.
    """
    fold(past, state, write_row)
    state.now = last_time(past)
    _record_failures(past, state, record)
    last = past[-1]
    if isinstance(last, TrialReported):
        record.write(Decided(last.trial_id, DECIDED[state.ending(last.trial_id)]))
    n_begun = Counter(event.trial_id for event in past if isinstance(event, Started | Resumed))
    n_recorded = Counter(
        event.trial_id for event in past if isinstance(event, TrialReported | LateReport | UnusableReport)
    )
    unfinished = [trial for trial in state.trials if not trial.status.final]
    backend.restore(
        [
            UnfinishedTrial(trial, n_begun[trial.id], n_recorded[trial.id], state.ending(trial.id) is not None)
            for trial in unfinished
        ],
        state.now,
    )
    for trial in unfinished:
        ending = state.ending(trial.id)
        if ending is Status.PAUSED:
            backend.pause(trial)
        elif ending is not None:
            backend.stop(trial)


def _record_failures(past: Sequence[Recorded], state: ExperimentState, record: Record) -> None:
    for event in past:
        if isinstance(event, UnusableReport):
            record.failure(event.trial_id, event.reason)
        elif isinstance(event, TrialEnded) and state.trials[event.trial_id].status is Status.FAILED:
            record.failure(event.trial_id, event.reason or WITHOUT_REPORT)
