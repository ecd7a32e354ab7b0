"""Watches one run in real time, from the tuner's calls to what is displayed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any, ClassVar, TypeAlias

import attrs

from tunekit.config.schema import EVERY_REPORT, QUIET
from tunekit.console import duration, first_and_last_line, stderr_console
from tunekit.live.displays import Display, PlainDisplay, TerminalDisplay
from tunekit.live.notebook import NotebookDisplay, in_notebook
from tunekit.live.present_run import PresentRun
from tunekit.live.snapshot import Counts, RunInfo, RunningTrial, Snapshot, held
from tunekit_core.contracts.backends import Backend, ShowsDevices
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Decision, Report, Scalar, Status, Trial
from tunekit_core.contracts.view import ExperimentView, Failure, Incumbent
from tunekit_core.number_text import format_number

SECONDS_BETWEEN_LOOKS = 0.25
MOST_LINES_WAITING = 10_000  # for a terminal that takes none, as after Ctrl-S; the oldest are dropped then
ENDING = {Decision.CONTINUE: "", Decision.PAUSE: "pausing", Decision.STOP: "stopping"}
BEGINS_AGAIN = "begins again: it kept no checkpoint when it paused"
ENDED = {Status.PAUSED: "pauses", Status.COMPLETED: "is complete", Status.STOPPED: "is stopped"}

Watch: TypeAlias = Callable[[Problem, Backend], Observer]


@contextmanager
def watching(present: PresentRun) -> Iterator[list[Watch]]:
    """While the block runs, a run is displayed. However the block is left, the terminal is clean afterwards.

    Yields:
        What makes the observer; nothing if there is nothing to watch: the run is simulated, or is to be quiet.
    """
    spec = present.planned
    if spec.verbosity == QUIET or not spec.can_restore:  # backends that can restore are those in real time
        yield []
        return
    with ExitStack() as watchers:
        yield [lambda problem, backend: watchers.enter_context(closing(_watcher(present, problem, backend)))]


def _watcher(present: PresentRun, problem: Problem, backend: Backend) -> Watcher:
    console, run_info = stderr_console(), RunInfo.of(present.planned, problem)
    every_report = present.planned.verbosity == EVERY_REPORT
    display: Display
    if in_notebook():
        display = NotebookDisplay(console.file, run_info)
    elif console.file.isatty() and console.is_interactive:
        display = TerminalDisplay(console, run_info)
    else:
        display = PlainDisplay(console.file, run_info)
    return Watcher(
        problem,
        run_info,
        display,
        present,
        devices_of=backend.devices_of if isinstance(backend, ShowsDevices) else None,
        shows_events=isinstance(display, PlainDisplay) or every_report,
        shows_reports=every_report,
    )


class Watcher(Observer):
    """Notes what happens in constant time; a thread displays it, at most four times a second.

    Args:
        problem: What is solved.
        run_info: The run.
        display: Where it is shown.
        present: What it is by now.
        devices_of: Tells where a trial runs.
        shows_events: Whether there is a line about each start and end of a trial.
        shows_reports: Whether there is one about each report.
    """

    name: ClassVar[str] = "watcher"

    def __init__(
        self,
        problem: Problem,
        run_info: RunInfo,
        display: Display,
        present: PresentRun,
        *,
        devices_of: Callable[[int], str] | None = None,
        shows_events: bool = True,
        shows_reports: bool = False,
    ) -> None:
        super().__init__(problem, None)
        self._run_info = run_info
        self._display = display
        self._present = present
        self._devices_of = devices_of
        self._shows_events = shows_events
        self._shows_reports = shows_reports
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        # Not a daemon: it shows the cursor again, whatever else happens to the process.
        self._thread = threading.Thread(target=self._show_until_it_is_over, name="tunekit-watcher")
        self._clock_offset: float | None = None
        self._counts = Counts()
        self._running: dict[int, RunningTrial] = {}
        self._columns: tuple[tuple[str, Scalar], ...] = ()
        self._incumbent: Incumbent | None = None
        self._newest_failure: Failure | None = None
        self._reason = ""
        self._has_told_of_dropped = False
        self._lines: deque[str] = deque(maxlen=MOST_LINES_WAITING)

    def on_experiment_start(self, view: ExperimentView, metadata: Mapping[str, Any]) -> None:
        with self._lock:
            self._update(view)
            self._running = {trial.id: self._running_trial(trial) for trial in view.running}
            if view.n_started:
                self._queue_line(f"It goes on: {self._counts} so far.")
        self._thread.start()

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        with self._lock:
            self._update(view)
            self._running[trial.id] = self._running_trial(trial)
            if self._shows_events:
                configuration = " ".join(self._run_info.searched_values(trial.configuration))
                self._queue_timed_line(f"trial {trial.id} starts: {configuration}")

    def on_trial_resume(self, view: ExperimentView, trial: Trial) -> None:
        with self._lock:
            self._update(view)
            self._running[trial.id] = attrs.evolve(self._running_trial(trial), heard=self._now())
            if self._shows_events:
                does = f"goes on{self._last_report(trial, 'from')}" if trial.has_checkpoint else BEGINS_AGAIN
                self._queue_timed_line(f"trial {trial.id} {does}")

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        with self._lock:
            leader = None if self._incumbent is None else self._incumbent.report.trial_id
            self._update(view)
            self._running[trial.id] = attrs.evolve(self._running_trial(trial), ending=ENDING[decision])
            if self._shows_reports:
                self._queue_timed_line(f"trial {trial.id}{self._last_report(trial)}")
            is_best = self._incumbent is not None and self._incumbent.report is report
            if self._shows_events and is_best and leader != trial.id:
                self._queue_timed_line(f"trial {trial.id} is the best so far{self._last_report(trial)}")

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        with self._lock:
            self._update(view)
            self._running.pop(trial.id, None)
            if not self._shows_events:
                return
            if status is Status.FAILED:
                assert self._newest_failure is not None
                why = " … ".join(first_and_last_line(self._newest_failure.reason))
                self._queue_timed_line(f"trial {trial.id} has failed: {why}")
            else:
                self._queue_timed_line(f"trial {trial.id} {ENDED[status]}{self._last_report(trial)}")

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
        """Show the reason while what still runs is ended, which may take a while."""
        with self._lock:
            self._update(view)
            self._reason = reason
            if self._shows_events:
                self._queue_timed_line(f"it ends: {reason}")

    def close(self) -> None:
        """Show what is left and leave the display. Does nothing the second time, or if the experiment never began."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def snapshot(self) -> Snapshot:
        """The run at this moment; from any thread."""
        with self._lock:
            snapshot = Snapshot(
                now=self._now(),
                counts=self._counts,
                running=tuple(self._running.values()),
                columns=self._columns,
                incumbent=self._incumbent,
                newest_failure=self._newest_failure,
                reason=self._reason,
                notes=(held(self._present.spec.folder),) if self._present.is_held else (),
                ends=self._present.spec.built_in_criteria,
            )
        if self._devices_of is None:
            return snapshot
        running = tuple(attrs.evolve(trial, devices=self._devices_of(trial.trial_id)) for trial in snapshot.running)
        return attrs.evolve(snapshot, running=running)

    def _show_until_it_is_over(self) -> None:
        with suppress(OSError), self._display:  # the experiment goes on if the terminal is gone
            is_over = False
            while not is_over:
                is_over = self._is_over.wait(SECONDS_BETWEEN_LOOKS)
                self._display.show(self._take_lines(), self.snapshot())

    def _take_lines(self) -> list[str]:
        with self._lock:
            lines = list(self._lines)
            self._lines.clear()
        return lines

    def _update(self, view: ExperimentView) -> None:
        # The view has the time of the latest event, which may be some way back: the clock never is behind it.
        offset = view.now - time.monotonic()
        self._clock_offset = offset if self._clock_offset is None else max(offset, self._clock_offset)
        self._counts = Counts.of(view)
        self._columns = tuple(view.columns().items())
        self._incumbent = view.incumbent
        self._newest_failure = view.newest_failure
        if view.n_dropped and not self._has_told_of_dropped:
            self._has_told_of_dropped = True
            self._queue_timed_line("a report was dropped: its resource has not grown. The end says how many were")

    def _now(self) -> float:
        return 0.0 if self._clock_offset is None else time.monotonic() + self._clock_offset

    def _running_trial(self, trial: Trial) -> RunningTrial:
        return RunningTrial.of(trial, self._run_info.metric, self._now())

    def _last_report(self, trial: Trial, preposition: str = "at") -> str:
        """Such as `` at epoch 3: loss 0.5``; nothing if the trial has not reported."""
        report = trial.last_report
        if report is None:
            return ""
        value = format_number(report.metrics[self._run_info.metric])
        return f" {preposition} {self._run_info.resource} {report.resource}: {self._run_info.metric} {value}"

    def _queue_timed_line(self, text: str) -> None:
        self._queue_line(f"{duration(self._now())} {text}")

    def _queue_line(self, line: str) -> None:
        self._lines.append(line)
