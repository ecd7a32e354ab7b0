"""Whether an experiment has gone further than an end that it is to get."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.identity import ends_of
from tunekit.config.specs.run_spec import RunSpec
from tunekit.runs.building import build_criteria
from tunekit_core.contracts.backends import TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.engine.as_recorded import AsRecorded
from tunekit_core.engine.events import Resumed, Started
from tunekit_core.engine.fold import Fold
from tunekit_core.engine.state import ExperimentState, View
from tunekit_core.errors import DamagedRecord, RecordError, ReplayError
from tunekit_core.records.damage import how_to_go_on
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.files import EVENTS


@attrs.frozen
class PassedEnd:
    """An end that lies before the end of a record.

    Attributes:
        name: The criterion.
        reason: Its reason.
    """

    name: str
    reason: str


def passed_end(folder: Path, config: Mapping[str, Any], spec: RunSpec, problem: Problem) -> PassedEnd | None:
    """The first criterion that would have ended an experiment before something that it recorded.

    That is the start or the resumption of a trial or, unless trials that run then come to their end, a report.

    Args:
        folder: Of the experiment.
        config: What was recorded of the run that it has been so far. Criteria of that are not asked: they let it go
            as far as it is.
        spec: The run that it is to be.
        problem: What is solved.

    Raises:
        RecordError: If the record is damaged or makes no sense.
    """
    before, after = ends_of(config), ends_of(spec.results)
    new = {name: options for name, options in after.items() if before.get(name) != options}
    if not new:
        return None
    criteria = dict(zip(new, build_criteria(new, problem), strict=True))
    waits = {name for name, each in criteria.items() if each.waits_for_running or spec.results["wait_for_running"]}
    scheduler = AsRecorded(problem)
    state = ExperimentState(problem, scheduler)
    view, folding = View(state), Fold(state)
    events = EventFile(folder / EVENTS)
    try:
        for event in scheduler.following(events.read()):
            if isinstance(event, Started | Resumed | TrialReported):
                for name, criterion in criteria.items():
                    reason = None if name in waits and isinstance(event, TrialReported) else criterion(view)
                    if reason is not None:
                        return PassedEnd(name, reason)
            folding.add(event)
    except DamagedRecord as error:
        raise DamagedRecord(f"{error} {how_to_go_on(folder, events.n_events)}") from error
    except ReplayError as error:
        raise RecordError(f"{folder / EVENTS} is not the record of this experiment: {error}") from error
    return None
