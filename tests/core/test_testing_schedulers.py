"""The contract of schedulers catches what breaks it, by the test that is meant for it."""

import itertools
import math

import numpy as np
import pytest

from tests.core.caught import call, check_caught
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.contracts.trials import Checkpoint, Decision, Resume, Start, Status
from tunekit_core.testing import SchedulerContract
from tunekit_core.testing.components import PausesAndStops

REPLAY = "test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix"
TWICE = "test_suggest_changes_nothing"
SEED = "test_the_same_seed_gives_the_same_experiment"
TIES = "test_ties_and_metrics_that_are_not_finite_are_survived"
MIRROR = "test_a_score_to_maximise_is_the_mirror_of_a_loss"
EXHAUSTED = "test_an_exhausted_space_ends_the_experiment"
LAST = "test_a_trial_that_reaches_the_last_resource_completes"
FAILED = "test_failed_trials_are_not_resumed"
COLUMNS = "test_the_columns_keep_their_names"
COST = "test_the_cost_of_an_event_does_not_grow_with_the_number_of_trials"
TOLD = "test_its_searcher_is_told_what_happens_to_every_trial"
DECLARED = "test_what_it_does_is_declared"
calls = itertools.count()


class SuggestsOnce(Fifo):
    """Hidden state: an answer is given once."""

    answered = -1

    def suggest(self, trial_id):
        if self.answered == trial_id:
            return None
        self.answered = trial_id
        return super().suggest(trial_id)


class KeepsAnOldAnswer(Fifo):
    """A cache that changes values: what was seen when it was first asked about a trial."""

    n_seen = 0
    kept = None

    def suggest(self, trial_id):
        start = super().suggest(trial_id)
        if self.kept is None or self.kept.note["trial"] != trial_id:
            self.kept = Start(start.configuration, note={"trial": trial_id, "seen": self.n_seen})
        return self.kept

    def on_report(self, trial, report):
        self.n_seen += 1
        return super().on_report(trial, report)


class CountsReports(Fifo):
    """Stops trials by what it has counted in all experiments of the process."""

    def on_report(self, trial, report):
        return Decision.STOP if next(calls) % 7 == 0 and report.resource < 9 else Decision.CONTINUE


class ChokesOnInfinity(Fifo):
    """Suggests nothing once a loss was not finite."""

    broken = False

    def suggest(self, trial_id):
        return None if self.broken else super().suggest(trial_id)

    def on_report(self, trial, report):
        self.broken = self.broken or not math.isfinite(report.losses[0])
        return super().on_report(trial, report)


class StopsByMetric(Fifo):
    """Takes the metric for a loss."""

    def on_report(self, trial, report):
        return Decision.STOP if report.metrics["score"] > 1.0 else Decision.CONTINUE


class StartsTen(Fifo):
    """Leaves configurations of the space untried."""

    def suggest(self, trial_id):
        return super().suggest(trial_id) if trial_id < 10 else None


class StopsAtTheEnd(Fifo):
    """Stops a trial that has reached the last resource."""

    def on_report(self, trial, report):
        return Decision.STOP if report.resource == 9 else Decision.CONTINUE


class ResumesFailed(Fifo):
    """Pauses each trial at epoch 2, and resumes whatever has not completed, failed or not."""

    needs = frozenset({"pause"})

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.waiting = []

    def suggest(self, trial_id):
        return Resume(self.waiting[0]) if self.waiting else super().suggest(trial_id)

    def on_resume(self, trial, note):
        self.waiting.remove(trial.id)

    def on_report(self, trial, report):
        return Decision.PAUSE if report.resource == 2 else Decision.CONTINUE

    def on_pause(self, trial):
        self.waiting.append(trial.id)

    def on_end(self, trial, outcome):
        if outcome is Status.FAILED:
            self.waiting.append(trial.id)


class AddsColumns(Fifo):
    """Its columns appear with the reports."""

    n_reports = 0

    def on_report(self, trial, report):
        self.n_reports += 1
        return super().on_report(trial, report)

    def columns(self):
        return {"reports": self.n_reports} if self.n_reports else {}


class KeepsLosses(Fifo):
    """Its decisions take time, which its subclasses say, in the number of trials."""

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.losses = {}

    def on_report(self, trial, report):
        self.losses[trial.id] = report.losses[0]
        self.work()
        return super().on_report(trial, report)


class SortsInPython(KeepsLosses):
    def work(self):
        return sorted(self.losses, key=lambda trial_id: self.losses[trial_id])


class SortsInALibrary(KeepsLosses):
    def work(self):
        return sorted(self.losses.values())


class SortsInNumPy(KeepsLosses):
    def work(self):
        return np.sort(np.fromiter(self.losses.values(), float))


class DropsTheNote(Fifo):
    def suggest(self, trial_id):
        start = super().suggest(trial_id)
        return None if start is None else Start(start.configuration)


def silent(method):
    """A scheduler whose searcher is never told one thing."""

    class Silent(PausesAndStops):
        def __init__(self, problem, streams, searcher):
            super().__init__(problem, streams, searcher)
            setattr(searcher, method, lambda *arguments: None)

    Silent.__name__ = f"NeverCalls_{method}"
    return Silent


class NoTargetWhenResumed(PausesAndStops):
    def on_resume(self, trial, note):
        del self._waiting[trial.id]
        self.searcher.on_resume(trial, note)


class PausesUndeclared(PausesAndStops):
    needs = frozenset()


class PausesOnReportUndeclared(Fifo):
    def on_report(self, trial, report):
        return Decision.PAUSE if report.resource == 3 else Decision.CONTINUE


class CopiesUndeclared(Fifo):
    def suggest(self, trial_id):
        start = super().suggest(trial_id)
        return Start(start.configuration, checkpoint_of=Checkpoint(0, 1)) if trial_id == 5 else start


class DeclaresAPauseThatNeverComes(Fifo):
    needs = frozenset({"pause"})


IS_TOLD = "A scheduler tells its searcher what happens to every trial: "
NO_GROWTH = "The cost of an event does not grow with the number of trials"
BROKEN = [
    (SuggestsOnce, REPLAY, "suggest() changes nothing"),
    (KeepsAnOldAnswer, REPLAY, "suggest() changes nothing"),
    (SuggestsOnce, TWICE, "asked twice, it answers twice the same"),
    (CountsReports, SEED, "The same seed gives the same experiment"),
    (StopsByMetric, MIRROR, "Losses are compared, not metrics"),
    (StartsTen, EXHAUSTED, "Every configuration of a finite space has one trial"),
    (StopsAtTheEnd, LAST, "At the last resource the decision is CONTINUE"),
    (ResumesFailed, FAILED, "A trial that has failed is not resumed"),
    (AddsColumns, COLUMNS, "columns() has the same names from the first call on"),
    (SortsInPython, COST, NO_GROWTH),
    (SortsInALibrary, COST, NO_GROWTH),
    (SortsInNumPy, COST, NO_GROWTH),
    (DropsTheNote, TOLD, "The note of a proposal goes into the note of its Start"),
    (silent("on_start"), TOLD, IS_TOLD + "on_start()"),
    (silent("on_resume"), TOLD, IS_TOLD + "on_resume()"),
    (silent("on_target"), TOLD, IS_TOLD + "on_target()"),
    (NoTargetWhenResumed, TOLD, IS_TOLD + "on_target() at every resumption"),
    (silent("on_report"), TOLD, IS_TOLD + "on_report()"),
    (silent("on_pause"), TOLD, IS_TOLD + "on_pause()"),
    (silent("on_end"), TOLD, IS_TOLD + "on_end()"),
    (PausesUndeclared, DECLARED, "does not declare that it needs 'pause'"),
    (PausesOnReportUndeclared, DECLARED, "does not declare that it needs 'pause'"),
    (CopiesUndeclared, DECLARED, "does not declare that it needs 'copy'"),
    (DeclaresAPauseThatNeverComes, DECLARED, "needs names what is done"),
]


@pytest.mark.parametrize(("broken", "test", "rule"), BROKEN)
def test_a_broken_scheduler_is_caught_by_the_test_that_is_meant_for_it(broken, test, rule, tmp_path):
    check_caught(SchedulerContract(), test, broken, tmp_path, rule)


def test_a_scheduler_that_chokes_on_infinity_is_caught(tmp_path):
    check_caught(SchedulerContract(), TIES, ChokesOnInfinity, tmp_path, "are survived", curves="broken")


def test_a_scheduler_that_sorts_nothing_passes_the_test_of_its_cost(tmp_path):
    call(SchedulerContract(), COST, PausesAndStops, tmp_path)


def test_a_scheduler_whose_author_does_not_say_what_to_test_is_told_to():
    with pytest.raises(NotImplementedError, match="override the fixture 'make'"):
        SchedulerContract.make.__wrapped__(SchedulerContract())
