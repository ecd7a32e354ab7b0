"""The contract of searchers catches what breaks it, by the test that is meant for it; what keeps it passes."""

import itertools
import math
import subprocess
import sys

import attrs
import numpy as np
import pytest

from tests.core.caught import call, check_caught
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.searchers import RegretBound, Searcher
from tunekit_core.contracts.trials import Proposal, Status
from tunekit_core.errors import ConfigurationError
from tunekit_core.testing import SearcherContract

REPLAY = "test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix"
DIED = "test_it_goes_on_where_it_was_when_its_process_has_died"
TWICE = "test_suggest_changes_nothing"
SEED = "test_the_same_seed_gives_the_same_experiment"
TIES = "test_ties_and_metrics_that_are_not_finite_are_survived"
MIRROR = "test_a_score_to_maximise_is_the_mirror_of_a_loss"
SHARED = "test_the_first_configurations_are_those_of_random_search"
DISTINCT = "test_no_configuration_is_proposed_twice"
EXHAUSTED = "test_an_exhausted_space_gives_every_configuration_once"
ROWS = "test_only_allowed_rows_are_proposed"
NOTES = "test_notes_are_the_same_after_json"
GIVEN = "test_what_it_is_given_stays_as_it_was"
DROPPED = "test_what_has_ended_is_dropped"
COLUMNS = "test_its_columns_are_scalars_under_the_same_names"
PAUSES = "test_it_works_under_a_scheduler_that_pauses_and_stops_trials"
GROWTH = "test_the_cost_of_a_proposal_grows_no_faster_than_the_number_of_trials"
POINTS = "test_the_points_to_evaluate_come_first"
KEPT = "test_constants_and_fixed_hyperparameters_keep_their_values"
MANY = "test_it_takes_all_metrics_that_it_says_it_takes"
NO_END = "test_trials_may_have_no_known_end"
RECOMMENDED = "test_what_it_recommends_follows_from_the_events"
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


class KeepsAnOldAnswer(RandomSearch):
    """A cache that changes values: it is not emptied when trials end."""

    kept = None

    def suggest(self, trial_id, *, resource):
        if self.kept is None or self.kept[0] != trial_id:
            self.kept = trial_id, super().suggest(trial_id + self.n_ended, resource=resource)
        return self.kept[1]

    n_ended = 0

    def on_end(self, trial, outcome):
        self.n_ended += 1000


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


class BeginsAgain(RandomSearch):
    """Begins again when the space is exhausted."""

    def suggest(self, trial_id, *, resource):
        return super().suggest(trial_id, resource=resource) or Proposal(self.problem.space.default())


class DrawsUntilItIsNew(RandomSearch):
    """Never returns None: draws for ever when the space is exhausted."""

    def suggest(self, trial_id, *, resource):
        for draw in itertools.count(trial_id):
            configuration = self._random.propose(draw, set())
            if self.problem.space.key(configuration) not in self._taken:
                return Proposal(configuration)
        return None


class IgnoresRows(RandomSearch):
    """Searches the whole space."""

    def suggest(self, trial_id, *, resource):
        free = (c for c in self.problem.space.enumerate() if self.problem.space.key(c) not in self._taken)
        configuration = next(free, None)
        return None if configuration is None else Proposal(configuration)


class BeginsWithTheDefault(Searcher):
    """Knows no other points to evaluate."""

    name = "begins_with_the_default"
    objectives = "many"

    def __init__(self, problem, streams):
        super().__init__(problem, streams)
        problem = attrs.evolve(problem, points_to_evaluate=[problem.space.default()])
        self.random = problem.random_configurations(streams)
        self.taken = set()

    def suggest(self, trial_id, *, resource):
        configuration = self.random.propose(trial_id, self.taken)
        return None if configuration is None else Proposal(configuration)

    def on_start(self, trial):
        self.taken.add(self.problem.space.key(trial.configuration))


class LeavesOutConstants(RandomSearch):
    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        return Proposal({name: proposal.configuration[name] for name in self.problem.space.names})


class SearchesWhatIsFixed(RandomSearch):
    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        return Proposal({**proposal.configuration, "act": ["relu", "tanh", "gelu"][trial_id % 3]})


class TakesOneLoss(RandomSearch):
    def on_report(self, trial, report):
        (self.loss,) = report.losses


class TakesOneLossAndSaysSo(TakesOneLoss):
    objectives = "one"


class NeedsAnEnd(RandomSearch):
    def on_target(self, trial, resource):
        self.pending_at = resource + 0


class RefusesWhatHasNoEnd(NeedsAnEnd):
    def __init__(self, problem, streams):
        super().__init__(problem, streams)
        if problem.max_resource is None:
            raise ConfigurationError("It needs a last resource.")


class AnswersInAnotherOrder(RandomSearch):
    """The names of its configurations are not in the order of the space."""

    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        return None if proposal is None else Proposal(dict(reversed(proposal.configuration.items())))


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


class NotesIntegerKeys(RandomSearch):
    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        return None if proposal is None else Proposal(proposal.configuration, {1: "one"})


class NotesAnArray(RandomSearch):
    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        return None if proposal is None else Proposal(proposal.configuration, {"weights": np.zeros(3)})


class ChangesAConfiguration(RandomSearch):
    def on_start(self, trial):
        super().on_start(trial)
        trial.configuration["x"] = 0.5


class ChangesAMetric(RandomSearch):
    def on_report(self, trial, report):
        report.metrics["score"] = 0.0


class ChangesATrial(RandomSearch):
    def on_end(self, trial, outcome):
        trial.status = Status.FAILED


class ChangesWhatIsInANote(RandomSearch):
    def on_start(self, trial):
        super().on_start(trial)
        trial.note.get("nested", []).append(3)


class LearnsInRecommending(RandomSearch):
    """Hidden state: to be asked which trial it recommends changes what it suggests."""

    n_asked = 0

    def suggest(self, trial_id, *, resource):
        return super().suggest(trial_id + self.n_asked, resource=resource)

    def recommended_trial(self):
        self.n_asked += 1
        return None


class RecommendsInTurn(RandomSearch):
    """Hidden state: it recommends another trial each time."""

    n_asked = 0

    def recommended_trial(self):
        self.n_asked += 1
        return self.n_asked % 2


class RecommendsBySuggestions(RandomSearch):
    """What it recommends follows from what it suggested, which is lost with the process."""

    recommended = 4

    def suggest(self, trial_id, *, resource):
        self.recommended = 3
        return super().suggest(trial_id, resource=resource)

    def recommended_trial(self):
        return self.recommended


class LearnsInBounding(RandomSearch):
    """Hidden state: to be asked what is still to gain changes what it suggests."""

    n_asked = 0

    def suggest(self, trial_id, *, resource):
        return super().suggest(trial_id + self.n_asked, resource=resource)

    def regret_bound(self):
        self.n_asked += 1


class BoundsInTurn(RandomSearch):
    """Hidden state: something else is to be gained each time."""

    n_asked = 0

    def regret_bound(self):
        self.n_asked += 1
        return RegretBound(float(self.n_asked), 0.5)


class BoundsWhatItWasAskedFirst(RandomSearch):
    """A cache that is never renewed."""

    bound = None
    n_reports = 0

    def on_report(self, trial, report):
        self.n_reports += 1

    def regret_bound(self):
        if self.bound is None and self.n_reports:
            self.bound = RegretBound(float(self.n_reports), 0.5)
        return self.bound


class RecommendsWhatHasFailed(RandomSearch):
    """It does not look at how trials end."""

    def recommended_trial(self):
        return 2


class RaisesInOnPause(RandomSearch):
    def on_pause(self, trial):
        raise KeyError(trial.id)


class RaisesInOnResume(RandomSearch):
    def on_resume(self, trial, note):
        raise KeyError(trial.id)


def waits_for(how, is_dropped):
    """Proposes nothing while 20 trials are pending, which those that have ended in one way stay."""

    class Waits(RandomSearch):
        def __init__(self, problem, streams):
            super().__init__(problem, streams)
            self.pending = set()

        def suggest(self, trial_id, *, resource):
            return None if len(self.pending) >= 20 else super().suggest(trial_id, resource=resource)

        def on_start(self, trial):
            super().on_start(trial)
            self.pending.add(trial.id)

        def on_end(self, trial, outcome):
            if is_dropped(trial, outcome):
                self.pending.discard(trial.id)

    return pytest.param(Waits, how, "none runs, and nothing is proposed any more", id=f"waits for those that {how}")


def keeps(how, is_dropped):
    """Keeps every trial that has ended in one way."""

    class Keeps(RandomSearch):
        def __init__(self, problem, streams):
            super().__init__(problem, streams)
            self.trials = {}

        def on_start(self, trial):
            super().on_start(trial)
            self.trials[trial.id] = trial

        def on_end(self, trial, outcome):
            if is_dropped(trial, outcome):
                del self.trials[trial.id]

    return pytest.param(Keeps, how, "and 60 of them are still kept", id=f"keeps those that {how}")


HAVE_ENDED = {
    "failed before they reported": lambda trial, outcome: outcome is not Status.FAILED or trial.n_reports,
    "failed after a report": lambda trial, outcome: outcome is not Status.FAILED or not trial.n_reports,
    "were stopped": lambda trial, outcome: outcome is not Status.STOPPED,
    "were stopped when they had paused": lambda trial, outcome: outcome is not Status.STOPPED,
    "completed": lambda trial, outcome: outcome is not Status.COMPLETED,
}
NEVER_DROP = [make(how, is_dropped) for make in (waits_for, keeps) for how, is_dropped in HAVE_ENDED.items()]


def with_columns(name, columns):
    """A searcher that tells this about itself, by the number of reports that it has seen."""

    def on_report(self, trial, report):
        self.n_seen += 1

    methods = {"n_seen": 0, "on_report": on_report, "columns": lambda self: columns(self.n_seen)}
    return type(name, (RandomSearch,), methods)


class KeepsItsLosses(RandomSearch):
    """Its proposals take time, which its subclasses say, in the number of losses."""

    def __init__(self, problem, streams):
        super().__init__(problem, streams)
        self.losses = []

    def on_report(self, trial, report):
        if report.resource == 9:
            self.losses.append(report.losses[0])

    def suggest(self, trial_id, *, resource):
        self.work()
        return super().suggest(trial_id, resource=resource)


class QuadraticInPython(KeepsItsLosses):
    def work(self):
        return sum(a < b for a in self.losses for b in self.losses)


class QuadraticInNumPy(KeepsItsLosses):
    def work(self):
        losses = np.array(self.losses)
        return np.abs(losses[:, None] - losses).sum()


class QuadraticInAList(KeepsItsLosses):
    def work(self):
        return max(map(self.losses.count, self.losses), default=0)


class LinearInPython(KeepsItsLosses):
    def work(self):
        return sum(loss for loss in self.losses)


class SortsInPython(KeepsItsLosses):
    def work(self):
        return sorted(self.losses)


class LinearInNumPy(KeepsItsLosses):
    def work(self):
        return np.array(self.losses).mean()


BROKEN = [
    (CountsItsSuggestions, REPLAY, "suggest() changes nothing"),
    (LearnsInSuggest, REPLAY, "suggest() changes nothing"),
    (KeepsAnOldAnswer, REPLAY, "suggest() changes nothing"),
    (CountsItsSuggestions, TWICE, "asked twice for trial 9"),
    (LearnsInSuggest, TWICE, "asked twice for trial 9"),
    (DrawsFromNowhere, SEED, "The same seed gives the same experiment"),
    (DrawsItsOwn, SHARED, "those of random search with the same seed (n_shared)"),
    (ForgetsPending, DISTINCT, "nor that of a trial that is pending"),
    (GivesUpEarly, EXHAUSTED, "Each of the 24 configurations of a finite space has one trial"),
    (BeginsAgain, EXHAUSTED, "Each of the 24 configurations of a finite space has one trial"),
    (DrawsUntilItIsNew, EXHAUSTED, "suggest() comes to an end"),
    (DrawsUntilItIsNew, ROWS, "suggest() comes to an end"),
    (IgnoresRows, ROWS, "Where a problem has rows, each of them is proposed once"),
    (BeginsWithTheDefault, POINTS, "The first configurations are problem.points_to_evaluate"),
    (LeavesOutConstants, KEPT, "A configuration has all names of the space"),
    (SearchesWhatIsFixed, KEPT, "fixed hyperparameters keep their values"),
    (TakesOneLoss, MANY, "Whoever says objectives = 'many' takes all metrics"),
    (NeedsAnEnd, NO_END, "Where trials have no known end, max_resource is None"),
    (LooksAtMetrics, MIRROR, "Losses are compared, not metrics"),
    (NotesIntegerKeys, NOTES, "A note is the same after JSON"),
    (NotesAnArray, NOTES, "A note is the same after JSON"),
    (ChangesAConfiguration, GIVEN, "What a searcher is given stays as it was. Configuration is read-only"),
    (ChangesAMetric, GIVEN, "What a searcher is given stays as it was"),
    (ChangesATrial, GIVEN, "What a searcher is given stays as it was"),
    (ChangesWhatIsInANote, GIVEN, "ReadOnlyList is read-only"),
    (LearnsInRecommending, RECOMMENDED, "recommended_trial() changes nothing: asked more often, Event"),
    (RecommendsInTurn, RECOMMENDED, "events, it is 1 and then 0"),
    (RecommendsBySuggestions, RECOMMENDED, "after their fold it is trial 4, and live it was 3"),
    (RecommendsWhatHasFailed, RECOMMENDED, "recommends the trial 2, which is failed"),
    (LearnsInBounding, RECOMMENDED, "regret_bound() changes nothing: asked after each event, the searcher suggests"),
    (BoundsInTurn, RECOMMENDED, "regret_bound() changes nothing: asked twice, it is RegretBound(bound=1.0"),
    (BoundsWhatItWasAskedFirst, RECOMMENDED, "What is still to gain is a function of the events: after the fold of"),
    (RaisesInOnPause, PAUSES, "raised KeyError in on_pause for trial"),
    (RaisesInOnResume, PAUSES, "raised KeyError in on_resume for trial"),
    (with_columns("Late", lambda n: {"seen": n} if n else {}), COLUMNS, "columns() has the same names"),
    (with_columns("Other", lambda n: {f"seen{n > 20}": n}), COLUMNS, "columns() has the same names"),
    (with_columns("Array", lambda n: {"seen": np.zeros(n)}), COLUMNS, "A value in columns() is a truth value"),
    (with_columns("Dict", lambda n: {"seen": {"n": n}}), COLUMNS, "A value in columns() is a truth value"),
    (with_columns("Name", lambda n: {None: n}), COLUMNS, "A name in columns() is text: None is none"),
    (with_columns("Raises", lambda n: {"mean": 1 / n}), COLUMNS, "columns() can be asked for at any time"),
    (with_columns("RaisesLater", lambda n: [{}][n > 20]), COLUMNS, "columns() can be asked for at any time"),
    (QuadraticInPython, GROWTH, "The cost of a proposal grows no faster than the number of trials"),
    (QuadraticInAList, GROWTH, "The cost of a proposal grows no faster than the number of trials"),
    (QuadraticInNumPy, GROWTH, "The cost of a proposal grows no faster than the number of trials"),
]


@pytest.mark.parametrize(("broken", "test", "rule"), BROKEN)
def test_a_broken_searcher_is_caught_by_the_test_that_is_meant_for_it(broken, test, rule, tmp_path, monkeypatch):
    if broken is DrawsUntilItIsNew:
        monkeypatch.setattr("tunekit_core.testing.limits.SECONDS", 1.0)
    check_caught(SearcherContract(), test, broken, tmp_path, rule)


@pytest.mark.parametrize(("broken", "how", "rule"), NEVER_DROP)
def test_a_searcher_that_never_drops_what_ended_is_caught(broken, how, rule, tmp_path):
    message = f"What has ended is dropped: 60 trials {how}, {rule}"
    check_caught(SearcherContract(), DROPPED, broken, tmp_path, message, how=how)


@pytest.mark.parametrize(
    ("good", "test", "why"),
    [(TakesOneLossAndSaysSo, MANY, "takes one metric"), (RefusesWhatHasNoEnd, NO_END, "no known end is refused")],
)
def test_a_searcher_may_take_one_metric_and_refuse_trials_without_a_known_end(good, test, why, tmp_path):
    with pytest.raises(pytest.skip.Exception, match=why):
        call(SearcherContract(), test, good, tmp_path)


@pytest.mark.parametrize("test", [ROWS, EXHAUSTED, DISTINCT, SHARED, POINTS, REPLAY])
def test_a_searcher_may_answer_in_another_order_than_that_of_the_space(test, tmp_path):
    call(SearcherContract(), test, AnswersInAnotherOrder, tmp_path)


class KeepsTheBest(RandomSearch):
    best = None

    def on_report(self, trial, report):
        if self.best is None or report.losses < self.best.last_report.losses:
            self.best = trial


@pytest.mark.parametrize("how", HAVE_ENDED)
def test_a_searcher_may_keep_the_best_trial(how, tmp_path):
    call(SearcherContract(), DROPPED, KeepsTheBest, tmp_path, how=how)


def test_a_searcher_that_leaves_the_space_is_caught(tmp_path):
    check_caught(
        SearcherContract(), TIES, LeavesTheSpace, tmp_path, "cannot start with the configuration", curves="broken"
    )


@pytest.mark.parametrize("good", [LinearInPython, SortsInPython, LinearInNumPy])
def test_a_searcher_whose_proposals_take_linear_time_passes(good, tmp_path):
    call(SearcherContract(), GROWTH, good, tmp_path)


BY_HASH = """
import pytest

from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import SearcherContract


class GoesThroughASet(RandomSearch):
    def suggest(self, trial_id, *, resource):
        first = next(iter({f"name {i}" for i in range(20)}))
        return super().suggest(trial_id + int(first.split()[1]), resource=resource)


class TestGoesThroughASet(SearcherContract):
    @pytest.fixture
    def make(self):
        return GoesThroughASet


class TestRandomSearch(SearcherContract):
    @pytest.fixture
    def make(self):
        return RandomSearch
"""


def test_a_searcher_that_depends_on_the_order_of_hashes_is_caught(tmp_path):
    file = tmp_path / "test_by_hash.py"
    file.write_text(BY_HASH)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "hashes", str(file)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
    assert [line.split(" - ")[0].partition("::")[2] for line in failed] == [
        "TestGoesThroughASet::test_nothing_depends_on_the_order_of_hashes"
    ]
    assert (
        "Nothing depends on the order of hashes: with another PYTHONHASHSEED the experiment is another." in ran.stdout
    )
    assert "1 passed" in ran.stdout.replace("1 failed, ", "")


def test_a_failing_test_shows_the_values_that_it_compared(tmp_path):
    with pytest.raises(AssertionError, match=r"assert \d+ == 24"):
        call(SearcherContract(), EXHAUSTED, GivesUpEarly, tmp_path)


def test_a_searcher_whose_author_does_not_say_what_to_test_is_told_to():
    with pytest.raises(NotImplementedError, match="override the fixture 'make'"):
        SearcherContract.make.__wrapped__(SearcherContract())
