"""The events of an experiment, as they are recorded and folded.

An event is a JSON object with the key ``event`` and those given here. Each is written before it is acted on. The first
line of a file is ``{"event": "tuner_started", "format": 1, "time": 0.0}``.

========== ==========================================================================
event      further keys
========== ==========================================================================
start      trial_id, configuration, until, checkpoint_of, note, time
resume     trial_id, until, note, time
report     trial_id, metrics, time
decision   trial_id, decision (``CONTINUE PAUSE STOP``)
late       trial_id, metrics, time: a report that the scheduler never saw
unusable   trial_id, metrics, time: a report without the objective; the trial fails
ended      trial_id, status as the backend gave it, time, reason
criterion  name, reason, time
========== ==========================================================================

Numbers that are not finite are written as ``NaN`` and ``Infinity``, as Python's ``json`` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from tunekit_core.errors import ReplayError
from tunekit_core.experiment_state import ExperimentState
from tunekit_core.trials import Decision, Resume, Start, Status

FORMAT = 1
Event: TypeAlias = Mapping[str, Any]


def start_event(trial_id: int, start: Start, time: float) -> Event:
    """A trial starts."""
    return {
        "event": "start",
        "trial_id": trial_id,
        "configuration": dict(start.configuration),
        "until": start.until,
        "checkpoint_of": start.checkpoint_of,
        "note": dict(start.note),
        "time": time,
    }


def resume_event(resume: Resume, time: float) -> Event:
    """A paused trial runs again."""
    return {
        "event": "resume",
        "trial_id": resume.trial_id,
        "until": resume.until,
        "note": dict(resume.note),
        "time": time,
    }


def report_event(kind: str, trial_id: int, metrics: Mapping[str, Any], time: float) -> Event:
    """A trial reported; ``kind`` is ``"report"``, ``"late"`` or ``"unusable"``."""
    return {"event": kind, "trial_id": trial_id, "metrics": dict(metrics), "time": time}


def decision_event(trial_id: int, decision: Decision) -> Event:
    """What the scheduler decided on the last report of a trial."""
    return {"event": "decision", "trial_id": trial_id, "decision": decision.value}


def ended_event(trial_id: int, status: Status, time: float, reason: str) -> Event:
    """A trial runs no longer."""
    return {"event": "ended", "trial_id": trial_id, "status": status.value, "time": time, "reason": reason}


def criterion_event(name: str, reason: str, time: float) -> Event:
    """The experiment ends."""
    return {"event": "criterion", "name": name, "reason": reason, "time": time}


def fold(events: Iterable[Event], state: ExperimentState) -> None:
    """Bring a fresh state to where the recorded events left it.

    Args:
        events: The record, from its beginning; it may break off anywhere.
        state: The state of an experiment in which nothing has happened.

    Raises:
        ReplayError: If the scheduler decides differently from the record, or the record makes no sense.
        RecordError: If a trial is resumed that is not paused, or ends though it does not run.
    """
    undecided: tuple[int, Decision] | None = None
    for event in events:
        kind = event["event"]
        if undecided is not None and kind != "decision":
            raise ReplayError(f"The record has no decision on the last report of trial {undecided[0]}.")
        if kind == "start":
            _fold_start(event, state)
        elif kind == "resume":
            state.resume(Resume(_known_trial(event, state), event["until"], event["note"]), event["time"])
        elif kind == "report":
            report = state.read(_known_trial(event, state), event["metrics"], event["time"])
            if state.is_late(report):
                raise ReplayError(f"The record has a late report of trial {report.trial_id} that was shown.")
            undecided = (report.trial_id, state.report(report))
        elif kind == "decision":
            if undecided is None:
                raise ReplayError(f"The record has a decision on trial {event['trial_id']} without a report.")
            _fold_decision(event, state, *undecided)
            undecided = None
        elif kind == "unusable":
            state.fail(_known_trial(event, state))
        elif kind == "ended":
            state.end(_known_trial(event, state), Status(event["status"]), event["time"])
        elif kind not in ("late", "criterion"):
            raise ReplayError(f"The record has an event of the unknown kind '{kind}'.")
    if undecided is not None:  # the process died between the report and its decision
        state.decide(*undecided)


def _known_trial(event: Event, state: ExperimentState) -> int:
    trial_id: int = event["trial_id"]
    if not 0 <= trial_id < state.n_started:
        raise ReplayError(f"The record has the event '{event['event']}' of trial {trial_id}, which was never started.")
    return trial_id


def _fold_start(event: Event, state: ExperimentState) -> None:
    if event["trial_id"] != state.n_started:
        raise ReplayError(f"The record starts trial {event['trial_id']} where trial {state.n_started} is next.")
    start = Start(event["configuration"], event["until"], event["checkpoint_of"], event["note"])
    state.start(start, event["time"])


def _fold_decision(event: Event, state: ExperimentState, trial_id: int, recomputed: Decision) -> None:
    recorded = Decision(event["decision"])
    if event["trial_id"] != trial_id:
        raise ReplayError(f"The record decides on trial {event['trial_id']} after a report of trial {trial_id}.")
    if recorded is not recomputed:
        report = state.trials[trial_id].last_report
        raise ReplayError(
            f"On trial {trial_id} at resource {report.resource if report else '?'} the record says {recorded.value}, "
            f"the scheduler now says {recomputed.value}. A plugin or the numerics changed since the record was "
            "written: use the versions named in metadata.json, or start the experiment anew."
        )
    state.decide(trial_id, recorded)
