"""One experiment as it is now, read from its folder while another process runs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from rich.text import Text

from tunekit.console import duration
from tunekit.live.displays import progress_line
from tunekit.live.layout import layout_lines
from tunekit.live.snapshot import Counts, RunInfo, RunningTrial, Snapshot, held, recorded_ends
from tunekit.results.summary import value_and_place
from tunekit.runs.folders import now_at
from tunekit.runs.recorded import shown_path
from tunekit.watch.controls import Controls
from tunekit.watch.liveness import Liveness, last_written, look_at
from tunekit.watch.rungs import Rungs
from tunekit_core.contracts.trials import Status, Trial
from tunekit_core.engine.state import View
from tunekit_core.errors import RecordError
from tunekit_core.records.files import EVENTS, METADATA
from tunekit_core.records.following import FollowedRecord
from tunekit_core.records.so_far import problem_of

ENDING = {Status.PAUSED: "pausing", Status.STOPPED: "stopping"}
WHAT_IS_TUNED = ("search_space", "metric", "mode", "resource", "max_resource", "constraint", "config")
COUNTS_AT_END = ("n_started", "n_paused", "n_completed", "n_stopped", "n_failed", "n_reports")
WITHOUT_RECORD = "It keeps no record while it runs, as simulated experiments, which end soon: there is no more to see"


@attrs.frozen
class ExperimentPicture:
    """An experiment at one moment.

    Attributes:
        folder: Where it is by now.
        liveness: Whether it runs.
        run_info: The run.
        snapshot: What it has come to; of one without a record how long it has run.
        controls: By what it can be steered; ``None`` if it cannot be, since it is over or takes no requests.
    """

    folder: Path
    liveness: Liveness
    run_info: RunInfo
    snapshot: Snapshot
    controls: Controls | None = None

    @property
    def is_over(self) -> bool:
        """Whether nobody writes it any more."""
        return self.liveness.is_over

    def lay_out(self, width: int, height: int) -> list[Text]:
        """It in the lines of a window, in characters and lines: the same that a run shows of itself."""
        return layout_lines(self.run_info, self.snapshot, width, height)

    def line(self) -> str:
        """It in one line."""
        return f"{duration(self.snapshot.now)} {progress_line(self.run_info, self.snapshot)}"


class WatchedExperiment:
    """Looks at an experiment; what was read of its record once is not read again.

    Args:
        folder: Its folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tuned: Mapping[str, Any] | None = None  # of the metadata, what says what is tuned
        self._followed: _Followed | None = None

    @property
    def folder(self) -> Path:
        """Where it was at the last look."""
        return self._folder

    def look(self) -> ExperimentPicture:
        """The experiment as it is now.

        Raises:
            RecordError: If it is not there any more, or its metadata cannot be read.
        """
        metadata, liveness = self._look_at()
        tuned = {name: metadata.get(name) for name in WHAT_IS_TUNED}
        if self._followed is None or tuned != self._tuned:
            self._tuned = tuned
            self._followed = _Followed(self._folder, metadata) if "search_space" in metadata else None
        if self._followed is None:  # it failed before it began
            info = RunInfo(self._folder.name, "", "report", None, ())
            return ExperimentPicture(self._folder, liveness, info, Snapshot(0.0, Counts()))
        snapshot = self._followed.snapshot(metadata, liveness)
        controls = None if liveness.is_over else self._followed.controls()
        return ExperimentPicture(self._folder, liveness, self._followed.run_info, snapshot, controls)

    def _look_at(self) -> tuple[dict[str, Any], Liveness]:
        if not (self._folder / METADATA).exists():
            moved = now_at(self._folder)
            if moved is None:
                raise RecordError(f"{self._folder} is gone: it was moved or removed while it was watched.")
            self._folder, self._followed = Path(shown_path(moved)), None
        return look_at(self._folder)


class _Followed:
    """An experiment with its record and the clock of its process."""

    def __init__(self, folder: Path, metadata: Mapping[str, Any]) -> None:
        problem = problem_of(folder, metadata)
        self.run_info = RunInfo.recorded(folder.name, metadata, problem)
        self._folder = folder
        self._controls = Controls.of(metadata, problem.space)
        self._rungs = Rungs(metadata, problem)
        self._record = FollowedRecord(folder, problem, on_event=self._note, on_anew=self._rungs.begin)
        self._clock = _Clock()

    def snapshot(self, metadata: Mapping[str, Any], liveness: Liveness) -> Snapshot:
        """What it has come to."""
        record = self._record
        if record.read():
            self._clock.note(record, last_written(self._folder))
        if not record.n_events and not (self._folder / EVENTS).exists():
            return _without_record(metadata, liveness)
        state = record.state
        is_held = state.requested.is_held and not liveness.is_over
        notes = [note for note in (record.damage, held(self._folder) if is_held else "", liveness.note) if note]
        return Snapshot(
            now=record.time if liveness.is_over else self._clock.now(record.time),
            counts=Counts.of(View(state)),
            running=tuple(map(self._running_trial, state.running)),
            columns=self._rungs.columns(),
            incumbent=state.incumbent,
            newest_failure=state.newest_failure,
            reason=record.reason,
            notes=tuple(notes),
            ends=recorded_ends(metadata),
        )

    def controls(self) -> Controls | None:
        """By what it can be steered, while it runs."""
        is_recorded = (self._folder / EVENTS).exists()
        return attrs.evolve(self._controls, is_held=self._record.state.requested.is_held) if is_recorded else None

    def _note(self, event: Any) -> None:
        self._rungs.note(event, self._record.state)

    def _running_trial(self, trial: Trial) -> RunningTrial:
        state = self._record.state
        ending = ENDING.get(state.endings[trial.id], "") if trial.id in state.endings else ""
        placed = state.placed.get(trial.id)
        devices = "" if placed is None else placed.place
        return RunningTrial.of(
            trial, self.run_info.metric, self._record.began[trial.id], ending=ending, devices=devices
        )


def _without_record(metadata: Mapping[str, Any], liveness: Liveness) -> Snapshot:
    """What there is to see of an experiment that keeps no record: what it says of itself at its end."""
    counts = Counts(**{name: metadata[name] for name in COUNTS_AT_END if name in metadata})
    best = [f"The best: {value_and_place(metadata)}"] if "incumbent" in metadata else []
    notes = best if liveness.is_over else [WITHOUT_RECORD]
    reason = str(metadata.get("reason", "")) if liveness.is_over else ""
    return Snapshot(float(metadata.get("time", 0.0)), counts, reason=reason, notes=tuple(notes))


class _Clock:
    """The clock of an experiment, which only its process has: told by when its events are seen."""

    def __init__(self) -> None:
        self._offset: float | None = None  # to the clock of this process
        self._is_estimate = True
        self._n_begun = 0

    def note(self, record: FollowedRecord, written: float) -> None:
        """Something was appended.

        Args:
            record: What there is now.
            written: When, in seconds since the epoch: of what was there at the first look.
        """
        offset = record.time - time.monotonic()
        if self._offset is None:
            self._offset = offset + max(0.0, time.time() - written)
        elif self._is_estimate or record.n_begun != self._n_begun:
            self._offset, self._is_estimate = offset, False
        else:
            self._offset = max(self._offset, offset)
        self._n_begun = record.n_begun

    def now(self, least: float) -> float:
        """Seconds since the experiment began."""
        return least if self._offset is None else max(least, time.monotonic() + self._offset)
