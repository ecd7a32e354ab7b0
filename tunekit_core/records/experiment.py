"""The record of one experiment while it runs."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from tunekit_core import __version__
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.events import Happened, Recorded, Started
from tunekit_core.engine.summary import BEST_SO_FAR, summary_of_failures
from tunekit_core.errors import DamagedRecord, LockLost, RecordError
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import registry
from tunekit_core.records.believed import find
from tunekit_core.records.best_so_far import read_best_so_far
from tunekit_core.records.damage import how_to_go_on
from tunekit_core.records.earlier import Earlier, look
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.files import EVENTS, RESULTS, checked_path, write_metadata
from tunekit_core.records.lock import FolderLock
from tunekit_core.records.metadata_fields import FILES_FORMAT, FORMERLY, HASH, check_given
from tunekit_core.records.results import ResultsWriter
from tunekit_core.records.syncing import make_folder, sync_folder

# What is written so soon after a look at the lock is taken for one with it. Whoever takes a folder over needs longer
# for the metadata alone, which come before the first event.
SECONDS_OF_A_BATCH = 0.001
WITH_BLAS = {"scipy.linalg", "torch"}  # beside numpy


class ExperimentRecord:
    """Writes the files of an experiment, and holds the lock on its folder from the beginning.

    Args:
        folder: Where the files go; made if it does not exist.
        keep_events: Write ``events.jsonl``, from which the experiment can be folded, and have what is recorded outlast
            a power cut: when a trial has ended, at most every 100 ms, and at the end all files. Off in simulations,
            where running again is cheaper.

    Raises:
        ExperimentLocked: If another live process writes this experiment.
    """

    def __init__(self, folder: Path | str, *, keep_events: bool = False) -> None:
        self.folder = checked_path(folder, "folder")
        if keep_events:
            make_folder(self.folder)
        self._lock = FolderLock(self.folder)
        self._metadata: dict[str, Any] = {}
        self.keeps_events = keep_events
        self._events: EventFile | None = None
        self._results: ResultsWriter | None = None
        self._is_ours = False  # what is in the folder: written by this object, rather than found
        self._checked = 0.0  # when, on the clock of the process, nobody else wrote
        self._failures: dict[int, str] = {}

    def status(self) -> ExperimentStatus | None:
        """The status of what is in the folder now, or ``None`` if there is no experiment that counts."""
        status = find(self.folder).status
        # Nobody else writes while we hold the lock, so before we begin it was left by a process that died.
        died = status is ExperimentStatus.RUNNING and not self._is_ours
        return ExperimentStatus.INTERRUPTED if died else status

    def release(self) -> None:
        """Let others write; what is in the folder stays as it is."""
        self._lock.release()

    def begin(
        self,
        problem: Problem,
        n_workers: int,
        components: Sequence[Any],
        metadata: Mapping[str, Any],
        *,
        restores: bool = False,
    ) -> Iterable[Recorded]:
        """Write the first ``metadata.json`` and open the results: of an experiment that goes on, once it is folded.

        Until then its files stay as they are, so that one that cannot be folded is not lost.

        Args:
            problem: What is solved.
            n_workers: Trials at the same time.
            components: Everything in use; the versions of their distributions are recorded.
            metadata: What else is to be found in ``metadata.json``: tags, notes, how it was made.
            restores: Whether an experiment that was recorded here is restored. If not, its record is set aside, and
                the rest replaced.

        Returns:
            The events of the experiment that is restored, whose rows are to be written again; none if a new one begins.
            They are to be read through before anything is written.

        Raises:
            ConfigurationError: If the metadata have an entry that cannot be read back.
            RecordError: If what was recorded is another problem, or of another format. If its events are damaged,
                while they are read. Of the rest what is damaged is made again from them, or else set aside.
        """
        check_given(metadata)
        earlier = look(self.folder, may_go_on=restores and self.keeps_events)
        if earlier.goes_on:
            earlier.check_same(problem)
        objective = problem.objective
        self._metadata = {
            **metadata,
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
            "started": earlier.metadata.get("started", _now()) if earlier.goes_on else _now(),
        }
        if earlier.goes_on and FORMERLY in earlier.metadata:
            self._metadata[FORMERLY] = earlier.metadata[FORMERLY]
        self._lock.check()
        self._results = ResultsWriter(self.folder, problem.space, sync=self.keeps_events)
        self._events = EventFile(self.folder / EVENTS) if self.keeps_events else None
        if self._events is not None and earlier.goes_on:
            return self._past(self._events, earlier, problem)
        self._make_ours(earlier)
        return ()

    def _past(self, events: EventFile, earlier: Earlier, problem: Problem) -> Iterator[Recorded]:
        tells_its_space = "search_space" in earlier.metadata
        try:
            for event in events.read():
                if isinstance(event, Started) and not (tells_its_space or problem.space.contains(event.configuration)):
                    raise earlier.another("search space")
                yield event
        except DamagedRecord as error:
            if events.n_events == 0:
                raise
            raise DamagedRecord(f"{error} {how_to_go_on(self.folder, events.n_events)}") from error
        self._make_ours(earlier)

    def _make_ours(self, earlier: Earlier) -> None:
        self._lock.check()  # it may have taken long to read what is recorded
        self._is_ours = True  # first: an interruption in the middle of this is an end, which is to be written
        aside = earlier.set_aside()
        if aside:
            self._metadata["set_aside"] = aside
        (self.folder / RESULTS).unlink(missing_ok=True)  # of an experiment before: it would pass for ours
        if self.keeps_events:
            sync_folder(self.folder)
        write_metadata(self.folder, self._metadata, sync=self.keeps_events)

    def amend(self, metadata: Mapping[str, Any]) -> None:
        """From now on the metadata say something else of how the experiment was made; written at once.

        Args:
            metadata: The entries that change.

        Raises:
            OSError: If it cannot be written.
        """
        before = self._metadata.get(HASH)
        if before is not None and metadata.get(HASH, before) != before:
            self._metadata[FORMERLY] = [*self._metadata.get(FORMERLY, []), before]
        self._metadata |= metadata
        write_metadata(self.folder, self._metadata, sync=self.keeps_events)

    def write(self, event: Happened) -> None:
        """Add an event to ``events.jsonl``, if it is kept.

        Raises:
            LockLost: If another process may write this experiment now; nothing is written from then on.
            OSError: If it cannot be written; the error names the folder.
        """
        if self._events is None:
            return
        try:
            if time.monotonic() - self._checked > SECONDS_OF_A_BATCH:
                self._check_ours()
            self._events.write(event)
        except LockLost:
            self._is_ours = False
            raise
        except OSError as error:
            self._name_folder(error)
            raise

    def failure(self, trial_id: int, reason: str) -> None:
        """A trial failed, for the first reason that is given. The metadata list all that failed, and some reasons."""
        self._failures.setdefault(trial_id, reason)

    def row(self, trial: Trial, report: Report, decision: Decision, composed: Sequence[Mapping[str, Any]]) -> None:
        """Add the row of a report."""
        if self._results is not None:
            self._results.row(trial, report, decision, composed)

    def finish(self, status: ExperimentStatus, reason: str, summary: Mapping[str, Any]) -> None:
        """Close the files, write the final ``metadata.json`` and release the lock.

        Args:
            status: How it ended.
            reason: Why it ended.
            summary: Counts and the incumbent, for the metadata.

        Raises:
            LockLost: If another process may write this experiment now, as is seen here first; nothing is written.
            OSError: If the files cannot be written.
        """
        if self._results is None or not self._is_ours:
            self._leave_as_found()
            return
        try:
            self._check_ours()
        except LockLost:
            self._leave_as_found()
            raise
        self._metadata |= {"status": status.value, "reason": reason, **summary, "ended": _now()}
        self._metadata["numerics"] = _numerics()  # again: a component may have loaded a library when it was used first
        self._metadata |= summary_of_failures(self._failures)
        try:
            try:
                if self._events is not None:
                    self._events.close()
            finally:
                self._results.close()
            if BEST_SO_FAR not in summary:
                with suppress(RecordError):  # whoever wants it reads the results, as here
                    self._metadata[BEST_SO_FAR] = read_best_so_far(self.folder, self._metadata)
            write_metadata(self.folder, self._metadata, sync=self.keeps_events)
        except OSError as error:
            self._name_folder(error)
            raise
        finally:
            self.release()

    def _check_ours(self) -> None:
        self._lock.check()
        if self._events is not None:
            self._events.check()
        self._checked = time.monotonic()

    def _leave_as_found(self) -> None:
        try:
            if self._events is not None:
                self._events.close()
            if self._results is not None:
                self._results.discard()
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
