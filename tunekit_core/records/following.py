"""The record of an experiment is followed while another process writes it: what was appended is read, nothing twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tunekit_core.contracts.backends import TrialEnded, TrialPlaced
from tunekit_core.contracts.problem import Problem
from tunekit_core.engine.as_recorded import AsRecorded
from tunekit_core.engine.events import CriterionMet, Recorded, Restarted, Resumed, Started, TunerStarted
from tunekit_core.engine.fold import Fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import RecordError, ReplayError
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.files import EVENTS

Stamp: TypeAlias = tuple[int, int, int, int]
"""Device, inode, size in bytes and time of the last change in nanoseconds of a file."""


class FollowedRecord:
    """Brings a state to where the record of an experiment is, whenever it is asked to.

    A report whose decision is not in the record yet is left out, as is a line that is being written. A file that is
    replaced, or becomes shorter than what was read of it, is read anew.

    Args:
        folder: The folder of the experiment; the record need not exist yet.
        problem: What is tuned.
        on_event: Called with each event once the state has it.
        on_anew: Called before the first event, and whenever the record is read from its beginning again.

    Attributes:
        state: The state of the experiment. Another one once the record is read anew.
        time: The latest time in the record, in seconds since the experiment began.
        n_events: Events of the record that were read.
        n_begun: Processes that have begun the experiment, or gone on with it.
        began: When each trial that runs was sent off last, by its id, in seconds since the experiment began.
        reason: Why the experiment ends, once a criterion says so.
        damage: Why the record cannot be followed further; empty if it can.
    """

    state: ExperimentState
    time: float
    n_events: int
    n_begun: int
    began: dict[int, float]
    reason: str
    damage: str

    def __init__(
        self,
        folder: Path,
        problem: Problem,
        *,
        on_event: Callable[[Recorded], None] = lambda event: None,
        on_anew: Callable[[], None] = lambda: None,
    ) -> None:
        self.problem = problem
        self._path = folder / EVENTS
        self._on_event = on_event
        self._on_anew = on_anew
        self._stamp: Stamp | None = None
        self._is_nonsense = False
        self._tried_anew_at = -1
        self._begin()

    def read(self) -> bool:
        """Apply what was appended since the last call; whether the file has changed since then.

        While nothing was appended this is one look at the size of the file.
        """
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return False
        if self._is_another(stamp):
            self._begin()
        self._stamp = stamp
        if stamp is not None and not self._is_nonsense:
            self._read_on()
        return True

    def _begin(self) -> None:
        self._scheduler = AsRecorded(self.problem)
        self.state = ExperimentState(self.problem, self._scheduler)
        self._folding = Fold(self.state)
        self._file = EventFile(self._path)
        self._is_nonsense = False
        self.time, self.n_events, self.n_begun, self.reason, self.damage = 0.0, 0, 0, "", ""
        self.began = {}
        self._on_anew()

    def _stamp_now(self) -> Stamp | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def _is_another(self, stamp: Stamp | None) -> bool:
        """Whether what was read so far is not the beginning of what is there now."""
        if stamp is None or self._stamp is None:
            return self.n_events > 0 or self.damage != ""
        return stamp[:2] != self._stamp[:2] or stamp[2] < self._file.bytes_read

    def _read_on(self) -> None:
        start, self.damage = self._file.bytes_read, ""
        try:
            for event in self._scheduler.following(self._file.read_on()):
                self._apply(event)
        except _Nonsense as error:
            self._is_nonsense = True
            self.damage = f"{self._path} is not the record of this experiment: {error.__cause__}"
        except RecordError as error:
            if start and start == self._file.bytes_read and self._tried_anew_at != start:
                # It may have been written over from its beginning, and be longer by now.
                self._tried_anew_at = start
                self._begin()
                self._read_on()
                return
            self.damage = str(error)
        self.n_events = self._file.n_events

    def _apply(self, event: Recorded) -> None:
        try:
            self._folding.add(event)
        except (RecordError, ReplayError, LookupError) as error:
            raise _Nonsense from error
        self.time = max(self.time, self.state.now)
        if isinstance(event, Started | Resumed | Restarted | TrialPlaced):
            self.began[event.trial_id] = event.time
        elif isinstance(event, TrialEnded):
            self.began.pop(event.trial_id, None)
        elif isinstance(event, CriterionMet):
            self.reason = event.reason
        elif isinstance(event, TunerStarted):
            self.n_begun += 1
            self.reason = ""
        self._on_event(event)


class _Nonsense(Exception):
    """An event makes no sense after those before it."""
