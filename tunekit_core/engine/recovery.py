"""An experiment whose process died goes on in another one: the record is folded, what was begun is finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tunekit_core.contracts.backends import Backend, UnfinishedTrial
from tunekit_core.contracts.trials import Decision, Report, Status, Trial
from tunekit_core.engine.events import UNUSABLE, Event, fold, last_time
from tunekit_core.engine.state import WITHOUT_REPORT, ExperimentState
from tunekit_core.records.experiment import ExperimentRecord

BEGUN = ("start", "resume")
RELAYED = ("report", "late", "unusable")
DECIDED = {Status.PAUSED: Decision.PAUSE, Status.STOPPED: Decision.STOP}


def take_up(
    past: Sequence[Event],
    state: ExperimentState,
    backend: Backend,
    record: ExperimentRecord,
    write_row: Callable[[Trial, Report, Decision], None],
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
    state.now = last_time(past)  # late reports and criteria, which the fold leaves out, have happened too
    _tell_failures(past, state, record)
    if past[-1]["event"] == "report":
        ending = state.ending(past[-1]["trial_id"])
        record.decision(past[-1]["trial_id"], Decision.CONTINUE if ending is None else DECIDED[ending])
    n_begun = Counter(event["trial_id"] for event in past if event["event"] in BEGUN)
    n_recorded = Counter(event["trial_id"] for event in past if event["event"] in RELAYED)
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


def _tell_failures(past: Sequence[Event], state: ExperimentState, record: ExperimentRecord) -> None:
    for event in past:
        if event["event"] == "unusable":
            record.failure(event["trial_id"], UNUSABLE)
        elif event["event"] == "ended" and state.trials[event["trial_id"]].status is Status.FAILED:
            record.failure(event["trial_id"], event["reason"] or WITHOUT_REPORT)
