"""The record of one experiment while it runs."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import IO, Any

from tunekit_core import __version__
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.events import RECORD_FORMAT, Happened, Recorded, TunerStarted, to_json
from tunekit_core.engine.fold import last_time
from tunekit_core.errors import RecordError
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import registry
from tunekit_core.records.files import EVENTS, RESULTS, FolderLock, as_json, read_metadata, write_metadata
from tunekit_core.records.load import read_events
from tunekit_core.records.results import ResultsWriter

FILES_FORMAT = 1  # of the files; enters the hash of a run
MAX_FAILURES_KEPT = 20
WITH_BLAS = {"scipy.linalg", "torch"}  # beside numpy


class ExperimentRecord:
    """Writes the files of an experiment, and holds the lock on its folder from the beginning.

    Args:
        folder: Where the files go; made if it does not exist.
        metadata: What the user wants to find in ``metadata.json``: tags, notes, how it was made.
        keep_events: Write ``events.jsonl``, from which the experiment can be folded. Off in simulations, where
            running again is cheaper.

    Raises:
        ExperimentLocked: If another live process writes this experiment.
    """

    def __init__(
        self, folder: Path | str, metadata: Mapping[str, Any] | None = None, *, keep_events: bool = False
    ) -> None:
        self.folder = Path(folder)
        self._lock = FolderLock(self.folder)
        self._metadata: dict[str, Any] = dict(metadata or {})
        self._keep_events = keep_events
        self._events: IO[str] | None = None
        self._results: ResultsWriter | None = None
        self._failures: list[dict[str, Any]] = []

    def status(self) -> ExperimentStatus | None:
        """The status of what is in the folder now, or ``None`` if there is no experiment yet."""
        try:
            status = ExperimentStatus(read_metadata(self.folder)["status"])
        except (RecordError, KeyError, ValueError):
            return None
        # Nobody else writes while we hold the lock, so before we begin it was left by a process that died.
        died = status is ExperimentStatus.RUNNING and self._results is None
        return ExperimentStatus.INTERRUPTED if died else status

    def release(self) -> None:
        """Let others write; what is in the folder stays as it is."""
        self._lock.release()

    def begin(
        self, problem: Problem, n_workers: int, components: Sequence[Any], *, restores: bool = False
    ) -> list[Recorded]:
        """Write the first ``metadata.json`` and open the results.

        Args:
            problem: What is solved.
            n_workers: Trials at the same time.
            components: Everything in use; the versions of their distributions are recorded.
            restores: Whether an experiment that was recorded here is restored. If not, its record is removed.

        Returns:
            The events of the experiment that is restored, whose rows are to be written again; none if a new one begins.

        Raises:
            RecordError: If what was recorded is damaged, or another problem.
        """
        past = self._past_events(problem) if restores and self._keep_events else []
        objective = problem.objective
        self._metadata |= {
            "format": FILES_FORMAT,
            "status": ExperimentStatus.RUNNING.value,
            "metric": list(objective.metric),
            "mode": list(objective.mode),
            "constraint": problem.constraint,
            "resource": objective.resource,
            "max_resource": problem.max_resource,
            "n_workers": n_workers,
            "search_space": problem.space.to_json(),
            "versions": _versions(components),
            "numerics": _numerics(),
            "started": read_metadata(self.folder).get("started", _now()) if past else _now(),
        }
        for left_over in (RESULTS, *([] if past else [EVENTS])):  # of an experiment before: it would pass for ours
            (self.folder / left_over).unlink(missing_ok=True)
        write_metadata(self.folder, self._metadata)
        self._results = ResultsWriter(self.folder, list(problem.space))
        if self._keep_events:
            self._events = open(self.folder / EVENTS, "a", encoding="utf-8")  # noqa: SIM115 - lives as long as the run
            self.write(TunerStarted(RECORD_FORMAT, last_time(past)))
        return past

    def _past_events(self, problem: Problem) -> list[Recorded]:
        """What was recorded here, without a last line that breaks off: it is removed from the file too."""
        path = self.folder / EVENTS
        if not path.exists():
            return []
        metadata = read_metadata(self.folder)
        same = {"search_space": problem.space.to_json(), "metric": list(problem.objective.metric)}
        for key, value in same.items():
            if metadata.get(key) != json.loads(as_json(value)):
                raise RecordError(
                    f"{self.folder} holds an experiment with another {key.replace('_', ' ')}, which cannot go on with "
                    "this one. Choose another folder, or remove this one."
                )
        past = read_events(self.folder)
        whole = path.read_bytes().rfind(b"\n") + 1
        os.truncate(path, whole)
        return past

    def write(self, event: Happened) -> None:
        """Add an event to ``events.jsonl``, if it is kept.

        Raises:
            OSError: If it cannot be written; the error names the folder.
        """
        if self._events is None:
            return
        try:
            self._events.write(as_json(to_json(event)) + "\n")
            self._events.flush()
        except OSError as error:
            self._name_folder(error)
            raise

    def failure(self, trial_id: int, reason: str) -> None:
        """A trial failed; the first few are named in the metadata, each with the first reason given."""
        known = any(failure["trial_id"] == trial_id for failure in self._failures)
        if not known and len(self._failures) < MAX_FAILURES_KEPT:
            self._failures.append({"trial_id": trial_id, "reason": reason})

    def row(self, trial: Trial, report: Report, decision: Decision, composed: Sequence[Mapping[str, Any]]) -> None:
        """Add the row of a report."""
        if self._results is not None:
            self._results.row(trial, report, decision, composed)

    def finish(self, status: ExperimentStatus, reason: str, summary: Mapping[str, Any] | None = None) -> None:
        """Close the files, write the final ``metadata.json`` and release the lock.

        Args:
            status: How it ended.
            reason: Why it ended.
            summary: Counts and the incumbent, for the metadata.
        """
        if self._results is None:  # it never began: what is in the folder is not ours
            self.release()
            return
        self._metadata |= {"status": status.value, "reason": reason, **(summary or {}), "ended": _now()}
        self._metadata["numerics"] = _numerics()  # again: a component may have loaded a library when it was used first
        if self._failures:
            self._metadata["failures"] = self._failures
        try:
            try:
                if self._events is not None:
                    self._events.close()
            finally:
                self._results.close()
            write_metadata(self.folder, self._metadata)
        except OSError as error:
            self._name_folder(error)
            raise
        finally:
            self.release()

    def _name_folder(self, error: OSError) -> None:
        """Which disk is full is not known otherwise."""
        if error.filename is None:
            error.filename = str(self.folder)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _versions(components: Sequence[Any]) -> dict[str, str]:
    origins = [registry().origin_of(type(component)) for component in components]
    used = {origin.distribution: origin.version for origin in origins if origin is not None}
    return {BUILT_IN: __version__} | used


def _numerics() -> dict[str, Any]:
    """What bits may depend on: interpreter, libraries, and the kernels that BLAS chose for this processor."""
    return dict(_numerics_with(frozenset(WITH_BLAS & sys.modules.keys())))


@cache
def _numerics_with(loaded: frozenset[str]) -> tuple[tuple[str, Any], ...]:
    """As :func:`_numerics`, looked up again only when another library that brings a BLAS was loaded."""
    import numpy as np
    import threadpoolctl

    blas = [
        {"library": info["internal_api"], "version": info["version"], "architecture": info.get("architecture")}
        for info in threadpoolctl.threadpool_info()
        if info["user_api"] == "blas"
    ]
    blas.sort(key=str)  # they are listed as the system happened to load them
    return (
        ("python", platform.python_version()),
        ("numpy", np.__version__),
        ("machine", platform.machine()),
        ("blas", blas),
    )
