"""An experiment may end by what its searcher says is still to gain."""

import pytest

from tunekit_core import (
    BoundsRegret,
    ComponentError,
    ConfigurationError,
    Objective,
    RegretBound,
    Streams,
    Tuner,
    create,
)
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import ToyBackend, ToyBenchmark


def says(answers):
    """Random search that gives an answer by the number of trials that have ended; after the last one, that."""

    class Says(RandomSearch):
        name = "says"
        n_ended = 0
        n_asked = 0

        def on_end(self, trial, outcome):
            self.n_ended += 1

        def regret_bound(self):
            self.n_asked += 1
            return answers[min(self.n_ended, len(answers) - 1)]

    return Says


def ends(**options):
    return [lambda problem: create("stopping", "regret_bound", problem, **options)]


def several(problem, count):
    return create("stopping", "max_num_trials_finished", problem, count=count)


FALLING = [None, None, *(RegretBound(gain, 0.25) for gain in (4.0, 2.0, 1.0, 0.5, 0.25, 0.125))]


def test_it_ends_when_no_more_than_the_noise_is_to_be_gained(play):
    played = play(lambda t, run: [0.5], searcher=says(FALLING), stopping=ends(trials=1))
    assert (played.result.n_trials, played.result.failed) == (6, False)
    assert played.result.reason == "the model sees at most 0.25 to be gained, no more than the noise of 0.25"


def test_it_ends_when_no_more_than_a_number_is_to_be_gained(play):
    played = play(lambda t, run: [0.5], searcher=says(FALLING), stopping=ends(below=1.0, trials=1))
    reason = "the model sees at most 1 to be gained, no more than below=1"
    assert (played.result.n_trials, played.result.reason) == (4, reason)


def test_the_searcher_is_not_asked_before_so_many_trials_are_complete(play):
    played = play(lambda t, run: [0.5], searcher=says([RegretBound(0.0, 0.0)]), stopping=ends(trials=7))
    assert played.result.n_trials == 7
    assert played.scheduler.searcher.n_asked == 1


@pytest.mark.parametrize("answer", [None, RegretBound(float("inf"), 0.0), RegretBound(0.1, 0.01)])
def test_while_more_may_be_gained_or_nothing_can_be_said_it_goes_on(answer, play):
    stopping = [*ends(trials=1), lambda problem: several(problem, 9)]
    assert play(lambda t, run: [0.5], searcher=says([answer]), stopping=stopping).result.n_trials == 9


def test_a_searcher_that_cannot_say_is_refused_with_what_to_use_instead(problem):
    streams = Streams(0)
    scheduler = Fifo(problem, streams, RandomSearch(problem, streams))
    backend = ToyBackend(problem, ToyBenchmark(), None, streams)
    with pytest.raises(
        ConfigurationError, match=r"the searcher 'random' has no model .*=BO .* stopping\.no_improvement"
    ):
        Tuner(scheduler=scheduler, backend=backend, stopping=[ends()[0](problem)])


def test_several_metrics_are_refused(make_problem):
    several = make_problem(objective=Objective(("loss", "time"), ("min", "min"), "epoch"))
    with pytest.raises(ConfigurationError, match="of one metric, and there are 2: loss, time"):
        create("stopping", "regret_bound", several)


@pytest.mark.parametrize("below", [0, -1.0, float("inf"), "loud", None])
def test_what_is_no_number_above_0_nor_noise_is_refused(below, problem):
    with pytest.raises(ConfigurationError, match="below"):
        create("stopping", "regret_bound", problem, below=below)


def test_what_is_no_bound_is_an_error_of_the_searcher(play):
    with pytest.raises(
        ComponentError, match=r"returned 0\.5, which is no RegretBound or None \(regret_bound\)"
    ) as caught:
        play(lambda t, run: [0.5], searcher=says([0.5]), stopping=ends(trials=1), raises=None)
    assert caught.value.method == "regret_bound"


@pytest.mark.parametrize("values", [(-1.0, 0.1), (float("nan"), 0.1), (1.0, -0.1), (1.0, float("inf"))])
def test_a_bound_is_from_0_and_its_noise_is_finite(values):
    with pytest.raises(ValueError, match="must be"):
        RegretBound(*values)


def test_searchers_have_the_ability_by_having_the_method():
    assert issubclass(says([]), BoundsRegret)
    assert not issubclass(RandomSearch, BoundsRegret)
