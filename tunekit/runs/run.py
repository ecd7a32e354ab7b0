"""Runs one run, unless somebody else does or it is complete already."""

from __future__ import annotations

import time
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.run_spec import RunSpec
from tunekit.live.watching import watching
from tunekit.runs.building import assemble
from tunekit_core.errors import ExperimentLocked, RecordError
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.files import FolderLock, read_metadata, write_metadata

COMPLETED, FAILED, INTERRUPTED, HELD = "completed", "failed", "interrupted", "held"


@attrs.frozen
class Outcome:
    """What became of a run that was to be run.

    Attributes:
        status: ``"completed"``, ``"failed"``, ``"interrupted"``, or ``"held"`` by another live process.
        reason: Why it ended, one line.
        seconds: Real time that it took.
        details: Where it failed, for developers.
    """

    status: str
    reason: str
    seconds: float = 0.0
    details: str = ""


def run(spec: RunSpec, *, is_watched: bool = False) -> Outcome:
    """Run one run to its end. Whatever happens to it is an outcome, an interruption from the keyboard too.

    Args:
        spec: The run.
        is_watched: Whether somebody watches this very run, as far as it runs in real time.
    """
    began = time.perf_counter()
    try:
        record = ExperimentRecord(spec.folder, spec.metadata(), keep_events=spec.can_go_on)
    except ExperimentLocked as error:
        return Outcome(HELD, str(error))
    except OSError as error:
        return Outcome(FAILED, f"{spec.folder} cannot be made: {error}", details=traceback.format_exc())
    if record.status() == COMPLETED:  # another process has completed it since we looked
        record.release()
        return Outcome(COMPLETED, "completed by another process")
    try:
        with watching(spec) if is_watched else nullcontext() as watch:
            result = assemble(spec, record, watch=watch).run()
    except KeyboardInterrupt:
        record.release()
        return Outcome(INTERRUPTED, "interrupted from the keyboard", time.perf_counter() - began)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        record.release()
        mark_failed(spec.folder, spec, reason)
        return Outcome(FAILED, reason, time.perf_counter() - began, traceback.format_exc())
    status = FAILED if result.failed else COMPLETED
    return Outcome(status, result.reason, time.perf_counter() - began)


def mark_failed(folder: Path, spec: RunSpec, reason: str) -> None:
    """Say in the metadata that a run failed, where the run could not say so itself."""
    try:
        with FolderLock(folder):
            metadata = {**spec.metadata(), **_metadata_if_any(folder)}
            if metadata.get("status") != COMPLETED:
                write_metadata(folder, {**metadata, "status": FAILED, "reason": reason})
    except (ExperimentLocked, OSError):
        return  # another process has taken the run over, or the disk is full: the caller reports the failure anyway


def status_of(folder: Path) -> str:
    """Where a run stands on disk: as in ``metadata.json``, or ``"missing"``."""
    try:
        return str(read_metadata(folder).get("status", "missing"))
    except RecordError:
        return "missing"


def failures_of(folder: Path) -> list[dict[str, Any]]:
    """Trials that failed, each with its ``trial_id`` and ``reason``, the first few."""
    failures: list[dict[str, Any]] = _metadata_if_any(folder).get("failures", [])
    return failures


def _metadata_if_any(folder: Path) -> dict[str, Any]:
    try:
        return read_metadata(folder)
    except RecordError:
        return {}
