"""What every backend must keep to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tunekit_core.contracts.backends import Backend, StartFailed, TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Cause, Checkpoint, Status
from tunekit_core.testing.driven_backend import DrivenBackend, resources
from tunekit_core.testing.leaks import nothing_is_left
from tunekit_core.testing.toy import ToyBenchmark, toy_problem

Make = Callable[[Problem, ToyBenchmark], Backend]
AT_ONCE = 0.1  # seconds; what is accepted takes 10 ms, and the machine may be busy
EPOCHS = [*range(1, 10)]
SEVERAL = 3


class BackendContract:
    """Subclass it in a plugin's tests and override :meth:`make`: a backend that runs the toy benchmark.

    The backend is not opened yet. Called twice in a test, it gives two backends in the same folder.

    Attributes:
        patience: Seconds on the clock of the backend that pass between two events at most.
    """

    patience = 60.0

    @pytest.fixture
    def make(self) -> Make:
        """Builds the backend under test from problem and benchmark."""
        raise NotImplementedError("override the fixture 'make'")

    @pytest.fixture
    def make_failing(self) -> Make:
        """As ``make``, of a backend whose trials fail after a report or more; override it where they can."""
        pytest.skip("the fixture 'make_failing' is not overridden")

    @pytest.fixture
    def driven(self, make: Make) -> Iterator[DrivenBackend]:
        """The backend under test, on the smooth toy benchmark with 9 epochs and two workers."""
        with self._driven(make) as driven:
            yield driven

    @pytest.fixture
    def failing(self, make_failing: Make) -> Iterator[DrivenBackend]:
        """As ``driven``, of a backend whose trials fail."""
        with self._driven(make_failing) as driven:
            yield driven

    def test_a_trial_reports_every_resource_and_ends_once(self, driven: DrivenBackend) -> None:
        """In order, each report with its metrics, times that do not fall."""
        trial = driven.start()
        events = driven.until_idle()
        assert resources(events, trial) == EPOCHS, "A trial that is sent to the end reports every resource, in order."
        assert trial.status is Status.COMPLETED, "A trial that ends by itself without an error is told as COMPLETED."
        times = [event.time for event in events]
        assert times == sorted(times), "Times do not fall: the backend has one clock."
        assert 0 <= times[0] <= times[-1] <= driven.backend.now(), "Times are seconds since the experiment began."

    def test_a_trial_runs_with_its_own_configuration(self, driven: DrivenBackend) -> None:
        """What it reports follows from it."""
        trials = [driven.start(x=0.1), driven.start(x=0.9)]
        events = driven.until_idle()
        told = [event for event in events if isinstance(event, TrialReported) and event.metrics["epoch"] == 1]
        scores = {event.trial_id: event.metrics["score"] for event in told}
        assert scores[trials[0].id] != scores[trials[1].id], (
            "A trial runs with its own configuration: with x=0.1 and with x=0.9 the score is the same."
        )

    def test_a_trial_that_is_sent_to_a_resource_ends_there(self, driven: DrivenBackend) -> None:
        """It reports it and then ends by itself."""
        _needs(driven, "pause")
        trial = driven.start(3)
        assert resources(driven.until_idle(), trial) == [1, 2, 3], (
            "A trial that is sent to 3 ends when it has reported 3."
        )
        assert trial.status is Status.PAUSED, (
            "A trial that ends where it was sent to is told as COMPLETED, not as failed."
        )

    def test_a_resumed_trial_goes_on_to_its_next_target(self, driven: DrivenBackend) -> None:
        """With checkpoints where it was, perhaps with its last report once more, without from the beginning."""
        _needs(driven, "pause")
        goes_on = "checkpoint" in driven.backend.capabilities
        trial = driven.start(3)
        end = driven.until_idle()[-1]
        driven.resume(trial, 6)
        resumed = resources(driven.until_idle(), trial)
        assert resumed[-1:] == [6], f"A trial that is resumed and sent to 6 ends there: it reported {resumed}."
        if goes_on:
            assert resumed in ([4, 5, 6], [3, 4, 5, 6]), (
                "With the capability 'checkpoint' a resumed trial goes on from its last report."
            )
        else:
            assert resumed == [*range(1, 7)], "Without the capability 'checkpoint' a resumed trial starts over."
        assert isinstance(end, TrialEnded)
        assert end.has_checkpoint == goes_on, (
            "has_checkpoint says whether a later run of the trial goes on from something: at the end of the first run "
            f"it was {end.has_checkpoint}, and the second run {'went on' if goes_on else 'started over'}."
        )
        driven.resume(trial)
        assert resources(driven.until_idle(), trial)[-1:] == [9], (
            "A trial that is resumed and sent to its end gets there."
        )

    def test_a_trial_that_was_asked_to_pause_goes_on_where_it_was(self, driven: DrivenBackend) -> None:
        """What it did since it saved its state, it may do again."""
        _needs(driven, "pause", "checkpoint")
        trial = driven.start()
        while trial.reached < 3:
            driven.next()
        driven.ask_to_end(trial, "pause")
        driven.until_idle()
        driven.resume(trial)
        resumed = resources(driven.until_idle(), trial)
        assert resumed[0] > 1, (
            "With the capability 'checkpoint' a trial that was asked to pause goes on where it was: asked at 3 and "
            "resumed, it started over."
        )
        assert resumed[-1] == 9, f"A trial that is resumed comes to its end: it reported {resumed}."

    @pytest.mark.parametrize("how", ["pause", "stop"])
    def test_a_trial_that_is_asked_to_end_ends_once(self, driven: DrivenBackend, how: str) -> None:
        """Also when it is asked while its last report is on the way. What comes of it is no failure."""
        if how == "pause":
            _needs(driven, "pause")
        first, second = driven.start(), driven.start(3 if how == "pause" else None)
        is_asked: set[int] = set()
        while driven.state.n_running:
            for event in driven.next():
                trial = (first, second)[event.trial_id]
                if trial.reached >= 3 and trial.id not in is_asked and trial.status is Status.RUNNING:
                    is_asked.add(trial.id)
                    driven.ask_to_end(trial, how)
        ends = [event for event in driven.events if isinstance(event, TrialEnded)]
        assert sorted(end.trial_id for end in ends) == [0, 1], "Every run ends once."
        assert {end.status for end in ends} == {Status.COMPLETED}, "A trial that was asked to end has not failed."
        assert driven.backend.wait(driven.backend.now() + 0.05) == [], "After its end nothing is told of a run."

    @pytest.mark.parametrize("how", ["pause", "stop"])
    def test_a_trial_that_is_asked_to_end_goes_no_further(self, driven: DrivenBackend, how: str) -> None:
        """Of several one at least: what is on the way comes too late, and a machine may be busy."""
        if how == "pause":
            _needs(driven, "pause")
        for _ in range(SEVERAL):
            trial = driven.start()
            while not trial.reached:
                driven.next()
            driven.ask_to_end(trial, how)
            driven.until_idle()
            if EPOCHS[-1] not in resources(driven.events, trial):
                return
        raise AssertionError(
            f"{how}() ends what runs: {SEVERAL} trials were asked at their first report, and ran to their end."
        )

    def test_a_trial_may_be_stopped_before_it_reports(self, driven: DrivenBackend) -> None:
        """Right after its start."""
        for _ in range(SEVERAL):
            trial = driven.start()
            driven.ask_to_end(trial, "stop")
            driven.until_idle()
            assert trial.status is Status.STOPPED, "A trial that was asked to end has not failed."
            if EPOCHS[-1] not in resources(driven.events, trial):
                return
        raise AssertionError(f"stop() ends what was just started: {SEVERAL} trials were, and ran to their end.")

    def test_as_many_trials_run_at_the_same_time_as_there_are_workers(self, driven: DrivenBackend) -> None:
        """``open`` says how many: there were two."""
        first, second = driven.start(), driven.start()
        while driven.state.n_running:
            driven.next()
            if min(first.reached, second.reached) or not driven.state.n_running:
                break
            is_over = first.status.final or second.status.final
            assert not is_over, (
                "As many trials run at the same time as open() was told: one of two has waited for the other."
            )
        for trial in (first, second):
            if trial.status is Status.RUNNING:
                driven.ask_to_end(trial, "stop")
        driven.until_idle()

    def test_a_start_is_accepted_at_once(self, driven: DrivenBackend) -> None:
        """The tuner does not wait: what is slow happens later."""
        driven.start()
        driven.until_idle()  # the first of all may load what the others need
        began = time.perf_counter()
        driven.start()
        took = time.perf_counter() - began
        driven.until_idle()
        assert took < AT_ONCE, f"start() returns at once, and has the trial wait if it must: it took {took:.3f} s."

    def test_a_run_that_is_placed_was_placed_before_it_reports(self, driven: DrivenBackend) -> None:
        """Time limits and cost count from there."""
        driven.start()
        events = driven.until_idle()
        placed = [number for number, event in enumerate(events) if isinstance(event, TrialPlaced)]
        assert placed in ([], [0]), "TrialPlaced comes once for each run, before its reports, or never."

    def test_waiting_ends_at_the_deadline(self, driven: DrivenBackend) -> None:
        """With nothing, and the clock there."""
        driven.start()
        before = driven.backend.now()
        events = driven.backend.wait(before + 1e-6)
        assert [event for event in events if not isinstance(event, TrialPlaced)] == [], (
            "wait() returns at its deadline, with nothing if nothing has happened."
        )
        assert driven.backend.now() >= before + 1e-6, "The clock has come to the deadline when wait() returns at it."

    def test_a_failure_is_told_as_one(self, failing: DrivenBackend) -> None:
        """Of the script, with a reason for people."""
        trial = failing.start()
        failing.until_idle()
        end = failing.events[-1]
        assert isinstance(end, TrialEnded)
        assert end.status is trial.status is Status.FAILED, "A run that ended with an error is told as FAILED."
        assert end.cause is Cause.SCRIPT, "What a script did is told as Cause.SCRIPT."
        assert end.reason, "A failure has a reason, for people."

    def test_a_trial_starts_from_the_checkpoint_of_another(self, driven: DrivenBackend) -> None:
        """The version that is named: it goes on from there. Of one that does not exist it cannot start."""
        _needs(driven, "copy", "pause")
        donor = driven.start(3)
        driven.until_idle()
        trial = driven.start(checkpoint_of=Checkpoint(donor.id, 3))
        copied = resources(driven.until_idle(), trial)
        assert copied == [*range(4, 10)], (
            "With the capability 'copy' a trial that starts from the checkpoint of another at 3 goes on from there."
        )
        assert trial.status is Status.COMPLETED, "A trial that started from a checkpoint comes to its end."

    def test_a_checkpoint_that_does_not_exist_is_a_start_that_failed(self, driven: DrivenBackend) -> None:
        """At once, or as the end of the run: nobody begins from nothing without saying so."""
        _needs(driven, "copy", "pause")
        donor = driven.start(3)
        driven.until_idle()
        rule = "With the capability 'copy', a start from a checkpoint that does not exist fails"
        try:
            trial = driven.start(checkpoint_of=Checkpoint(donor.id, 5))
        except StartFailed:
            return
        driven.until_idle()
        assert trial.status is Status.FAILED, f"{rule}: the trial was {trial.status.value.lower()}."

    def test_a_trial_whose_checkpoint_was_dropped_starts_over(self, driven: DrivenBackend) -> None:
        """So the tuner can keep their number small."""
        _needs(driven, "pause")
        if type(driven.backend).drop_checkpoint is Backend.drop_checkpoint:
            pytest.skip("the backend drops no checkpoints")
        trial = driven.start(3)
        driven.until_idle()
        driven.backend.drop_checkpoint(trial.id)
        driven.resume(trial)
        assert resources(driven.until_idle(), trial) == EPOCHS, "A trial whose checkpoint was dropped starts over."

    def test_what_runs_is_taken_up_by_another_process(self, driven: DrivenBackend, make: Make) -> None:
        """Nothing is lost but what was not reported, and the clock goes on where it was."""
        _needs(driven, "restore", "pause")
        paused, running = driven.start(3), driven.start()
        while paused.status is Status.RUNNING or running.reached < 2:
            driven.next()
        died, time_of_death = driven.backend, driven.state.now
        benchmark = ToyBenchmark()
        successor = make(toy_problem(benchmark), benchmark)
        try:
            successor.open(2)
            driven.taken_up_by(successor)
            assert successor.now() >= time_of_death, "With 'restore', the clock of the experiment goes on where it was."
            driven.resume(paused)
            driven.until_idle()
        finally:
            successor.close()
            driven.backend = died
        for trial in (paused, running):
            told = resources(driven.events, trial)
            assert [*dict.fromkeys(told)] == EPOCHS, f"With 'restore', a trial goes on where it was: {told}."
            assert trial.status is Status.COMPLETED, "With 'restore', a trial comes to its end."

    def test_nothing_is_left_once_it_is_closed(self, make: Make) -> None:
        """Not even of trials that run."""
        with self._driven(make) as driven:  # once before, for what is loaded once in a process
            driven.start()
            driven.until_idle()
        what = "close() ends what still runs and frees what is held"
        with nothing_is_left(what), self._driven(make) as driven:
            driven.start()
            driven.start()
            driven.next()

    @contextmanager
    def _driven(self, make: Make) -> Iterator[DrivenBackend]:
        benchmark = ToyBenchmark()
        backend = make(toy_problem(benchmark), benchmark)
        try:
            backend.open(2)
            yield DrivenBackend(backend, self.patience)
        finally:
            backend.close()


def _needs(driven: DrivenBackend, *capabilities: str) -> None:
    """Skip a test of what a backend does not declare."""
    for capability in capabilities:
        if capability not in driven.backend.capabilities:
            pytest.skip(f"the backend does not declare '{capability}'")
