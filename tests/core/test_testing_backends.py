"""The contract of backends catches what breaks it, by the test that is meant for it."""

import subprocess
import sys
import tempfile
import threading
import time

import attrs
import pytest

from tests.core.caught import call, check_caught
from tunekit_core.contracts.backends import TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.trials import Cause, Status
from tunekit_core.randomness import Streams
from tunekit_core.testing import BackendContract, ToyBackend

REPORTS = "test_a_trial_reports_every_resource_and_ends_once"
TARGET = "test_a_trial_that_is_sent_to_a_resource_ends_there"
OWN = "test_a_trial_runs_with_its_own_configuration"
PAUSED = "test_a_trial_that_was_asked_to_pause_goes_on_where_it_was"
NO_FURTHER = "test_a_trial_that_is_asked_to_end_goes_no_further"
AT_START = "test_a_trial_may_be_stopped_before_it_reports"
RESUMED = "test_a_resumed_trial_goes_on_to_its_next_target"
ASKED = "test_a_trial_that_is_asked_to_end_ends_once"
WORKERS = "test_as_many_trials_run_at_the_same_time_as_there_are_workers"
AT_ONCE = "test_a_start_is_accepted_at_once"
PLACED = "test_a_run_that_is_placed_was_placed_before_it_reports"
DEADLINE = "test_waiting_ends_at_the_deadline"
FAILURE = "test_a_failure_is_told_as_one"
COPY = "test_a_trial_starts_from_the_checkpoint_of_another"
NO_COPY = "test_a_checkpoint_that_does_not_exist_is_a_start_that_failed"
DROPPED = "test_a_trial_whose_checkpoint_was_dropped_starts_over"
RESTORED = "test_what_runs_is_taken_up_by_another_process"
CLOSED = "test_nothing_is_left_once_it_is_closed"


class Filtered(ToyBackend):
    """Changes the events of the toy backend on their way."""

    def wait(self, deadline):
        events = []
        while not events:
            told = super().wait(deadline)
            if not told:
                return []
            events = [changed for event in told for changed in self.change(event)]
        return events

    def change(self, event):
        return [event]


class SkipsAReport(Filtered):
    def change(self, event):
        return [] if isinstance(event, TrialReported) and event.metrics["epoch"] == 5 else [event]


class EndsWithoutSuccess(Filtered):
    def change(self, event):
        return [attrs.evolve(event, status=Status.FAILED)] if isinstance(event, TrialEnded) else [event]


class TurnsTheClockBack(Filtered):
    def change(self, event):
        return [attrs.evolve(event, time=0.5)] if isinstance(event, TrialEnded) else [event]


class TellsNoEnd(Filtered):
    def change(self, event):
        return [] if isinstance(event, TrialEnded) else [event]


class TellsTheEndTwice(Filtered):
    def change(self, event):
        return [event, event] if isinstance(event, TrialEnded) else [event]


class TellsOfTheFirstRun(Filtered):
    def change(self, event):
        return [attrs.evolve(event, run=0)]


class TellsOfAnotherTrial(Filtered):
    def change(self, event):
        return [attrs.evolve(event, trial_id=event.trial_id + 1)]


class TellsFailuresAsCompleted(Filtered):
    def change(self, event):
        return [attrs.evolve(event, status=Status.COMPLETED)] if isinstance(event, TrialEnded) else [event]


class BlamesTheMachine(Filtered):
    def change(self, event):
        is_failure = isinstance(event, TrialEnded) and event.status is Status.FAILED
        return [attrs.evolve(event, cause=Cause.LIMIT)] if is_failure else [event]


class GivesNoReason(Filtered):
    def change(self, event):
        return [attrs.evolve(event, reason="")] if isinstance(event, TrialEnded) else [event]


class PlacesTooLate(Filtered):
    def change(self, event):
        if isinstance(event, TrialReported) and event.metrics["epoch"] == 2:
            return [event, TrialPlaced(event.trial_id, event.run, "here", event.time)]
        return [event]


class FailsWhenAsked(ToyBackend):
    """Scripts exit with 1 on SIGTERM, and that is told as a failure."""

    asked = ()

    def stop(self, trial):
        super().stop(trial)
        self.asked = (*self.asked, trial.id)

    def wait(self, deadline):
        return [
            attrs.evolve(event, status=Status.FAILED)
            if isinstance(event, TrialEnded) and event.trial_id in self.asked
            else event
            for event in super().wait(deadline)
        ]


class IgnoresTheTarget(ToyBackend):
    def start(self, trial, until, checkpoint_of):
        super().start(trial, None, checkpoint_of)


class BeginsAgain(ToyBackend):
    """Declares checkpoints, and has none."""

    def resume(self, trial, until):
        self.drop_checkpoint(trial.id)
        super().resume(trial, until)


class GoesOnUndeclared(ToyBackend):
    """Declares no checkpoints, and goes on all the same."""

    capabilities = frozenset({"pause"})


class RunsOneAfterTheOther(ToyBackend):
    """Ignores how many workers there are."""

    n_running = 0
    waiting = ()

    def start(self, trial, until, checkpoint_of):
        if self.n_running:
            self.waiting = (*self.waiting, (trial, until, checkpoint_of))
        else:
            self.n_running = 1
            super().start(trial, until, checkpoint_of)

    def wait(self, deadline):
        events = super().wait(deadline)
        for event in events:
            if isinstance(event, TrialEnded):
                self.n_running = 0
                if self.waiting:
                    first, *self.waiting = self.waiting
                    self.start(*first)
        return events


class StartsSlowly(ToyBackend):
    def start(self, trial, until, checkpoint_of):
        time.sleep(0.15)
        super().start(trial, until, checkpoint_of)


class IgnoresTheDeadline(ToyBackend):
    def wait(self, deadline):
        return super().wait(None)


class StandsStill(ToyBackend):
    def wait(self, deadline):
        now = self._now
        events = super().wait(deadline)
        self._now = now if not events else self._now
        return events


class RunsTheDefault(ToyBackend):
    """Whatever is proposed."""

    def _curve(self, trial):
        return self._toy.curve(self.problem.space.default(), 0)


class IgnoresTheSecondTarget(ToyBackend):
    def resume(self, trial, until):
        super().resume(trial, None)


class SaysNothingOfCheckpoints(Filtered):
    def change(self, event):
        return [attrs.evolve(event, has_checkpoint=False)] if isinstance(event, TrialEnded) else [event]


class LosesItsStateWhenPaused(ToyBackend):
    """A trial that ends where it was sent to keeps its state, one that is asked to pause loses it."""

    def pause(self, trial):
        super().pause(trial)
        self.killed = trial.id

    killed = None

    def resume(self, trial, until):
        if trial.id == self.killed:
            self.drop_checkpoint(trial.id)
        super().resume(trial, until)


class NeverPauses(ToyBackend):
    def pause(self, trial):
        pass


class NeverStops(ToyBackend):
    def stop(self, trial):
        pass


class StopsNothingThatHasNotReported(ToyBackend):
    def stop(self, trial):
        if trial.last_report is not None:
            super().stop(trial)


class CannotPause(ToyBackend):
    """It can nothing but run trials to their end, or stop them."""

    capabilities = frozenset()

    def start(self, trial, until, checkpoint_of):
        assert until is None
        super().start(trial, until, checkpoint_of)

    def pause(self, trial):
        raise AssertionError("it does not declare that it can pause")

    def resume(self, trial, until):
        self.drop_checkpoint(trial.id)
        super().resume(trial, until)


class CopiesNothing(ToyBackend):
    def start(self, trial, until, checkpoint_of):
        super().start(attrs.evolve(trial, parent=None), until, None)


class CopiesWhatIsNotThere(ToyBackend):
    def start(self, trial, until, checkpoint_of):
        super().start(trial, until, None)


class KeepsWhatWasDropped(ToyBackend):
    def drop_checkpoint(self, trial_id):
        pass


class RestoresNothing(ToyBackend):
    def restore(self, trials, time):
        pass


class ForgetsWhatRan(ToyBackend):
    def restore(self, trials, time):
        super().restore([each for each in trials if each.trial.status is Status.PAUSED], time)


class StartsOverWhenRestored(ToyBackend):
    def restore(self, trials, time):
        super().restore(trials, 0.0)


class LeaksAProcess(ToyBackend):
    def open(self, n_workers):
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"], start_new_session=True)


class LeaksAThread(ToyBackend):
    def open(self, n_workers):
        threading.Thread(target=time.sleep, args=(20,), daemon=True, name="left behind").start()


class LeaksAFile(ToyBackend):
    def open(self, n_workers):
        self.file = open(__file__)  # noqa: SIM115  # that is what is wrong with it


class LeaksATemporaryFile(ToyBackend):
    def open(self, n_workers):
        tempfile.mkdtemp()


BROKEN = [
    (SkipsAReport, REPORTS, "reports every resource, in order"),
    (EndsWithoutSuccess, REPORTS, "ends by itself without an error is told as COMPLETED"),
    (TurnsTheClockBack, REPORTS, "Times do not fall"),
    (TellsNoEnd, REPORTS, "Every run that was begun reports and ends"),
    (TellsTheEndTwice, REPORTS, "a run ends once"),
    (TellsOfAnotherTrial, REPORTS, "Every event is of a trial that runs"),
    (IgnoresTheTarget, TARGET, "ends when it has reported 3"),
    (EndsWithoutSuccess, TARGET, "ends where it was sent to is told as COMPLETED"),
    (RunsTheDefault, OWN, "A trial runs with its own configuration"),
    (IgnoresTheSecondTarget, RESUMED, "A trial that is resumed and sent to 6 ends there"),
    (SaysNothingOfCheckpoints, RESUMED, "has_checkpoint says whether a later run"),
    (LosesItsStateWhenPaused, PAUSED, "a trial that was asked to pause goes on where it was"),
    (NeverStops, AT_START, "stop() ends what was just started"),
    (StopsNothingThatHasNotReported, AT_START, "stop() ends what was just started"),
    (BeginsAgain, RESUMED, "goes on from its last report"),
    (GoesOnUndeclared, RESUMED, "Without the capability 'checkpoint' a resumed trial starts over"),
    (TellsOfTheFirstRun, RESUMED, "of its current run"),
    (RunsOneAfterTheOther, WORKERS, "As many trials run at the same time as open() was told"),
    (StartsSlowly, AT_ONCE, "start() returns at once"),
    (PlacesTooLate, PLACED, "TrialPlaced comes once for each run, before its reports"),
    (IgnoresTheDeadline, DEADLINE, "wait() returns at its deadline"),
    (StandsStill, DEADLINE, "The clock has come to the deadline"),
    (CopiesNothing, COPY, "With the capability 'copy'"),
    (CopiesWhatIsNotThere, NO_COPY, "from a checkpoint that does not exist fails"),
    (KeepsWhatWasDropped, DROPPED, "A trial whose checkpoint was dropped starts over"),
    (RestoresNothing, RESTORED, "With 'restore', the clock of the experiment goes on where it was"),
    (StartsOverWhenRestored, RESTORED, "With 'restore', the clock of the experiment goes on where it was"),
    (ForgetsWhatRan, RESTORED, "Every run that was begun reports and ends"),
    (LeaksAProcess, CLOSED, "close() ends what still runs and frees what is held: processes are left"),
    (LeaksAThread, CLOSED, "close() ends what still runs and frees what is held: threads are left"),
    (LeaksAFile, CLOSED, "close() ends what still runs and frees what is held: open files are left"),
    (LeaksATemporaryFile, CLOSED, "close() ends what still runs and frees what is held: temporary files are left"),
]
FAILING = [
    (TellsFailuresAsCompleted, "A run that ended with an error is told as FAILED"),
    (BlamesTheMachine, "What a script did is told as Cause.SCRIPT"),
    (GivesNoReason, "A failure has a reason"),
]


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr("tunekit_core.testing.leaks.PATIENCE", 0.2)


def making(broken, **options):
    built = []

    def make(problem, benchmark):
        built.append(broken(problem, benchmark, None, Streams(0), **options))
        return built[-1]

    make.built = built
    return make


@pytest.mark.parametrize(("broken", "test", "rule"), BROKEN)
def test_a_broken_backend_is_caught_by_the_test_that_is_meant_for_it(broken, test, rule, tmp_path):
    make = making(broken)
    check_caught(BackendContract(), test, make, tmp_path, rule)
    for backend in make.built:
        for held in ("process", "file"):
            if hasattr(backend, held):
                end(getattr(backend, held))


@pytest.mark.parametrize(("broken", "how"), [(NeverPauses, "pause"), (NeverStops, "stop")])
def test_a_backend_that_never_ends_trials_is_caught(broken, how, tmp_path):
    check_caught(BackendContract(), NO_FURTHER, making(broken), tmp_path, f"{how}() ends what runs", how=how)


STOPPED = {"how": "stop"}


@pytest.mark.parametrize(
    ("test", "parameters"),
    [(test, {}) for test in (REPORTS, OWN, AT_START, WORKERS, AT_ONCE, PLACED, DEADLINE, CLOSED)]
    + [(ASKED, STOPPED), (NO_FURTHER, STOPPED)],
)
def test_a_backend_that_cannot_pause_passes(test, parameters, tmp_path):
    call(BackendContract(), test, making(CannotPause), tmp_path, **parameters)


@pytest.mark.parametrize("test", [TARGET, RESUMED, PAUSED, COPY, NO_COPY, DROPPED, RESTORED])
def test_a_backend_that_cannot_pause_is_not_asked_to(test, tmp_path):
    with pytest.raises(pytest.skip.Exception, match="does not declare"):
        call(BackendContract(), test, making(CannotPause), tmp_path)


def end(held):
    if isinstance(held, subprocess.Popen):
        held.kill()
        held.wait()
    else:
        held.close()


@pytest.mark.parametrize("how", ["pause", "stop"])
@pytest.mark.parametrize(
    ("broken", "rule"),
    [(TellsTheEndTwice, "a run ends once"), (FailsWhenAsked, "A trial that was asked to end has not failed")],
)
def test_a_backend_that_ends_trials_wrongly_is_caught(broken, rule, how, tmp_path):
    check_caught(BackendContract(), ASKED, making(broken), tmp_path, rule, how=how)


@pytest.mark.parametrize(("broken", "rule"), FAILING)
def test_a_backend_that_tells_failures_wrongly_is_caught(broken, rule, tmp_path):
    check_caught(BackendContract(), FAILURE, making(broken, fail_at={0: 3}), tmp_path, rule)


def test_a_backend_whose_author_does_not_say_what_to_test_is_told_to():
    with pytest.raises(NotImplementedError, match="override the fixture 'make'"):
        BackendContract.make.__wrapped__(BackendContract())
