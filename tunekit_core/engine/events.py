"""The events of an experiment, as they are recorded and folded.

An event is a JSON object with the key ``event`` and those given here. Each is written before it is acted on. The first
line of a file is ``{"event": "tuner_started", "format": 1, "time": 0.0}``; another such line follows wherever a process
that died was succeeded by another.

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

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tunekit_core.contracts.trials import Decision, Report, Resume, Start, Status, Trial
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ReplayError

FORMAT = 1
UNUSABLE = "it reported what cannot be used"  # what exactly was said when it did
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


def fold(
    events: Iterable[Event],
    state: ExperimentState,
    on_decision: Callable[[Trial, Report, Decision], None] = lambda trial, report, decision: None,
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
        kind = event["event"]
        if undecided is not None and kind != "decision":
            raise ReplayError(f"The record has no decision on the last report of trial {undecided[0].trial_id}.")
        if kind == "start":
            _fold_start(event, state)
        elif kind == "resume":
            state.resume(Resume(_known_trial(event, state), event["until"], event["note"]), event["time"])
        elif kind == "report":
            report = state.read(_known_trial(event, state), event["metrics"], event["time"])
            if state.is_late(report):
                raise ReplayError(f"The record has a late report of trial {report.trial_id} that was shown.")
            undecided = (report, state.report(report))
        elif kind == "decision":
            if undecided is None:
                raise ReplayError(f"The record has a decision on trial {event['trial_id']} without a report.")
            _check_decision(event, *undecided)
            _carry_out(state, *undecided, on_decision)
            undecided = None
        elif kind == "unusable":
            state.fail(_known_trial(event, state), UNUSABLE)
        elif kind == "ended":
            state.end(_known_trial(event, state), Status(event["status"]), event["time"], event["reason"])
        elif kind not in ("late", "criterion"):
            raise ReplayError(f"The record has an event of the unknown kind '{kind}'.")
    if undecided is not None:  # the process died between the report and its decision
        _carry_out(state, *undecided, on_decision)


def last_time(events: Iterable[Event]) -> float:
    """When the last thing happened that is recorded, in seconds; 0 if nothing has."""
    return max((event["time"] for event in events if "time" in event), default=0.0)


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


def _check_decision(event: Event, report: Report, recomputed: Decision) -> None:
    recorded = Decision(event["decision"])
    if event["trial_id"] != report.trial_id:
        raise ReplayError(f"The record decides on trial {event['trial_id']} after a report of trial {report.trial_id}.")
    if recorded is not recomputed:
        raise ReplayError(
            f"On trial {report.trial_id} at resource {report.resource} the record says {recorded.value}, the scheduler "
            f"now says {recomputed.value}. A plugin or the numerics changed since the record was written: use the "
            "versions named in metadata.json, or start the experiment anew."
        )


def _carry_out(
    state: ExperimentState,
    report: Report,
    decision: Decision,
    on_decision: Callable[[Trial, Report, Decision], None],
) -> None:
    state.decide(report.trial_id, decision)
    on_decision(state.trials[report.trial_id], report, decision)
