"""Runs one run, unless another process does or it is complete already."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.run_spec import RunSpec
from tunekit.live.present_run import PresentRun
from tunekit.live.watching import Watch, watching
from tunekit.results.counts import trials_and_failures
from tunekit.runs.as_planned import AsPlanned
from tunekit.runs.building import build_tuner
from tunekit.runs.edits import watch_for_edits, with_present_sources
from tunekit.runs.folders import settle
from tunekit.runs.steering import FolderSteering
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.ended_by import interruption_of, reason_of
from tunekit_core.errors import (
    ConfigurationError,
    ExperimentLocked,
    LockingError,
    LockLost,
    RecordError,
    ReplayError,
)
from tunekit_core.records.believed import find
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.files import METADATA, read_metadata, write_metadata
from tunekit_core.records.lock import FolderLock, is_locked

ENDED = (ExperimentStatus.COMPLETED, ExperimentStatus.FAILED)


@attrs.frozen
class Outcome:
    """What became of a run that was to be run.

    Attributes:
        status: ``RUNNING`` if it was left to another live process, which runs it.
        reason: Why it ended, or is left to the other process, one line.
        seconds: Real time that it took.
        details: Where it failed, for developers.
        cannot_go_on: Whether it failed since what is recorded of it, which is kept, cannot be gone on from.
        was_overtaken: Whether it ran here until the other process took it over, as it may one that stands still.
        gave_up: Whether it failed by what its trials did, rather than that something broke.
        became: The run that it is instead, where since it was planned its program was edited, or it got another end.
    """

    status: ExperimentStatus
    reason: str
    seconds: float = 0.0
    details: str = ""
    cannot_go_on: bool = False
    was_overtaken: bool = False
    gave_up: bool = False
    became: RunSpec | None = None


def run(spec: RunSpec, *, is_watched: bool = False, as_planned: AsPlanned | None = None) -> Outcome:
    """Run one run to its end. Whatever happens to it is an outcome, an interruption too.

    Args:
        spec: The run. Where its program was edited since it was planned, that with the edited one is run.
        is_watched: Whether the run is displayed on the way, if it runs in real time.
        as_planned: How it is run, where it was planned on another machine; then no edit is looked for.
    """
    if as_planned is not None:
        present = PresentRun(spec)
        outcome = _run(present, partial(as_planned.watches, spec), is_watched=is_watched)
    else:
        try:
            present = PresentRun(with_present_sources(spec))
        except ConfigurationError as error:
            return Outcome(ExperimentStatus.FAILED, str(error))
        outcome = _run(present, partial(watch_for_edits, present), is_watched=is_watched)
    if present.has_changed:
        try:
            settle(present.planned)
        except (ConfigurationError, ExperimentLocked) as error:  # it is kept where it is
            return Outcome(ExperimentStatus.FAILED, str(error), cannot_go_on=True)
    return outcome if present.spec == spec else attrs.evolve(outcome, became=present.spec)


def _run(present: PresentRun, more_watches: Callable[[ExperimentRecord], list[Watch]], *, is_watched: bool) -> Outcome:
    spec = present.planned
    began = time.perf_counter()
    try:
        settle(spec)
        record = ExperimentRecord(spec.folder, keep_events=spec.can_restore)
    except ExperimentLocked as error:
        return Outcome(ExperimentStatus.RUNNING, str(error))
    except ConfigurationError as error:
        return Outcome(ExperimentStatus.FAILED, str(error), cannot_go_on=True)
    except LockingError as error:
        return Outcome(ExperimentStatus.FAILED, str(error), details=traceback.format_exc())
    except OSError as error:
        reason = f"{spec.folder} cannot be made: {error}"
        return Outcome(ExperimentStatus.FAILED, reason, details=traceback.format_exc())
    if record.status() is ExperimentStatus.COMPLETED:  # another process has completed it since we looked
        record.release()
        return Outcome(ExperimentStatus.COMPLETED, "completed by another process")
    try:
        with watching(present) if is_watched else _watched_by_nobody() as watches:
            watches = [*watches, *more_watches(record)]
            steering = partial(FolderSteering, present, record) if spec.can_restore else None
            result = build_tuner(spec, record, watches=watches, steering=steering).run()
    except KeyboardInterrupt as interruption:
        record.release()
        return Outcome(ExperimentStatus.INTERRUPTED, interruption_of(interruption), time.perf_counter() - began)
    except Exception as error:
        reason = reason_of(error)
        record.release()
        if isinstance(error, LockLost) and (is_locked(spec.folder) or status_of(spec) in ENDED):
            return Outcome(ExperimentStatus.RUNNING, reason, time.perf_counter() - began, was_overtaken=True)
        stuck = isinstance(error, RecordError | ReplayError)
        if not stuck and not isinstance(error, LockLost):  # what is there is to be kept, or another process's
            mark_failed(spec, reason)
        seconds, details = time.perf_counter() - began, traceback.format_exc()
        return Outcome(ExperimentStatus.FAILED, reason, seconds, details, cannot_go_on=stuck)
    status = ExperimentStatus.FAILED if result.failed else ExperimentStatus.COMPLETED
    return Outcome(status, result.reason, time.perf_counter() - began, gave_up=result.failed)


def _watched_by_nobody() -> AbstractContextManager[list[Watch]]:
    return nullcontext([])


def mark_failed(spec: RunSpec, reason: str) -> None:
    """Write into the metadata that a run failed, where the run could not do so itself.

    Nothing is written where another process has taken the run over, the disk is full, or what is there cannot be read
    and is to be kept as it is: the caller reports the failure anyway.
    """
    folder = spec.folder
    try:
        with FolderLock(folder):
            if status_of(spec) is not ExperimentStatus.COMPLETED:
                before = read_metadata(folder) if (folder / METADATA).exists() else {}
                failed = {"status": ExperimentStatus.FAILED.value, "reason": reason}
                write_metadata(folder, {**spec.metadata(), **before, **failed})
    except (ExperimentLocked, OSError, RecordError):
        return


def status_of(spec: RunSpec) -> ExperimentStatus | None:
    """The status of a run; ``None`` if there is none, or none that counts."""
    return find(spec.folder, spec.hash).status


def first_failure_of(folder: Path) -> dict[str, Any] | None:
    """The trial that failed first since the last process went on with a run: its ``trial_id`` and ``reason``."""
    metadata = _metadata_if_any(folder)
    first: dict[str, Any] | None = metadata.get("first_failure") or next(iter(metadata.get("failures", [])), None)
    return first


def counts_of(folder: Path) -> str:
    """How many trials a run has started and how many of them failed, for people; empty where that is not known."""
    metadata = _metadata_if_any(folder)
    return trials_and_failures(metadata) if "n_started" in metadata else ""


def set_aside_of(folder: Path) -> dict[str, str]:
    """What a run found of an earlier one, could not go on from, and kept: by the names it has now, each with why."""
    aside: dict[str, str] = _metadata_if_any(folder).get("set_aside", {})
    return aside


def _metadata_if_any(folder: Path) -> dict[str, Any]:
    try:
        return read_metadata(folder)
    except RecordError:
        return {}
