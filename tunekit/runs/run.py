"""Runs one run, unless another process does or it is complete already."""

from __future__ import annotations

import time
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.run_spec import RunSpec
from tunekit.live.watching import watching
from tunekit.runs.building import build_tuner
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.tuner import interruption_of, reason_of
from tunekit_core.errors import ExperimentLocked, RecordError, ReplayError
from tunekit_core.records.believed import find
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.files import METADATA, FolderLock, read_metadata, write_metadata


@attrs.frozen
class Outcome:
    """What became of a run that was to be run.

    Attributes:
        status: ``RUNNING`` if it was left to another live process, which runs it.
        reason: Why it ended, or is left to the other process, one line.
        seconds: Real time that it took.
        details: Where it failed, for developers.
        cannot_go_on: Whether it failed since what is recorded of it, which is kept, cannot be gone on from.
    """

    status: ExperimentStatus
    reason: str
    seconds: float = 0.0
    details: str = ""
    cannot_go_on: bool = False


def run(spec: RunSpec, *, is_watched: bool = False) -> Outcome:
    """Run one run to its end. Whatever happens to it is an outcome, an interruption too.

    Args:
        spec: The run.
        is_watched: Whether the run is displayed on the way, if it runs in real time.
    """
    began = time.perf_counter()
    try:
        record = ExperimentRecord(spec.folder, keep_events=spec.can_restore)
    except ExperimentLocked as error:
        return Outcome(ExperimentStatus.RUNNING, str(error))
    except OSError as error:
        reason = f"{spec.folder} cannot be made: {error}"
        return Outcome(ExperimentStatus.FAILED, reason, details=traceback.format_exc())
    if record.status() is ExperimentStatus.COMPLETED:  # another process has completed it since we looked
        record.release()
        return Outcome(ExperimentStatus.COMPLETED, "completed by another process")
    try:
        with watching(spec) if is_watched else nullcontext() as watch:
            result = build_tuner(spec, record, watch=watch).run()
    except KeyboardInterrupt as interruption:
        record.release()
        return Outcome(ExperimentStatus.INTERRUPTED, interruption_of(interruption), time.perf_counter() - began)
    except Exception as error:
        reason = reason_of(error)
        record.release()
        stuck = isinstance(error, RecordError | ReplayError)
        if not stuck:
            mark_failed(spec.folder, spec, reason)
        seconds, details = time.perf_counter() - began, traceback.format_exc()
        return Outcome(ExperimentStatus.FAILED, reason, seconds, details, cannot_go_on=stuck)
    status = ExperimentStatus.FAILED if result.failed else ExperimentStatus.COMPLETED
    return Outcome(status, result.reason, time.perf_counter() - began)


def mark_failed(folder: Path, spec: RunSpec, reason: str) -> None:
    """Write into the metadata that a run failed, where the run could not do so itself.

    Nothing is written where another process has taken the run over, the disk is full, or what is there cannot be read
    and is to be kept as it is: the caller reports the failure anyway.
    """
    try:
        with FolderLock(folder):
            if status_of(folder) is not ExperimentStatus.COMPLETED:
                before = read_metadata(folder) if (folder / METADATA).exists() else {}
                failed = {"status": ExperimentStatus.FAILED.value, "reason": reason}
                write_metadata(folder, {**spec.metadata(), **before, **failed})
    except (ExperimentLocked, OSError, RecordError):
        return


def status_of(folder: Path) -> ExperimentStatus | None:
    """The status of the run in a folder; ``None`` if there is none, or none that counts."""
    return find(folder).status


def failures_of(folder: Path) -> list[dict[str, Any]]:
    """Trials that failed, each with its ``trial_id`` and ``reason``, the first few."""
    failures: list[dict[str, Any]] = _metadata_if_any(folder).get("failures", [])
    return failures


def set_aside_of(folder: Path) -> dict[str, str]:
    """What a run found of an earlier one, could not go on from, and kept: by the names it has now, each with why."""
    aside: dict[str, str] = _metadata_if_any(folder).get("set_aside", {})
    return aside


def _metadata_if_any(folder: Path) -> dict[str, Any]:
    try:
        return read_metadata(folder)
    except RecordError:
        return {}
