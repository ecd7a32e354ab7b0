"""What an experiment has come to so far, read from its record: one whose process died, or that still runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.as_recorded import AsRecorded
from tunekit_core.engine.events import Recorded
from tunekit_core.engine.record import NoRecord
from tunekit_core.engine.recovery import Recovery
from tunekit_core.engine.state import ExperimentState
from tunekit_core.engine.summary import BEST_SO_FAR, summary_of, summary_of_failures
from tunekit_core.errors import RecordError, ReplayError
from tunekit_core.json_text import as_json
from tunekit_core.records.best_so_far import read_best_so_far
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.files import EVENTS, METADATA, RESULTS
from tunekit_core.records.results import ResultsWriter
from tunekit_core.space import SearchSpace

NO_PROBLEM = (LookupError, TypeError, ValueError, AttributeError)  # what reading one from any JSON can raise


@attrs.frozen
class SoFar:
    """What a record tells.

    Attributes:
        summary: What ``metadata.json`` would say of the result if the experiment had ended there.
        results: The content that ``results.csv.zip`` would have, without the columns of composers: those are computed
            while an experiment runs, and its record does not hold them.
    """

    summary: dict[str, Any]
    results: bytes


def read_so_far(folder: Path, metadata: Mapping[str, Any]) -> SoFar:
    """Fold the record of an experiment without the components that made it; no file of the folder is changed.

    The decisions are those that were recorded. A report whose decision is not in the record yet is left out, as is a
    line that is being written.

    Args:
        folder: The folder of the experiment, with ``events.jsonl``.
        metadata: Its ``metadata.json``, which says what is tuned.

    Raises:
        RecordError: If the record is damaged, makes no sense, or is not that of these metadata.
    """
    problem = problem_of(folder, metadata)
    scheduler = AsRecorded(problem)
    state, failures = ExperimentState(problem, scheduler), _Failures()
    with TemporaryDirectory(prefix="tunekit-") as temporary:
        rows = ResultsWriter(Path(temporary), problem.space)

        def write(trial: Trial, report: Report, decision: Decision) -> None:
            rows.row(trial, report, decision, ())

        def write_incomplete(trial: Trial, report: Report) -> None:
            write(trial, report, Decision.CONTINUE)

        try:
            _read(folder / EVENTS, scheduler, Recovery(state, failures, write, write_incomplete), state)
        except BaseException:
            rows.discard()
            raise
        rows.close()
        results = (Path(temporary) / RESULTS).read_bytes()
    summary = {**summary_of(state, metadata), **summary_of_failures(failures.reasons)}
    if BEST_SO_FAR not in summary:
        summary[BEST_SO_FAR] = read_best_so_far(folder, {**metadata, **summary}, results)
    return SoFar(json.loads(as_json(summary)), results)


def _read(path: Path, scheduler: AsRecorded, recovery: Recovery, state: ExperimentState) -> None:
    try:
        recovery.read(scheduler.following(_whole_lines(path)))
    except _Damaged as error:
        raise RecordError(f"{error} Reports before that: {state.n_reports}.") from error.__cause__
    except (RecordError, ReplayError, LookupError) as error:
        raise RecordError(f"{path} is not the record of this experiment: {error}") from error


def _whole_lines(path: Path) -> Iterator[Recorded]:
    try:
        yield from EventFile(path).read()
    except RecordError as error:
        raise _Damaged(str(error)) from error
    except OSError as error:
        raise _Damaged(f"{path} cannot be read: {error}.") from error


class _Damaged(Exception):
    """A line of a record cannot be read, rather than makes no sense after those before it."""


def problem_of(folder: Path, metadata: Mapping[str, Any]) -> Problem:
    """What is tuned, without the benchmark.

    Args:
        folder: The folder of the experiment, for the message.
        metadata: Its ``metadata.json``.

    Raises:
        RecordError: If the metadata do not tell it.
    """
    try:
        return Problem(
            space=SearchSpace.from_json(metadata["search_space"]),
            objective=Objective(metadata["metric"], metadata["mode"], metadata["resource"]),
            max_resource=metadata["max_resource"],
            points_to_evaluate=(),
            constraint=metadata["constraint"],
        )
    except NO_PROBLEM as error:
        raise RecordError(f"{folder / METADATA} does not tell what is tuned: {error!r}") from error


class _Failures(NoRecord):
    """Keeps why trials failed."""

    def __init__(self) -> None:
        self.reasons: dict[int, str] = {}

    def failure(self, trial_id: int, reason: str) -> None:
        self.reasons.setdefault(trial_id, reason)
