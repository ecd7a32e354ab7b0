from collections import Counter

import pytest

import tunekit_asha
from tunekit_asha.promotion import AshaPromotion
from tunekit_asha.stopping import AshaStopping
from tunekit_core import PluginError, Proposal, Start
from tunekit_core.builtin.random_search import RandomSearch

BOTH = pytest.mark.parametrize("scheduler", [AshaStopping, AshaPromotion])


class Noting(RandomSearch):
    name = "noting"

    def suggest(self, trial_id, *, resource):
        proposal = super().suggest(trial_id, resource=resource)
        return Proposal(proposal.configuration, {"length_scale": 0.5})


class NotingBrackets(RandomSearch):
    name = "noting_brackets"

    def suggest(self, trial_id, *, resource):
        return Proposal(super().suggest(trial_id, resource=resource).configuration, {"bracket": "round"})


def start_trials(asha, n):
    return [asha.begin().note["bracket"] for _ in range(n)]


@BOTH
def test_brackets_are_drawn_with_their_probabilities(experiment, scheduler):
    counts = Counter(start_trials(experiment(scheduler, brackets=3), 2000))
    shares = [counts[bracket] / 2000 for bracket in range(3)]
    assert shares == pytest.approx([0.545, 0.273, 0.182], abs=0.03)


@BOTH
def test_a_bracket_depends_on_the_seed_and_the_trial_alone(experiment, scheduler):
    asha = experiment(scheduler, brackets=3)
    expected = start_trials(experiment(scheduler, brackets=3, rung_system_per_bracket=True), 20)
    assert [asha.scheduler.suggest(i).note["bracket"] for i in reversed(range(20))] == expected[::-1]
    assert start_trials(experiment(scheduler, brackets=3, seed=1), 20) != expected


def test_all_variants_put_a_trial_into_the_same_bracket(experiment):
    stopping, promotion = (start_trials(experiment(each, brackets=3), 20) for each in (AshaStopping, AshaPromotion))
    assert stopping == promotion


def test_every_scheduler_of_the_plugin_draws_from_the_same_streams():
    assert {each.stream_family for each in tunekit_asha.tunekit_register_schedulers()} == {"asha"}


def test_a_trial_is_first_compared_and_pending_at_the_lowest_level_of_its_bracket(experiment):
    asha = experiment(AshaPromotion, brackets=3)
    brackets = start_trials(asha, 20)
    assert set(brackets) == {0, 1, 2}
    lowest = [(1, 3, 9)[bracket] for bracket in brackets]
    assert [trial.until for trial in asha.state.trials] == lowest
    assert asha.searcher.asked == lowest
    assert asha.searcher.targets == list(enumerate(lowest))


@BOTH
def test_what_the_searcher_notes_stays_in_the_note(experiment, scheduler):
    asha = experiment(scheduler, brackets=2, searcher=Noting)
    assert set(asha.next().note) == {"bracket", "length_scale"}
    assert experiment(scheduler, searcher=Noting).next().note == {"length_scale": 0.5}


@BOTH
def test_a_note_of_the_searcher_that_is_called_bracket_is_refused_where_it_would_be_lost(experiment, scheduler):
    with pytest.raises(PluginError, match="noting_brackets"):
        experiment(scheduler, brackets=2, searcher=NotingBrackets).next()
    asha = experiment(scheduler, searcher=NotingBrackets)
    assert asha.begin().note == {"bracket": "round"}


def first_of(asha, bracket):
    """Start trials until one is in the bracket."""
    while True:
        trial = asha.begin()
        if trial.note["bracket"] == bracket:
            return trial


def test_brackets_share_their_rungs(experiment):
    asha = experiment(AshaStopping, brackets=2)
    low, high = first_of(asha, 0), first_of(asha, 1)
    asha.report(low, 1, 0.5)
    asha.report(low, 3, 0.5)
    assert asha.report(high, 1, 0.9).value == "CONTINUE"  # its bracket begins at 3
    assert asha.report(high, 3, 0.9).value == "STOP"


def test_brackets_with_rungs_of_their_own_do_not_compare(experiment):
    asha = experiment(AshaStopping, brackets=2, rung_system_per_bracket=True)
    low, high = first_of(asha, 0), first_of(asha, 1)
    asha.report(low, 1, 0.5)
    asha.report(low, 3, 0.5)
    assert asha.report(high, 3, 0.9).value == "CONTINUE"
    assert dict(asha.state.columns()) == {"num_at_level1": 1, "num_at_level3": 2, "num_at_level9": 0}


def test_rungs_of_every_bracket_are_searched_for_a_trial_to_promote(experiment):
    asha = experiment(AshaPromotion, brackets=2, rung_system_per_bracket=True)
    high = [first_of(asha, 1), first_of(asha, 1)]
    for trial in high:
        asha.report(trial, 3, 0.5)
    assert not isinstance(asha.next(), Start)
    assert asha.begin() is high[0]
    assert high[0].until == 9
