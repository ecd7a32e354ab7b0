import functools

import pytest

from tunekit_asha.freeze_thaw import FreezeThawScheduler
from tunekit_core import (
    AskTell,
    ComponentError,
    ConfigurationError,
    Decision,
    PausedTrial,
    Promotion,
    Resume,
    Start,
    Status,
    create,
)
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import SchedulerContract


class EveryOther(RandomSearch):
    """Random search that lets the trial that paused first go on whenever the next id is odd, and others at the end."""

    def choose(self, trial_id, paused, *, resource):
        new = self.suggest(trial_id, resource=resource)
        if paused and (new is None or trial_id % 2):
            return Promotion(paused[0].trial_id, {"of": len(paused)})
        return new


class Told(RandomSearch):
    """Random search that chooses the trial that a test names, and keeps what happens."""

    def __init__(self, problem, streams):
        super().__init__(problem, streams)
        self.chosen = None
        self.offers = []
        self.happened = []

    def choose(self, trial_id, paused, *, resource):
        self.offers.append((paused, resource))
        if self.chosen is None:
            return self.suggest(trial_id, resource=resource)
        return Promotion(self.chosen, {"why": "told"})

    def on_resume(self, trial, note):
        self.happened.append(("resume", trial.id, note))

    def on_target(self, trial, resource):
        self.happened.append(("target", trial.id, resource))


class TestFreezeThaw(SchedulerContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "freeze_thaw")

    @pytest.fixture
    def scheduler(self, make):
        return lambda problem, streams: make(problem, streams, EveryOther(problem, streams))


class TestFreezeThawThatPromotes(TestFreezeThaw):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "scheduler", "freeze_thaw", rung_increment=2, probability_sh=0.5)


@pytest.fixture
def thaw(experiment):
    def build(**options):
        return experiment(FreezeThawScheduler, searcher=Told, **options)

    return build


def test_a_new_trial_runs_to_the_first_rung_and_pauses(thaw):
    these = thaw(min_resource=2)
    trial = these.begin()
    assert trial.until == 2
    assert these.report(trial, 1, 0.5) is Decision.CONTINUE
    assert these.report(trial, 2, 0.5) is Decision.PAUSE
    assert trial.status is Status.PAUSED


def test_that_the_searcher_chooses_is_said(thaw):
    these = thaw()
    trial = these.begin()
    these.report(trial, 1, 0.3)
    standing = these.scheduler.standing(trial.id)
    assert standing.rule.startswith(f"the searcher '{Told.name}' chooses which goes on; by rank, the best 1 of them ")
    assert standing.passes


def test_the_searcher_is_offered_what_is_paused_in_the_order_of_pausing(thaw):
    these = thaw()
    first, second = these.begin(), these.begin()
    these.report(second, 1, 0.1)
    these.report(first, 3, 0.1)
    these.begin()
    assert these.searcher.offers[-1] == ((PausedTrial(1, 1, 3), PausedTrial(0, 3, 9)), 1)


def test_what_is_chosen_goes_on_to_its_next_rung_and_its_note_comes_back(thaw):
    these = thaw()
    for loss in (0.1, 0.9):
        these.report(these.begin(), 1, loss)
    these.searcher.chosen = 1  # not the better one
    assert these.next() == Resume(1, until=3, note={"why": "told"})
    trial = these.begin()
    assert these.searcher.happened[-2:] == [("resume", 1, {"why": "told"}), ("target", 1, 3)]
    assert these.report(trial, 3, 0.9) is Decision.PAUSE
    assert these.next() == Resume(1, until=9, note={"why": "told"})


def test_at_max_resource_a_trial_ends(thaw):
    these = thaw()
    trial = these.begin()
    these.report(trial, 1, 0.5)
    these.searcher.chosen = 0
    these.report(these.begin(), 3, 0.5)
    assert these.report(these.begin(), 9, 0.5) is Decision.CONTINUE
    assert trial.status is Status.COMPLETED
    these.searcher.chosen = None
    these.next()
    assert these.searcher.offers[-1] == ((), 1)


def test_a_trial_that_failed_is_not_offered(thaw):
    these = thaw()
    these.report(these.begin(), 1, 0.5)
    these.searcher.chosen = 0
    these.end(these.begin(), Status.FAILED)
    these.searcher.chosen = None
    these.next()
    assert these.searcher.offers[-1] == ((), 1)


def test_nothing_chosen_is_nothing_suggested(thaw):
    these = thaw()
    these.searcher.choose = lambda trial_id, paused, resource: None
    assert these.next() is None


def test_with_probability_one_successive_halving_comes_first(thaw):
    these = thaw(probability_sh=1.0)
    for loss in (0.1, 0.9):
        these.report(these.begin(), 1, loss)
    assert these.next() == Resume(0, until=3)
    assert these.begin().id == 0
    assert isinstance(these.next(), Start)  # no other passes, so the searcher is asked


def test_about_a_quarter_of_the_choices_are_left_to_successive_halving(thaw):
    these = thaw(probability_sh=0.25, ties="all")
    for _ in range(2):
        these.report(these.begin(), 1, 0.5)
    by_rank = 0
    for _ in range(400):
        by_rank += isinstance(these.next(), Resume)  # the searcher would start a new trial
        trial = these.begin()
        these.report(trial, trial.until, 0.5)  # equal losses pass, so that one can always be promoted
    assert 70 <= by_rank <= 130


def test_ties_have_no_effect_where_nothing_goes_on_by_rank(thaw):
    with pytest.raises(ConfigurationError, match=r"^scheduler\.ties='?all'? has no effect with probability_sh=0"):
        thaw(ties="all")


def test_what_the_searcher_chose_counts_as_gone_on(thaw):
    these = thaw(probability_sh=1.0)
    for _ in range(4):  # two of them may go on
        these.report(these.begin(), 1, 0.5)
        these.scheduler.rung_system.promotion = lambda: None
    these.searcher.chosen = 3
    assert these.begin().id == 3
    these.searcher.chosen = None
    del these.scheduler.rung_system.promotion
    assert these.begin().id == 0
    assert isinstance(these.next(), Start)


def test_a_searcher_that_cannot_choose_is_refused(experiment):
    with pytest.raises(ConfigurationError, match="searcher=random cannot") as caught:
        experiment(FreezeThawScheduler, searcher=RandomSearch)
    assert caught.value.option == "searcher"


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_a_probability_out_of_range_is_refused(thaw, probability):
    with pytest.raises(ConfigurationError, match=r"scheduler\.probability_sh=.* must be at least 0 and at most 1"):
        thaw(probability_sh=probability)


def test_a_searcher_that_chooses_what_is_not_paused_is_named(thaw):
    these = thaw()
    these.begin()
    these.searcher.chosen = 0
    with pytest.raises(ComponentError, match=r"searcher 'random' .* chose the trial 0, which is not among the paused"):
        AskTell(these.scheduler).ask()


@pytest.mark.parametrize(
    ("max_resource", "options", "levels"),
    [
        (52, {}, [3, 9, 27, 52]),
        (100, {}, [6, 18, 54, 100]),
        (9, {}, [1, 3, 9]),
        (2, {}, [1, 2]),
        (100, {"min_resource": 10}, [10, 30, 90, 100]),
        (27, {"min_resource": 1, "rung_increment": 10}, [1, 11, 21, 27]),
        (27, {"rung_levels": [5]}, [5, 27]),
    ],
)
def test_its_levels_begin_at_an_18th_unless_it_is_said_where(thaw, max_resource, options, levels):
    these = thaw(max_resource=max_resource, **options)
    assert list(these.scheduler.columns()) == [f"num_at_level{level}" for level in levels]


def test_it_can_be_created_by_name(experiment):
    assert isinstance(experiment(FreezeThawScheduler, searcher=Told).scheduler, FreezeThawScheduler)
