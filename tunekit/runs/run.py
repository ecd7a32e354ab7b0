"""Runs one run, unless another process does or it is complete already."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.run_spec import RunSpec
from tunekit.live.watching import Watch, watching
from tunekit.runs.building import build_tuner
from tunekit.runs.edits import watch_for_edits, with_present_sources
from tunekit.runs.folders import settle
from tunekit.secrets import redacted
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.tuner import interruption_of, reason_of
from tunekit_core.errors import ConfigurationError, ExperimentLocked, RecordError, ReplayError
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.files import FolderLock, read_metadata, write_metadata


@attrs.frozen
class Outcome:
    """What became of a run that was to be run.

    Attributes:
        status: ``RUNNING`` if it was left to another live process, which runs it.
        reason: Why it ended, or is left to the other process, one line.
        seconds: Real time that it took.
        details: Where it failed, for developers.
        cannot_go_on: Whether it failed since what is recorded of it, which is kept, cannot be gone on from.
        became: The run that it is instead, where its program was edited since it was planned.
    """

    status: ExperimentStatus
    reason: str
    seconds: float = 0.0
    details: str = ""
    cannot_go_on: bool = False
    became: RunSpec | None = None


def run(spec: RunSpec, *, is_watched: bool = False) -> Outcome:
    """Run one run to its end. Whatever happens to it is an outcome, an interruption too.

    Args:
        spec: The run. Where its program was edited since it was planned, that with the edited one is run.
        is_watched: Whether the run is displayed on the way, if it runs in real time.
    """
    try:
        begun = with_present_sources(spec)
    except ConfigurationError as error:
        return Outcome(ExperimentStatus.FAILED, str(error))
    became = begun

    def on_edit(edited: RunSpec) -> None:
        nonlocal became
        became = edited

    outcome = _run(begun, on_edit, is_watched=is_watched)
    if became != begun:
        settle(begun)
    return outcome if became == spec else attrs.evolve(outcome, became=became)


def _run(spec: RunSpec, on_edit: Callable[[RunSpec], None], *, is_watched: bool) -> Outcome:
    began = time.perf_counter()
    try:
        settle(spec)
        record = ExperimentRecord(spec.folder, keep_events=spec.can_restore)
    except ExperimentLocked as error:
        return Outcome(ExperimentStatus.RUNNING, str(error))
    except ConfigurationError as error:
        return Outcome(ExperimentStatus.FAILED, str(error), cannot_go_on=True)
    except OSError as error:
        reason = f"{spec.folder} cannot be made: {error}"
        return Outcome(ExperimentStatus.FAILED, reason, details=traceback.format_exc())
    if record.status() is ExperimentStatus.COMPLETED:  # another process has completed it since we looked
        record.release()
        return Outcome(ExperimentStatus.COMPLETED, "completed by another process")
    try:
        with watching(spec) if is_watched else _watched_by_nobody() as watches:
            result = build_tuner(spec, record, watches=[*watches, *watch_for_edits(spec, record, on_edit)]).run()
    except KeyboardInterrupt as interruption:
        record.release()
        return Outcome(ExperimentStatus.INTERRUPTED, interruption_of(interruption), time.perf_counter() - began)
    except Exception as error:
        reason = redacted(reason_of(error))
        record.release()
        mark_failed(spec, reason)
        stuck = isinstance(error, RecordError | ReplayError)
        seconds, details = time.perf_counter() - began, traceback.format_exc()
        return Outcome(ExperimentStatus.FAILED, reason, seconds, details, cannot_go_on=stuck)
    status = ExperimentStatus.FAILED if result.failed else ExperimentStatus.COMPLETED
    return Outcome(status, result.reason, time.perf_counter() - began)


def _watched_by_nobody() -> AbstractContextManager[list[Watch]]:
    return nullcontext([])


def mark_failed(spec: RunSpec, reason: str) -> None:
    """Write into the metadata that a run failed, where the run could not do so itself."""
    try:
        with FolderLock(spec.folder):
            if status_of(spec) is not ExperimentStatus.COMPLETED:
                failed = {"status": ExperimentStatus.FAILED.value, "reason": reason}
                write_metadata(spec.folder, {**spec.metadata(), **_metadata_if_any(spec.folder), **failed})
    except (ExperimentLocked, OSError):
        return  # another process has taken the run over, or the disk is full: the caller reports the failure anyway


def status_of(spec: RunSpec) -> ExperimentStatus | None:
    """The status of a run; ``None`` if there is none, or none that can be read, or its folder holds another run."""
    try:
        metadata = read_metadata(spec.folder)
        return ExperimentStatus(metadata["status"]) if metadata["hash"] == spec.hash else None
    except (RecordError, KeyError, ValueError):
        return None


def failures_of(folder: Path) -> list[dict[str, Any]]:
    """Trials that failed, each with its ``trial_id`` and ``reason``, the first few."""
    failures: list[dict[str, Any]] = _metadata_if_any(folder).get("failures", [])
    return failures


def _metadata_if_any(folder: Path) -> dict[str, Any]:
    try:
        return read_metadata(folder)
    except RecordError:
        return {}
