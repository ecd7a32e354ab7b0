"""A recorded experiment is folded: its events are applied again, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tunekit_core.contracts.backends import TrialReported
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.events import Decided, Recorded, Started, kind_of, time_of
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ReplayError

OnDecision = Callable[[Trial, Report, Decision], None]


def fold(
    events: Iterable[Recorded],
    state: ExperimentState,
    on_decision: OnDecision = lambda trial, report, decision: None,
) -> None:
    """Bring a fresh state to where the recorded events left it.

    Args:
        events: The record, from its beginning; it may break off anywhere.
        state: The state of an experiment in which nothing has happened.
        on_decision: Called after each report that the scheduler saw, once the decision on it is carried out.

    Raises:
        ReplayError: If the scheduler decides differently from the record, or the record makes no sense.
        RecordError: If a trial is resumed that is not paused, or ends though it does not run.
    """
    undecided: tuple[Report, Decision] | None = None
    for event in events:
        if isinstance(event, Decided):
            report = _carried_out(event, undecided, state)
            on_decision(state.trials[report.trial_id], report, event.decision)
            undecided = None
            continue
        if undecided is not None:
            raise ReplayError(f"The record has no decision on the last report of trial {undecided[0].trial_id}.")
        _check_trial(event, state)
        if isinstance(event, TrialReported):
            read = state.read(event)
            if not isinstance(read, Report):
                raise ReplayError(f"The record has a late report of trial {event.trial_id} that was shown.")
            undecided = read, state.apply(read)
        else:
            state.apply(event)
    if undecided is not None:  # the process died between the report and its decision
        report, decision = undecided
        state.apply(Decided(report.trial_id, decision))
        on_decision(state.trials[report.trial_id], report, decision)


def last_time(events: Iterable[Recorded]) -> float:
    """When the last thing happened that is recorded, in seconds; 0 if nothing has."""
    return max(map(time_of, events), default=0.0)


def _check_trial(event: Recorded, state: ExperimentState) -> None:
    """See that a trial is started once, with the next id, before anything else happens to it."""
    trial_id: int | None = getattr(event, "trial_id", None)
    if trial_id is None:
        return
    if isinstance(event, Started):
        if trial_id != state.n_started:
            raise ReplayError(f"The record starts trial {trial_id} where trial {state.n_started} is next.")
    elif not 0 <= trial_id < state.n_started:
        raise ReplayError(f"The record has the event '{kind_of(event)}' of trial {trial_id}, which was never started.")


def _carried_out(event: Decided, undecided: tuple[Report, Decision] | None, state: ExperimentState) -> Report:
    if undecided is None:
        raise ReplayError(f"The record has a decision on trial {event.trial_id} without a report.")
    report, recomputed = undecided
    if event.trial_id != report.trial_id:
        raise ReplayError(f"The record decides on trial {event.trial_id} after a report of trial {report.trial_id}.")
    if event.decision is not recomputed:
        raise ReplayError(
            f"On trial {report.trial_id} at resource {report.resource} the record says {event.decision.value}, the "
            f"scheduler now says {recomputed.value}. A plugin or the numerics changed since the record was written: "
            "use the versions named in metadata.json, or start the experiment anew."
        )
    state.apply(event)
    return report
