"""Watches one run in real time, from the tuner's calls to what a person sees of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar, TypeAlias

import attrs

from tunekit.config.run_spec import RunSpec
from tunekit.config.schema import EVERY_REPORT, QUIET
from tunekit.console import duration, messages
from tunekit.live.displays import PlainScreen, Screen, TerminalScreen
from tunekit.live.snapshot import Counts, Row, Standing, Subject, counts_of, gist, number, subject_of
from tunekit_core.contracts.backends import Backend, ShowsDevices
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Decision, Report, Scalar, Status, Trial
from tunekit_core.contracts.view import ExperimentView, Failure, Incumbent

SECONDS_BETWEEN_LOOKS = 0.25
MOST_LINES_WAITING = 10_000  # for a terminal that takes none, as after Ctrl-S; the oldest are dropped then
ENDING = {Decision.CONTINUE: "", Decision.PAUSE: "pausing", Decision.STOP: "stopping"}
ENDED = {Status.PAUSED: "pauses", Status.COMPLETED: "is complete", Status.STOPPED: "is stopped"}

Watch: TypeAlias = Callable[[Problem, Backend], Observer]


@contextmanager
def watching(spec: RunSpec) -> Iterator[Watch | None]:
    """While the block runs, a run is watched. However it is left, the screen is clear then.

    Yields:
        What makes the observer; ``None`` if there is nothing to watch: the run is simulated, or is to be quiet.
    """
    if spec.verbosity == QUIET or not spec.can_go_on:  # a backend whose runs can go on is one in real time
        yield None
        return
    watchers: list[Watcher] = []

    def watch(problem: Problem, backend: Backend) -> Observer:
        console, subject = messages(), subject_of(spec, problem)
        in_terminal = console.file.isatty() and console.is_interactive
        screen: Screen = TerminalScreen(console, subject) if in_terminal else PlainScreen(console.file, subject)
        tells_events = not in_terminal or spec.verbosity == EVERY_REPORT
        devices_of = backend.devices_of if isinstance(backend, ShowsDevices) else None
        watchers.append(
            Watcher(
                problem,
                subject,
                screen,
                devices_of=devices_of,
                tells_events=tells_events,
                tells_reports=spec.verbosity == EVERY_REPORT,
            )
        )
        return watchers[-1]

    try:
        yield watch
    finally:
        for watcher in watchers:
            watcher.close()


class Watcher(Observer):
    """Notes what happens in constant time; a thread shows it, at most four times a second.

    Args:
        problem: What is solved.
        subject: What is watched.
        screen: Where it is shown.
        devices_of: Tells where a trial runs.
        tells_events: Whether there is a line about each start and end of a trial.
        tells_reports: Whether there is one about each report.
    """

    name: ClassVar[str] = "watcher"

    def __init__(
        self,
        problem: Problem,
        subject: Subject,
        screen: Screen,
        *,
        devices_of: Callable[[int], str] | None = None,
        tells_events: bool = True,
        tells_reports: bool = False,
    ) -> None:
        super().__init__(problem, None)
        self._subject = subject
        self._screen = screen
        self._devices_of = devices_of
        self._tells_events = tells_events
        self._tells_reports = tells_reports
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        # Not a daemon: it gives the cursor back, whatever else happens to the process.
        self._thread = threading.Thread(target=self._show_until_it_is_over, name="tunekit-watcher")
        self._lead: float | None = None
        self._counts = Counts()
        self._rows: dict[int, Row] = {}
        self._columns: tuple[tuple[str, Scalar], ...] = ()
        self._incumbent: Incumbent | None = None
        self._failure: Failure | None = None
        self._reason = ""
        self._lines: deque[str] = deque(maxlen=MOST_LINES_WAITING)

    def on_experiment_start(self, view: ExperimentView) -> None:
        """Begin to show it."""
        with self._lock:
            self._note(view)
            self._rows = {trial.id: self._row(trial) for trial in view.running}
            if view.n_started:
                self._say(f"It goes on: {self._counts} so far.")
        self._thread.start()

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        """One more runs."""
        with self._lock:
            self._note(view)
            self._rows[trial.id] = self._row(trial)
            if self._tells_events:
                configuration = " ".join(self._subject.configuration(trial.configuration))
                self._tell(f"trial {trial.id} starts: {configuration}")

    def on_trial_resume(self, view: ExperimentView, trial: Trial) -> None:
        """One runs again."""
        with self._lock:
            self._note(view)
            self._rows[trial.id] = attrs.evolve(self._row(trial), heard=self._now())
            if self._tells_events:
                self._tell(f"trial {trial.id} goes on{self._where(trial, 'from')}")

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        """It has come further; it may be the best, and it may be asked to end."""
        with self._lock:
            leader = None if self._incumbent is None else self._incumbent.report.trial_id
            self._note(view)
            self._rows[trial.id] = attrs.evolve(self._row(trial), ending=ENDING[decision])
            if self._tells_reports:
                self._tell(f"trial {trial.id}{self._where(trial)}")
            is_best = self._incumbent is not None and self._incumbent.report is report
            if self._tells_events and is_best and leader != trial.id:
                self._tell(f"trial {trial.id} is the best so far{self._where(trial)}")

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        """It runs no longer."""
        with self._lock:
            self._note(view)
            self._rows.pop(trial.id, None)
            if not self._tells_events:
                return
            if status is Status.FAILED:
                assert self._failure is not None
                self._tell(f"trial {trial.id} has failed: {' … '.join(gist(self._failure.reason))}")
            else:
                self._tell(f"trial {trial.id} {ENDED[status]}{self._where(trial)}")

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
        """What still runs is about to be ended, which may take a while."""
        with self._lock:
            self._note(view)
            self._reason = reason
            if self._tells_events:
                self._tell(f"it ends: {reason}")

    def close(self) -> None:
        """Show the last, and clear the screen. Does nothing the second time, or if the experiment never began."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def standing(self) -> Standing:
        """Where the experiment stands at this moment; from any thread."""
        with self._lock:
            standing = Standing(
                now=self._now(),
                counts=self._counts,
                rows=tuple(self._rows.values()),
                columns=self._columns,
                incumbent=self._incumbent,
                failure=self._failure,
                reason=self._reason,
            )
        if self._devices_of is None:
            return standing
        rows = tuple(attrs.evolve(row, devices=self._devices_of(row.trial_id)) for row in standing.rows)
        return attrs.evolve(standing, rows=rows)

    def _show_until_it_is_over(self) -> None:
        with suppress(OSError), self._screen:  # where nobody can see us any more, the experiment goes on
            is_over = False
            while not is_over:
                is_over = self._is_over.wait(SECONDS_BETWEEN_LOOKS)
                self._screen.show(self._take_lines(), self.standing())

    def _take_lines(self) -> list[str]:
        with self._lock:
            lines = list(self._lines)
            self._lines.clear()
        return lines

    def _note(self, view: ExperimentView) -> None:
        # The view has the time of the latest event, which may be some way back: the clock never is behind it.
        lead = view.now - time.monotonic()
        self._lead = lead if self._lead is None else max(lead, self._lead)
        self._counts = counts_of(view)
        self._columns = tuple(view.columns().items())
        self._incumbent = view.incumbent
        self._failure = view.newest_failure

    def _now(self) -> float:
        return 0.0 if self._lead is None else time.monotonic() + self._lead

    def _row(self, trial: Trial) -> Row:
        report = trial.last_report
        if report is None:
            return Row(trial.id, trial.until, heard=self._now())
        return Row(trial.id, trial.until, report.time, report.resource, report.metrics[self._subject.metric])

    def _where(self, trial: Trial, preposition: str = "at") -> str:
        if trial.last_report is None:
            return ""
        where = f" {preposition} {self._subject.resource} {trial.last_report.resource}"
        return f"{where}: {self._subject.metric} {number(trial.last_report.metrics[self._subject.metric])}"

    def _tell(self, text: str) -> None:
        self._say(f"{duration(self._now())} {text}")

    def _say(self, line: str) -> None:
        self._lines.append(line)
