"""When the trials of an experiment ran, and on which worker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import attrs

from tunekit.results.trial_reports import TrialReports
from tunekit_core.contracts.backends import TrialEnded, TrialPlaced
from tunekit_core.contracts.trials import Decision
from tunekit_core.engine.events import Decided, Restarted, Resumed, Started
from tunekit_core.records.files import EVENTS
from tunekit_core.records.load import read_events

How = Literal["completed", "paused", "stopped", "failed", "running"]
FAILED = "Failed"
WORKER_TIME = "st_worker_time"  # seconds that the trial has run, by the script or the simulator
SAME_TIME = 1e-6  # seconds


@attrs.define
class TrialRun:
    """From where a trial is started or resumed to where it pauses or ends.

    Attributes:
        trial_id: Of the trial.
        start: Seconds on the clock of the experiment.
        end: Likewise.
        how: How it ended; ``"running"`` if it still ran when the experiment ended.
        worker: Number of its worker, from 0.
    """

    trial_id: int
    start: float
    end: float
    how: How
    worker: int = 0


def trial_runs(reports: TrialReports) -> list[TrialRun]:
    """The runs of all trials, in the order in which they began.

    The events tell them, where an experiment has kept them. Else the reports do: a run begins as many seconds before
    its first report as the trial then has run, and ends with its last; trials without a report are not known then, and
    the last run of a trial that has failed counts as the one that did. A run is put on the first worker that is free.

    Raises:
        RecordError: If the record of events is damaged.
    """
    has_events = (reports.experiment.path / EVENTS).exists()
    runs = _of_events(reports) if has_events else _of_reports(reports)
    runs.sort(key=lambda run: (run.start, run.trial_id))
    _put_on_workers(runs)
    return runs


def _of_events(reports: TrialReports) -> list[TrialRun]:
    runs: list[TrialRun] = []
    current: dict[int, TrialRun] = {}
    decided: dict[int, Decision] = {}
    end = float(reports.experiment.metadata.get("time", reports.times[-1]))

    def begin(trial_id: int, time: float) -> None:
        decided.pop(trial_id, None)
        current[trial_id] = TrialRun(trial_id, time, max(time, end), "running")
        runs.append(current[trial_id])

    for event in read_events(reports.experiment.path):
        if isinstance(event, Started | Resumed):
            begin(event.trial_id, event.time)
        elif isinstance(event, TrialPlaced) and event.trial_id in current:
            current[event.trial_id].start = max(event.time, current[event.trial_id].start)
        elif isinstance(event, Decided):
            decided[event.trial_id] = event.decision
        elif isinstance(event, Restarted) and event.trial_id in current:
            _end(current.pop(event.trial_id), event.time, "failed")
            begin(event.trial_id, event.time)
        elif isinstance(event, TrialEnded) and event.trial_id in current:
            run = current.pop(event.trial_id)
            _end(run, event.time, _how(decided.get(event.trial_id), event.status.value == FAILED))
    return runs


def _end(run: TrialRun, time: float, how: How) -> None:
    run.end, run.how = max(time, run.start), how


def _how(decision: Decision | None, has_failed: bool) -> How:
    if decision is Decision.PAUSE:
        return "paused"
    if decision is Decision.STOP:
        return "stopped"
    return "failed" if has_failed else "completed"


def _of_reports(reports: TrialReports) -> list[TrialRun]:
    metadata = reports.experiment.metadata
    end, highest = float(metadata.get("time", reports.times[-1])), metadata.get("max_resource")
    worked = reports.columns.get(WORKER_TIME)
    runs = []
    for trial_id, positions in reports.by_trial.items():
        first, before = positions[0], 0.0
        for number, position in enumerate(positions):
            decision, is_last = reports.decisions[position], number == len(positions) - 1
            if decision == Decision.CONTINUE.value and not is_last:
                continue
            took = 0.0 if worked is None else float(worked[first]) - before
            start = float(reports.times[first]) - max(took, 0.0)
            until = float(reports.times[position])
            run = TrialRun(trial_id, start, until, _how_by_report(decision))
            if is_last and trial_id in reports.failed:
                run.how = "failed"
            elif run.how == "running":
                if highest is not None and reports.resources[position] >= highest:
                    run.how = "completed"
                else:
                    run.end = max(end, until)
            runs.append(run)
            if not is_last:
                first = positions[number + 1]
                before = 0.0 if worked is None or worked[first] <= worked[position] else float(worked[position])
    return runs


def _how_by_report(decision: object) -> How:
    if decision == Decision.PAUSE.value:
        return "paused"
    return "stopped" if decision == Decision.STOP.value else "running"


def _put_on_workers(runs: Iterable[TrialRun]) -> None:
    """Each on the first worker that is free when it begins."""
    free_from: list[float] = []
    for run in runs:
        free = (number for number, time in enumerate(free_from) if time <= run.start + SAME_TIME)
        run.worker = next(free, len(free_from))
        free_from[run.worker : run.worker + 1] = [run.end]


def n_workers(runs: Sequence[TrialRun]) -> int:
    """How many workers the runs need."""
    return max((run.worker for run in runs), default=-1) + 1
