"""A backend, and the state of the trials that run on it, kept as the engine keeps it."""

from __future__ import annotations

from typing import Any

from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import Backend, BackendEvent, TrialEnded, TrialReported, UnfinishedTrial
from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Report, Resume, Start, Status, Trial
from tunekit_core.engine.events import Decided, Restarted, Resumed, Started
from tunekit_core.engine.gate import Gate
from tunekit_core.engine.state import ExperimentState
from tunekit_core.engine.state.reading import Reader
from tunekit_core.randomness import Streams


class DrivenBackend:
    """Has trials run on a backend, and reads what it says as the engine does.

    Args:
        backend: Opened.
        patience: Seconds on its clock without an event after which something is missing.

    Attributes:
        backend: As above.
        state: The trials.
        events: Everything that the backend has said.
    """

    def __init__(self, backend: Backend, patience: float) -> None:
        problem, streams = backend.problem, Streams(0)
        self.backend = backend
        self.state = ExperimentState(problem, Fifo(problem, streams, RandomSearch(problem, streams)))
        self.events: list[BackendEvent] = []
        self._patience = patience
        self._gate = Gate(self.state, backend)
        self._reader = Reader(self.state)
        self._n_reports: dict[int, int] = {}  # of the current run of each trial

    def start(self, until: int | None = None, checkpoint_of: Checkpoint | None = None, **values: Any) -> Trial:
        """Start a trial with the default configuration, but for some values."""
        start = Start(self.backend.problem.space.complete(values), until, checkpoint_of)
        trial = self.state.apply(Started.of(self.state.n_started, start, self.backend.now()))
        self._n_reports[trial.id] = 0
        self.backend.start(trial, until, checkpoint_of)
        return trial

    def resume(self, trial: Trial, until: int | None = None) -> None:
        """Resume a paused trial."""
        self.state.apply(Resumed.of(Resume(trial.id, until), self.backend.now()))
        self._n_reports[trial.id] = 0
        self.backend.resume(trial, until)

    def ask_to_end(self, trial: Trial, how: str) -> None:
        """Pause or stop a running trial, as if that was decided on its last report."""
        self.state.apply(Decided(trial.id, Decision.PAUSE if how == "pause" else Decision.STOP))
        (self.backend.pause if how == "pause" else self.backend.stop)(trial)

    def next(self) -> list[BackendEvent]:
        """What happens next; each event is of a trial that runs, and of its current run.

        Raises:
            AssertionError: If nothing happens though something runs, or an event makes no sense.
        """
        deadline = self.backend.now() + self._patience
        events = self.backend.wait(deadline)
        assert events, (
            f"Every run that was begun reports and ends: nothing came for {self._patience:g} s, and "
            f"{self.state.n_running} trials should run."
        )
        for event in events:
            assert self._gate.expected(event) is not None, (
                "Every event is of a trial that runs, of its current run, and a run ends once: "
                f"{event}, but {self._gate.anomaly(event).reason}."
            )
            self._take_in(event)
        self.events += events
        return events

    def until_idle(self) -> list[BackendEvent]:
        """What happens until nothing runs. A run that was lost is begun again."""
        events: list[BackendEvent] = []
        while self.state.n_running:
            events += self.next()
        return events

    def taken_up_by(self, backend: Backend) -> None:
        """The process of the backend has died; another backend takes up its trials."""
        unfinished = [
            UnfinishedTrial(trial, self._n_reports[trial.id], self.state.endings.get(trial.id) is not None)
            for trial in self.state.trials
            if not trial.status.final
        ]
        self.backend = backend
        self._gate = Gate(self.state, backend)
        backend.restore(unfinished, self.state.now)

    def _take_in(self, event: BackendEvent) -> None:
        if isinstance(event, TrialReported):
            self._n_reports[event.trial_id] += 1
            read = self._reader.read(event)
            self.state.apply(read)
            if isinstance(read, Report):
                self.state.apply(Decided(event.trial_id, Decision.CONTINUE))
            return
        trial = self.state.trials[event.trial_id]
        is_lost = (
            isinstance(event, TrialEnded) and event.status is Status.FAILED and event.cause is Cause.INFRASTRUCTURE
        )
        if not is_lost or self.state.endings.get(trial.id) is not None:
            self.state.apply(event)
            return
        self.state.apply(Restarted(trial.id, trial.n_runs, Cause.INFRASTRUCTURE, "", event.time))
        self._n_reports[trial.id] = 0
        self.backend.resume(trial, trial.until)


def resources(events: list[BackendEvent], trial: Trial) -> list[int]:
    """The epochs that a trial reported, in order."""
    reports = [event for event in events if isinstance(event, TrialReported) and event.trial_id == trial.id]
    return [report.metrics["epoch"] for report in reports]
