import math

import pytest

from tunekit_bo.models import hyperparameters
from tunekit_bo.searchers.hypertune import HyperTune
from tunekit_core import Decision, Start, WeighsBrackets, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.testing import SearcherContract


class Brackets(Fifo):
    """Runs every trial to its end, shows the reports at 1, 3 and 9 epochs, and begins at the level of most weight."""

    name = "brackets"

    def suggest(self, trial_id):
        weights = self.searcher.bracket_weights((1, 3, 9))
        first = max(weights, key=weights.get, default=1)
        seen = {str(level): weight for level, weight in weights.items()}  # keys of a note are text
        proposal = self.searcher.suggest(trial_id, resource=first)
        return proposal and Start(proposal.configuration, note={"first": first, "weights": seen, **proposal.note})

    def on_start(self, trial):
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, trial.note["first"])

    def on_report(self, trial, report):
        if report.resource in (1, 3, 9) and report.resource >= trial.note["first"]:
            self.searcher.on_report(trial, report)
            if report.resource < 9:
                self.searcher.on_target(trial, 3 * report.resource)
        return Decision.CONTINUE


class TestHyperTune(SearcherContract):
    measures_growth = False  # max_size_data_for_model bounds it
    n_shared = 6

    @pytest.fixture
    def make(self):
        return lambda problem, streams: create("searcher", "hypertune", problem, streams)

    def make_scheduler(self, problem, streams, searcher):
        return Brackets(problem, streams, searcher)


class TestHyperTuneWithAllReports(TestHyperTune):
    max_evaluations = 70

    def make_scheduler(self, problem, streams, searcher):
        return Fifo(problem, streams, searcher)


def rungs_of(run, bowl, at_one, *, n_low=24, n_high=8):
    """Trials that report at 1 epoch, the first of them at 9 too, where the loss is that of the bowl."""
    these = run("hypertune", num_init_random=n_low)
    trials = [these.start(target=1) for _ in range(n_low)]
    for trial in trials:
        these.report(trial, at_one(trial), resource=1)
        these.searcher.on_pause(trial)
    for trial in trials[:n_high]:
        these.searcher.on_target(trial, 9)
        these.report(trial, bowl(trial.configuration), resource=9)
        these.end(trial)
    return these


def test_it_can_weigh_brackets():
    assert issubclass(HyperTune, WeighsBrackets)


def test_it_has_no_opinion_on_brackets_before_it_has_seen_anything(run):
    assert run("hypertune").searcher.bracket_weights((1, 3, 9)) == {}


@pytest.mark.parametrize("n_high", [0, 5])
def test_a_lone_supported_rung_has_all_the_weight(run, bowl, n_high):
    these = rungs_of(run, bowl, lambda trial: bowl(trial.configuration), n_high=n_high)
    assert these.searcher.bracket_weights((1, 3, 9)) == {1: 1.0}


def test_the_lowest_rung_stands_in_where_none_is_supported(run, bowl):
    these = rungs_of(run, bowl, lambda trial: bowl(trial.configuration), n_low=5, n_high=2)
    assert these.searcher.bracket_weights((1, 3, 9)) == {1: 1.0}


def test_a_lower_rung_that_foretells_the_highest_has_most_of_the_weight(run):
    def wave(configuration):
        return math.sin(15 * configuration["x"]) + math.cos(10 * configuration["y"])

    these = rungs_of(run, wave, lambda trial: 5 + 2 * wave(trial.configuration))
    weights = these.searcher.bracket_weights((1, 3, 9))
    assert weights.keys() == {1, 9}
    assert weights[1] > 0.9
    assert weights[1] + 9 * weights[9] == pytest.approx(1)


def test_rungs_that_rank_without_an_error_share_the_weight(run, bowl):
    these = rungs_of(run, bowl, lambda trial: 5 + 2 * bowl(trial.configuration), n_high=20)
    weights = these.searcher.bracket_weights((1, 3, 9))
    assert [weights[1], 9 * weights[9]] == pytest.approx([0.5, 0.5], abs=0.1)


def test_a_lower_rung_that_misleads_has_no_weight(run, bowl):
    these = rungs_of(run, bowl, lambda trial: -bowl(trial.configuration))
    assert these.searcher.bracket_weights((1, 3, 9)) == {1: 0.0, 9: 1 / 9}


def test_proposals_follow_the_highest_rung_where_lower_ones_mislead(run, bowl):
    these = rungs_of(run, bowl, lambda trial: -bowl(trial.configuration), n_high=20)
    assert bowl(these.suggest(resource=1).configuration) < 0.05


def test_proposals_learn_from_a_lower_rung_that_foretells_the_highest(run, bowl):
    these = rungs_of(run, bowl, lambda trial: bowl(trial.configuration), n_low=40, n_high=6)
    assert bowl(these.suggest(resource=1).configuration) < 0.05


def test_asking_for_weights_changes_no_proposal_and_costs_no_second_fit(run, bowl, monkeypatch):
    fits = []
    fit = hyperparameters.fit
    monkeypatch.setattr(hyperparameters, "fit", lambda *args, **options: fits.append(1) or fit(*args, **options))
    asked, unasked = (rungs_of(run, bowl, lambda trial: -bowl(trial.configuration)) for _ in range(2))
    weights = asked.searcher.bracket_weights((1, 3, 9))
    assert asked.suggest(resource=1) == unasked.suggest(resource=1)
    assert unasked.searcher.bracket_weights((1, 3, 9)) == weights
    assert len(fits) == 2


def test_what_is_pending_is_not_proposed_again(run, bowl):
    these = rungs_of(run, bowl, lambda trial: bowl(trial.configuration))
    proposals = [these.start(target=target).configuration for target in (9, 1, 3, 9, 1)]
    assert len({str(configuration) for configuration in proposals}) == 5
