"""What every backend must keep to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tunekit_core.contracts.backends import Backend, BackendEvent, TrialEnded, TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Report, Status, Trial
from tunekit_core.testing.toy import ToyBenchmark, toy_problem

Make = Callable[[Problem, ToyBenchmark], Backend]


class BackendContract:
    """Subclass it in a plugin's tests and override :meth:`make`: a backend that runs the toy benchmark."""

    @pytest.fixture
    def make(self) -> Make:
        """Builds the backend under test from problem and benchmark."""
        raise NotImplementedError("override the fixture 'make'")

    @pytest.fixture
    def backend(self, make: Make) -> Iterator[Backend]:
        """The backend under test, on the smooth toy benchmark with 9 epochs."""
        benchmark = ToyBenchmark()
        backend = make(toy_problem(benchmark), benchmark)
        yield backend
        backend.close()

    def test_a_trial_reports_every_resource_and_ends_once(self, backend: Backend) -> None:
        """In order, each report with its metrics, times that do not fall."""
        trial = _trial(backend, 0)
        backend.start(trial, None, None)
        events = _events_until_idle(backend)
        reports, ended = events[:-1], events[-1]
        assert [event.metrics["epoch"] for event in reports if isinstance(event, TrialReported)] == [*range(1, 10)]
        assert isinstance(ended, TrialEnded)
        assert ended.status is Status.COMPLETED
        times = [event.time for event in events]
        assert times == sorted(times)

    def test_a_trial_that_is_sent_to_a_resource_ends_there(self, backend: Backend) -> None:
        """It reports it and then ends by itself."""
        backend.start(_trial(backend, 0), 3, None)
        events = _events_until_idle(backend)
        assert [event.metrics["epoch"] for event in events if isinstance(event, TrialReported)] == [1, 2, 3]
        assert isinstance(events[-1], TrialEnded)
        assert events[-1].status is Status.COMPLETED

    def test_a_resumed_trial_goes_on_to_its_next_target(self, backend: Backend) -> None:
        """With checkpoints where it was, perhaps with its last report once more, without from the beginning."""
        trial = _trial(backend, 0)
        backend.start(trial, 3, None)
        for event in _events_until_idle(backend):
            _remember(trial, event)
        backend.resume(trial, 9)
        resumed = [e.metrics["epoch"] for e in _events_until_idle(backend) if isinstance(e, TrialReported)]
        assert resumed[-6:] == [*range(4, 10)]
        assert resumed[:-6] in ([], [3]) if "checkpoint" in backend.capabilities else resumed[:-6] == [1, 2, 3]

    @pytest.mark.parametrize("how", ["pause", "stop"])
    def test_a_trial_that_is_asked_to_end_ends_once(self, backend: Backend, how: str) -> None:
        """Also when it is asked while its last report is on the way."""
        first, second = _trial(backend, 0), _trial(backend, 1)
        backend.start(first, None, None)
        backend.start(second, 3, None)
        ends: list[int] = []
        while len(ends) < 2:
            for event in backend.wait(None):
                if isinstance(event, TrialEnded):
                    ends.append(event.trial_id)
                elif event.metrics["epoch"] == 3:
                    getattr(backend, how)((first, second)[event.trial_id])
        assert sorted(ends) == [0, 1]
        assert _events_until_idle(backend, running=0) == []

    def test_waiting_ends_at_the_deadline(self, backend: Backend) -> None:
        """With nothing, and the clock there."""
        backend.start(_trial(backend, 0), None, None)
        before = backend.now()
        assert backend.wait(before + 1e-6) == []
        assert backend.now() >= before + 1e-6


def _trial(backend: Backend, trial_id: int) -> Trial:
    return Trial(trial_id, backend.problem.space.default())


def _events_until_idle(backend: Backend, running: int = 1) -> list[BackendEvent]:
    events: list[BackendEvent] = []
    while running:
        for event in backend.wait(None):
            events.append(event)
            running -= isinstance(event, TrialEnded)
    return events


def _remember(trial: Trial, event: BackendEvent) -> None:
    if isinstance(event, TrialReported):
        trial.last_report = Report(trial.id, event.metrics["epoch"], event.metrics, (0.0,), event.time)
