"""The contract of schedulers catches what breaks it, by the test that is meant for it."""

import itertools
import math

import attrs
import numpy as np
import pytest

from tests.core.caught import call, check_caught
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.contracts.schedulers import Standing
from tunekit_core.contracts.trials import Checkpoint, Decision, Resume, Start, Status
from tunekit_core.testing import SchedulerContract
from tunekit_core.testing.components import PausesAndStops

REPLAY = "test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix"
DIED = "test_it_goes_on_where_it_was_when_its_process_has_died"
TWICE = "test_suggest_changes_nothing"
SEED = "test_the_same_seed_gives_the_same_experiment"
TIES = "test_ties_and_metrics_that_are_not_finite_are_survived"
MIRROR = "test_a_score_to_maximise_is_the_mirror_of_a_loss"
EXHAUSTED = "test_an_exhausted_space_ends_the_experiment"
LAST = "test_a_trial_that_reaches_the_last_resource_completes"
FAILED = "test_failed_trials_are_not_resumed"
COLUMNS = "test_its_columns_are_scalars_under_the_same_names"
COST = "test_the_cost_of_an_event_does_not_grow_with_the_number_of_trials"
TOLD = "test_its_searcher_is_told_what_happens_to_every_trial"
SHOWN = "test_its_searcher_sees_reports_as_they_are_and_once"
PENDING = "test_its_searcher_is_told_the_resource_where_a_trial_is_pending"
WORKERS = "test_it_fills_the_workers_that_there_are"
DECLARED = "test_what_it_does_is_declared"
EXPLAINS = "test_what_it_says_it_decides_by_holds"
ASKED_FOR = "test_a_trial_that_somebody_asked_for_is_taken_as_any_other"
MANY = "test_it_takes_all_metrics_that_it_says_it_takes"
NO_END = "test_trials_may_have_no_known_end"
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


class ColumnsThatComeLate(AddsColumns):
    """With the first trial that fails."""

    n_failed = 0

    def on_end(self, trial, outcome):
        self.n_failed += outcome is Status.FAILED
        super().on_end(trial, outcome)

    def columns(self):
        return {"failed": self.n_failed} if self.n_failed else {}


def with_columns(name, columns):
    """A scheduler that tells this about itself."""
    return type(name, (Fifo,), {"columns": lambda self: columns()})


def raise_error():
    raise ZeroDivisionError


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
        losses = np.fromiter(self.losses.values(), float)
        for _ in range(20):  # once hides behind all else that a report costs where NumPy sorts with wide registers
            np.sort(losses)


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


class ShowsReportsTwice(PausesAndStops):
    def on_report(self, trial, report):
        self.searcher.on_report(trial, report)
        return super().on_report(trial, report)


class ShowsReportsAgainAtTheEnd(Fifo):
    def on_end(self, trial, outcome):
        if trial.last_report is not None:
            self.searcher.on_report(trial, trial.last_report)
        super().on_end(trial, outcome)


class ShowsOtherLosses(Fifo):
    def on_report(self, trial, report):
        return super().on_report(trial, report._replace(losses=(0.0,)))


class ShowsOtherMetrics(Fifo):
    def on_report(self, trial, report):
        return super().on_report(trial, report._replace(metrics={}))


class ShowsReportsNobodyMade(Fifo):
    def on_report(self, trial, report):
        return super().on_report(trial, report._replace(resource=report.resource + 100))


def targets(resource_of, show=lambda report: True):
    """FIFO that says where each trial is pending, and shows some reports."""

    class Targets(Fifo):
        def on_start(self, trial):
            self.searcher.on_start(trial)
            self.searcher.on_target(trial, resource_of(0))

        def on_report(self, trial, report):
            if show(report):
                self.searcher.on_report(trial, report)
            if report.resource == 3:
                self.searcher.on_target(trial, resource_of(3))
            return Decision.CONTINUE

    return Targets


class TargetsBeyondUntil(PausesAndStops):
    def on_start(self, trial):
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, 9)


class TargetsNothingThoughSentTo3(PausesAndStops):
    def on_start(self, trial):
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, None)


class FillsThree(Fifo):
    """Lets three trials run at the same time, however many workers there are."""

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.running = set()

    def suggest(self, trial_id):
        return None if len(self.running) >= 3 else super().suggest(trial_id)

    def on_start(self, trial):
        self.running.add(trial.id)
        super().on_start(trial)

    def on_end(self, trial, outcome):
        self.running.discard(trial.id)
        super().on_end(trial, outcome)


def idle_with(is_wrong):
    """Suggests nothing with some numbers of workers."""

    class Idle(Fifo):
        n_workers = 0

        def on_workers(self, n_workers):
            self.n_workers = n_workers

        def suggest(self, trial_id):
            return None if is_wrong(self.n_workers) else super().suggest(trial_id)

    return Idle


class WaitsForEver(FillsThree):
    """With four workers or more nothing new starts once a trial has ended."""

    is_over = False

    def suggest(self, trial_id):
        return None if self.is_over else Fifo.suggest(self, trial_id)

    def on_end(self, trial, outcome):
        self.is_over = self.is_over or len(self.running) >= 4
        super().on_end(trial, outcome)


class TakesOneLoss(Fifo):
    def on_report(self, trial, report):
        (self.loss,) = report.losses
        return super().on_report(trial, report)


class NeedsAnEnd(Fifo):
    def on_start(self, trial):
        super().on_start(trial)
        self.half = self.problem.max_resource // 2


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


class AsksItsWorkers(Fifo):
    """Knows from ``on_workers``, and from nothing before, how many there are."""

    def on_workers(self, n_workers):
        self.n_workers = n_workers

    def suggest(self, trial_id):
        return super().suggest(trial_id) if self.n_workers else None


class MakesItsOwn(Fifo):
    """Every third configuration is one of its own, with a note of its own."""

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.taken = set()

    def suggest(self, trial_id):
        units = int(self.streams.generator("units", trial_id).integers(1, 9))
        space = self.problem.space
        own = space.replace(space.default(), "units", units)
        is_new = trial_id % 3 == 2 and space.key(own) not in self.taken
        return Start(own, note={"own": True}) if is_new else super().suggest(trial_id)

    def on_start(self, trial):
        self.taken.add(self.problem.space.key(trial.configuration))
        super().on_start(trial)


class DropsTheNoteBesideItsOwn(MakesItsOwn):
    def suggest(self, trial_id):
        start = super().suggest(trial_id)
        return None if start is None else Start(start.configuration)


class CopiesTheBest(Fifo):
    """Ends a trial that is far behind at epoch 3, and starts another like the best from the checkpoint of that."""

    needs = frozenset({"copy"})

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.best = None
        self.copies = []

    def suggest(self, trial_id):
        if not self.copies:
            return super().suggest(trial_id)
        best = self.copies[0]
        return Start(best.configuration, checkpoint_of=Checkpoint(best.id, 3), note={"like": best.id})

    def on_start(self, trial):
        super().on_start(trial)
        if trial.parent is not None:
            self.copies.pop(0)

    def on_report(self, trial, report):
        decision = super().on_report(trial, report)
        if report.resource != 3:
            return decision
        if self.best is None or report.losses < self.best[0]:
            self.best = report.losses, trial
        elif report.losses[0] > self.best[0][0] + 0.3:
            self.copies.append(self.best[1])
            return Decision.STOP
        return decision


class SaysWhere(Fifo):
    """Compares nothing, and says something that holds."""

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.last = {}

    def on_report(self, trial, report):
        self.last[trial.id] = report
        return super().on_report(trial, report)

    def on_end(self, trial, outcome):
        self.last.pop(trial.id, None)
        super().on_end(trial, outcome)

    def standing(self, trial_id):
        if trial_id not in self.last:
            return None
        report = self.last[trial_id]
        return self.changed(
            Standing(trial_id, report.resource, ((trial_id, report.losses[0]),), 1, 1.0, True, "all go on")
        )

    def changed(self, standing):
        return standing


def says(**changes):
    """Says something that does not hold."""
    return type(
        "Says", (SaysWhere,), {"name": f"says_{next(calls)}", "changed": lambda self, s: attrs.evolve(s, **changes)}
    )


class ForgetsWhatItTold(SaysWhere):
    def changed(self, standing):
        return self.last.pop(standing.trial_id) and standing


class SuggestsElseOnceAsked(SaysWhere):
    n_asked = 0

    def changed(self, standing):
        self.n_asked += 1
        return standing

    def suggest(self, trial_id):
        return super().suggest(trial_id + self.n_asked)


class ReadsItsNote(Fifo):
    def suggest(self, trial_id):
        start = super().suggest(trial_id)
        return Start(start.configuration, note={**start.note, "mine": 1})

    def on_start(self, trial):
        assert trial.note["mine"] == 1
        super().on_start(trial)


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
    (ColumnsThatComeLate, COLUMNS, "columns() has the same names from the first call on"),
    (with_columns("Array", lambda: {"losses": np.zeros(2)}), COLUMNS, "A value in columns() is a truth value"),
    (with_columns("List", lambda: {"losses": [1.0]}), COLUMNS, "A value in columns() is a truth value"),
    (with_columns("IntegerName", lambda: {1: 1.0}), COLUMNS, "A name in columns() is text: 1 is none"),
    (with_columns("NoMapping", lambda: [("n", 1)]), COLUMNS, "columns() returns a mapping"),
    (with_columns("Raises", raise_error), COLUMNS, "columns() can be asked for at any time"),
    (SortsInPython, COST, NO_GROWTH),
    (SortsInALibrary, COST, NO_GROWTH),
    (SortsInNumPy, COST, NO_GROWTH),
    (TakesOneLoss, MANY, "Whoever says objectives = 'many' takes all metrics"),
    (NeedsAnEnd, NO_END, "Where trials have no known end, max_resource is None"),
    (DropsTheNoteBesideItsOwn, TOLD, "The note of a proposal goes into the note of its Start"),
    (DropsTheNote, TOLD, "The note of a proposal goes into the note of its Start"),
    (silent("on_start"), TOLD, IS_TOLD + "on_start()"),
    (silent("on_resume"), TOLD, IS_TOLD + "on_resume()"),
    (silent("on_target"), TOLD, IS_TOLD + "on_target()"),
    (NoTargetWhenResumed, TOLD, IS_TOLD + "on_target() at every resumption"),
    (silent("on_report"), TOLD, IS_TOLD + "on_report()"),
    (silent("on_pause"), TOLD, IS_TOLD + "on_pause()"),
    (silent("on_end"), TOLD, IS_TOLD + "on_end()"),
    (ShowsReportsTwice, SHOWN, "A searcher is shown a report once"),
    (ShowsReportsAgainAtTheEnd, SHOWN, "A searcher is shown a report once"),
    (ShowsOtherLosses, SHOWN, "A searcher is shown reports as the scheduler was given them"),
    (ShowsOtherMetrics, SHOWN, "A searcher is shown reports as the scheduler was given them"),
    (ShowsReportsNobodyMade, SHOWN, "A searcher is shown reports as the scheduler was given them"),
    (targets(lambda reached: 777), PENDING, "for trial 0 it said 777, above max_resource=9"),
    (targets(lambda reached: 3), PENDING, "for trial 0 it said 3, and the trial had reached 3"),
    (targets(lambda reached: 5, show=lambda report: report.resource == 9), PENDING, "is not shown the report there"),
    (TargetsBeyondUntil, PENDING, "it said 9, and the trial was sent to 3"),
    (TargetsNothingThoughSentTo3, PENDING, "it said None, and the trial was sent to 3"),
    (idle_with(lambda n_workers: n_workers >= 4), WORKERS, "4 here: after 0 of 160 reports the experiment ended"),
    (idle_with(lambda n_workers: n_workers >= 16), WORKERS, "16 here: after 0 of 160 reports the experiment ended"),
    (idle_with(lambda n_workers: n_workers == 1), WORKERS, "1 here: after 0 of 160 reports the experiment ended"),
    (WaitsForEver, WORKERS, "4 here: after 36 of 160 reports the experiment ended"),
    (FillsThree, WORKERS, "4 here: never more than 3 trials ran at the same time"),
    (PausesUndeclared, DECLARED, "does not declare that it needs 'pause'"),
    (PausesOnReportUndeclared, DECLARED, "does not declare that it needs 'pause'"),
    (CopiesUndeclared, DECLARED, "does not declare that it needs 'copy'"),
    (DeclaresAPauseThatNeverComes, DECLARED, "needs names what is done"),
    (ForgetsWhatItTold, EXPLAINS, "asked twice, it says the same"),
    (SuggestsElseOnceAsked, EXPLAINS, "standing() changes nothing: asked after each decision"),
    (says(trial_id=99), EXPLAINS, "A trial is among those it stands among"),
    (says(level=10), EXPLAINS, "A trial was compared where it has been"),
    (says(n_pass=2), EXPLAINS, "How many may go on is from one to all"),
    (says(rule="All go on."), EXPLAINS, "The rule is a clause without an end"),
    (
        ReadsItsNote,
        ASKED_FOR,
        "on_start() takes a trial that was not suggested, with an empty note: it raised KeyError",
    ),
]


@pytest.mark.parametrize(("broken", "test", "rule"), BROKEN)
def test_a_broken_scheduler_is_caught_by_the_test_that_is_meant_for_it(broken, test, rule, tmp_path):
    check_caught(SchedulerContract(), test, broken, tmp_path, rule)


def test_a_scheduler_that_chokes_on_infinity_is_caught(tmp_path):
    check_caught(SchedulerContract(), TIES, ChokesOnInfinity, tmp_path, "are survived", curves="broken")


def test_a_scheduler_that_says_what_holds_passes(tmp_path):
    call(SchedulerContract(), EXPLAINS, SaysWhere, tmp_path)


def test_a_scheduler_that_sorts_nothing_passes_the_test_of_its_cost(tmp_path):
    call(SchedulerContract(), COST, PausesAndStops, tmp_path)


SHOWS_AT_RUNGS = targets(lambda reached: 9 if reached else 3, show=lambda report: report.resource in (3, 9))


@pytest.mark.parametrize("test", [TOLD, SHOWN, PENDING])
@pytest.mark.parametrize("good", [Fifo, PausesAndStops, SHOWS_AT_RUNGS])
def test_a_scheduler_may_show_its_searcher_all_reports_or_some(good, test, tmp_path):
    call(SchedulerContract(), test, good, tmp_path)


@pytest.mark.parametrize("test", [REPLAY, DIED, TWICE, TOLD, SHOWN, PENDING, WORKERS, LAST, COST])
@pytest.mark.parametrize("good", [AsksItsWorkers, MakesItsOwn, CopiesTheBest])
def test_a_scheduler_that_does_what_few_do_passes(good, test, tmp_path):
    call(SchedulerContract(), test, good, tmp_path)


@pytest.mark.parametrize("good", [AsksItsWorkers, MakesItsOwn])
def test_a_scheduler_with_configurations_of_its_own_exhausts_the_space(good, tmp_path):
    call(SchedulerContract(), EXHAUSTED, good, tmp_path)


def test_a_scheduler_that_copies_may_have_configurations_once_more(tmp_path):
    with pytest.raises(pytest.skip.Exception, match="may have configurations once more"):
        call(SchedulerContract(), EXHAUSTED, CopiesTheBest, tmp_path)


def test_columns_may_be_numbers_of_numpy(tmp_path):
    good = with_columns("Numbers", lambda: {"best": np.float64(0.5), "n": np.int64(3), "why": None})
    call(SchedulerContract(), COLUMNS, good, tmp_path)


def test_a_scheduler_whose_trials_are_few_says_how_many_workers_it_fills(tmp_path):
    class Contract(SchedulerContract):
        n_workers = (1, 3)

    call(Contract(), WORKERS, FillsThree, tmp_path)


def test_a_scheduler_whose_author_does_not_say_what_to_test_is_told_to():
    with pytest.raises(NotImplementedError, match="override the fixture 'make'"):
        SchedulerContract.make.__wrapped__(SchedulerContract())
