"""The contract of observers catches what breaks it, by the test that is meant for it."""

import math
import threading
import time

import pytest

from tests.core.caught import call, check_caught
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.trials import Status
from tunekit_core.testing import ObserverContract

CHANGES = "test_it_changes_nothing"
RAISES = "test_it_raises_nothing_whatever_happens"
GOES_ON = "test_it_watches_an_experiment_that_goes_on"
NOTHING = "test_it_watches_an_experiment_in_which_nothing_happens"
LEFT = "test_nothing_is_left_after_the_experiment"


class Good(Observer):
    """Keeps what it sees."""

    name = "good"

    def __init__(self, problem, folder):
        super().__init__(problem, folder)
        self.seen = []

    def on_trial_end(self, view, trial, status):
        self.seen.append((trial.id, status))


class ChangesTheView(Good):
    def on_report(self, view, trial, report, decision):
        view.n_failed = 0


class ChangesAConfiguration(Good):
    def on_trial_start(self, view, trial):
        trial.configuration["x"] = 0.5


class ChokesOnInfinity(Good):
    def on_report(self, view, trial, report, decision):
        math.floor(report.metrics["score"])


class KnowsTrialsThatStarted(Good):
    """Is confused by an experiment that goes on."""

    def __init__(self, problem, folder):
        super().__init__(problem, folder)
        self.names = {}

    def on_trial_start(self, view, trial):
        self.names[trial.id] = f"trial {trial.id}"

    def on_report(self, view, trial, report, decision):
        self.names[trial.id].title()


class NeedsAnIncumbent(Good):
    def on_experiment_end(self, view, reason):
        view.incumbent.report.losses[0].hex()


class NeedsAReport(Good):
    def on_trial_end(self, view, trial, status):
        if status is Status.FAILED:
            trial.last_report.metrics.get("score")


OPENED = []


class LeavesAThread(Good):
    def on_experiment_start(self, view, metadata):
        threading.Thread(target=time.sleep, args=(20,), daemon=True, name="left behind").start()


class LeavesAFile(Good):
    def on_experiment_start(self, view, metadata):
        OPENED.append(open(self.folder / "log", "w"))  # noqa: SIM115 - it is left open


BROKEN = [
    (ChangesTheView, CHANGES, "An observer raises nothing: ChangesTheView.on_report"),
    (ChangesAConfiguration, CHANGES, "An observer raises nothing: ChangesAConfiguration.on_trial_start"),
    (KnowsTrialsThatStarted, GOES_ON, "An observer raises nothing: KnowsTrialsThatStarted.on_report raised KeyError"),
    (NeedsAnIncumbent, NOTHING, "An observer raises nothing: NeedsAnIncumbent.on_experiment_end"),
    (NeedsAReport, NOTHING, "An observer raises nothing: NeedsAReport.on_trial_end"),
    (LeavesAThread, LEFT, "on_experiment_end() frees what is held: threads are left"),
    (LeavesAFile, LEFT, "on_experiment_end() frees what is held: open files are left"),
]


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr("tunekit_core.testing.leaks.PATIENCE", 0.2)


@pytest.mark.parametrize(("broken", "test", "rule"), BROKEN)
def test_a_broken_observer_is_caught_by_the_test_that_is_meant_for_it(broken, test, rule, tmp_path):
    check_caught(ObserverContract(), test, broken, tmp_path, rule)
    while OPENED:
        OPENED.pop().close()


def test_the_observer_under_test_is_blamed_alone(tmp_path):
    with pytest.raises(AssertionError) as caught:
        call(ObserverContract(), CHANGES, ChangesAConfiguration, tmp_path)
    assert str(caught.value).startswith("An observer raises nothing: ChangesAConfiguration.on_trial_start raised ")


def test_an_observer_that_chokes_on_infinity_is_caught(tmp_path):
    rule = "An observer raises nothing: ChokesOnInfinity.on_report"
    check_caught(ObserverContract(), RAISES, ChokesOnInfinity, tmp_path, rule, curves="broken")


@pytest.mark.parametrize("test", [CHANGES, GOES_ON, NOTHING, LEFT])
def test_a_good_observer_passes(test, tmp_path):
    call(ObserverContract(), test, Good, tmp_path)
