"""The contract tests for plugins catch what breaks a contract: each broken component here fails the test it should."""

import itertools
import math

import attrs
import pytest

from tunekit_core import Streams
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.trials import Decision, Proposal, Resume, Status
from tunekit_core.errors import ComponentError, RecordError
from tunekit_core.testing import (
    BackendContract,
    SchedulerContract,
    SearcherContract,
    ToyBackend,
    ToyBenchmark,
    toy_problem,
)

REPLAY = "test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix"
TWICE = "test_suggest_changes_nothing"
SEED = "test_the_same_seed_gives_the_same_experiment"
TIES = "test_ties_and_metrics_that_are_not_finite_are_survived"
MIRROR = "test_a_score_to_maximise_is_the_mirror_of_a_loss"
calls = itertools.count()


class CountsItsSuggestions(RandomSearch):
    """Hidden state: every suggestion moves it on."""

    n_suggested = 0

    def suggest(self, trial_id, *, resource):
        self.n_suggested += 1
        return super().suggest(trial_id + self.n_suggested, resource=resource)


class LearnsInSuggest(RandomSearch):
    """Hidden state: what it has suggested is taken, whether it was started or not."""

    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        if proposal is not None:
            self._taken.add(self.problem.space.key(proposal.configuration))
        return proposal


class DrawsFromNowhere(RandomSearch):
    """Random numbers that no seed fixes."""

    def suggest(self, trial_id, *, resource):
        return super().suggest(next(calls), resource=resource)


class DrawsItsOwn(RandomSearch):
    """Not paired with random search."""

    def suggest(self, trial_id, *, resource):
        return super().suggest(trial_id + 1000, resource=resource)


class ForgetsPending(RandomSearch):
    """Proposes the same until its trial has reported."""

    n_seen = 0

    def suggest(self, trial_id, *, resource):
        return Proposal(self._random.propose(self.n_seen, set()))

    def on_report(self, trial, report):
        self.n_seen += report.resource == 1


class GivesUpEarly(RandomSearch):
    """Leaves configurations of a finite space untried."""

    def suggest(self, trial_id, *, resource):
        exhausted = self.problem.space.size is not None and trial_id >= 20
        return None if exhausted else super().suggest(trial_id, resource=resource)


class NeverExhausted(RandomSearch):
    """Begins again when the space is exhausted."""

    def suggest(self, trial_id, *, resource):
        return super().suggest(trial_id, resource=resource) or Proposal(self.problem.space.default())


class IgnoresRows(RandomSearch):
    """Searches the whole space."""

    def suggest(self, trial_id, *, resource):
        free = (c for c in self.problem.space.enumerate() if self.problem.space.key(c) not in self._taken)
        configuration = next(free, None)
        return None if configuration is None else Proposal(configuration)


class LeavesTheSpace(RandomSearch):
    """Proposes nonsense once a loss was not finite."""

    broken = False

    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        return Proposal({**proposal.configuration, "units": math.nan}) if self.broken else proposal

    def on_report(self, trial, report):
        self.broken = self.broken or not math.isfinite(report.losses[0])


class LooksAtMetrics(RandomSearch):
    """Takes the metric for a loss."""

    best = math.inf

    def suggest(self, trial_id, *, resource):
        return super().suggest(trial_id + 1000 * (self.best < 0), resource=resource)

    def on_report(self, trial, report):
        self.best = min(self.best, report.metrics["score"])


@pytest.mark.parametrize(
    ("broken", "test", "arguments"),
    [
        (CountsItsSuggestions, REPLAY, ()),
        (LearnsInSuggest, REPLAY, ()),
        (CountsItsSuggestions, TWICE, ()),
        (LearnsInSuggest, TWICE, ()),
        (DrawsFromNowhere, SEED, ()),
        (DrawsItsOwn, "test_the_first_configurations_are_those_of_random_search", ()),
        (ForgetsPending, "test_no_configuration_is_proposed_twice", ()),
        (GivesUpEarly, "test_an_exhausted_space_gives_every_configuration_once", ()),
        (NeverExhausted, "test_an_exhausted_space_gives_every_configuration_once", ()),
        (LeavesTheSpace, TIES, ("broken",)),
        (LooksAtMetrics, MIRROR, ()),
    ],
)
def test_a_broken_searcher_fails_its_contract(broken, test, arguments, tmp_path):
    def scheduler(problem, streams):
        return Fifo(problem, streams, broken(problem, streams))

    with pytest.raises((AssertionError, ComponentError)):
        getattr(SearcherContract(), test)(scheduler, *arguments, tmp_path)


def test_a_searcher_that_ignores_the_allowed_rows_fails_its_contract():
    with pytest.raises(AssertionError):
        SearcherContract().test_only_allowed_rows_are_proposed(IgnoresRows)


class SuggestsOnce(Fifo):
    """Hidden state: an answer is given once."""

    answered = -1

    def suggest(self, trial_id):
        if self.answered == trial_id:
            return None
        self.answered = trial_id
        return super().suggest(trial_id)


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


class LooksAtEverything(Fifo):
    """Sorts all trials on every report."""

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.losses = {}

    def on_report(self, trial, report):
        self.losses[trial.id] = report.losses[0]
        sorted(self.losses, key=lambda trial_id: self.losses[trial_id])
        return super().on_report(trial, report)


@pytest.mark.parametrize(
    ("broken", "test", "arguments"),
    [
        (SuggestsOnce, REPLAY, ()),
        (SuggestsOnce, TWICE, ()),
        (CountsReports, SEED, ()),
        (ChokesOnInfinity, TIES, ("broken",)),
        (StopsByMetric, MIRROR, ()),
        (StartsTen, "test_an_exhausted_space_ends_the_experiment", ()),
        (StopsAtTheEnd, "test_a_trial_that_reaches_the_last_resource_completes", ()),
        (ResumesFailed, "test_failed_trials_are_not_resumed", ()),
        (AddsColumns, "test_the_columns_keep_their_names", ()),
        (LooksAtEverything, "test_the_cost_of_an_event_does_not_grow_with_the_number_of_trials", ()),
    ],
)
def test_a_broken_scheduler_fails_its_contract(broken, test, arguments, tmp_path):
    def scheduler(problem, streams):
        return broken(problem, streams, RandomSearch(problem, streams))

    with pytest.raises((AssertionError, RecordError, ComponentError)):
        getattr(SchedulerContract(), test)(scheduler, *arguments, tmp_path)


class Filtered(ToyBackend):
    """Changes the events of the toy backend on their way."""

    def wait(self, deadline):
        return [changed for event in super().wait(deadline) for changed in self.change(event)]

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


class IgnoresTheTarget(ToyBackend):
    def start(self, trial, until, checkpoint_of):
        super().start(trial, None, checkpoint_of)


class BeginsAgain(ToyBackend):
    def resume(self, trial, until):
        super().start(trial, until, None)


class ForgetsThatItWasThere(ToyBackend):
    """Claims no checkpoints, and goes on all the same."""

    capabilities = frozenset({"pause"})


class EndsTwice(Filtered):
    def change(self, event):
        return [event, event] if isinstance(event, TrialEnded) else [event]


class IgnoresTheDeadline(ToyBackend):
    def wait(self, deadline):
        return super().wait(None)


class StandsStill(ToyBackend):
    def wait(self, deadline):
        now = self._now
        events = super().wait(deadline)
        self._now = self._now if events else now
        return events


@pytest.mark.parametrize(
    ("broken", "test", "arguments"),
    [
        (SkipsAReport, "test_a_trial_reports_every_resource_and_ends_once", ()),
        (EndsWithoutSuccess, "test_a_trial_reports_every_resource_and_ends_once", ()),
        (TurnsTheClockBack, "test_a_trial_reports_every_resource_and_ends_once", ()),
        (IgnoresTheTarget, "test_a_trial_that_is_sent_to_a_resource_ends_there", ()),
        (EndsWithoutSuccess, "test_a_trial_that_is_sent_to_a_resource_ends_there", ()),
        (BeginsAgain, "test_a_resumed_trial_goes_on_to_its_next_target", ()),
        (ForgetsThatItWasThere, "test_a_resumed_trial_goes_on_to_its_next_target", ()),
        (EndsTwice, "test_a_trial_that_is_asked_to_end_ends_once", ("pause",)),
        (EndsTwice, "test_a_trial_that_is_asked_to_end_ends_once", ("stop",)),
        (IgnoresTheDeadline, "test_waiting_ends_at_the_deadline", ()),
        (StandsStill, "test_waiting_ends_at_the_deadline", ()),
    ],
)
def test_a_broken_backend_fails_its_contract(broken, test, arguments):
    benchmark = ToyBenchmark()
    backend = broken(toy_problem(benchmark), benchmark, None, Streams(0))
    with pytest.raises(AssertionError):
        getattr(BackendContract(), test)(backend, *arguments)


@pytest.mark.parametrize("contract", [SearcherContract, SchedulerContract, BackendContract])
def test_a_plugin_that_does_not_say_what_to_test_is_told_to(contract):
    with pytest.raises(NotImplementedError, match="override the fixture 'make'"):
        contract.make.__wrapped__(contract())
