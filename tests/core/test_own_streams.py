"""Every component draws from streams of its own."""

import pytest

from tunekit_core import NO_OPTIONS, PluginError, Scheduler, Searcher, Streams, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.grid_search import GridSearch, GridSearchOptions
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.plugins.component import Component
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem


class Noisy(RandomSearch):
    name = "noisy"

    def __init__(self, problem, streams, options=NO_OPTIONS):
        super().__init__(problem, streams, options)
        self.own = self.streams.generator("noise").random()
        self.passed_in = streams.generator("noise").random()


class AlsoNoisy(Noisy):
    name = "also_noisy"


class PairedWithNoisy(Noisy):
    name = "paired"
    stream_family = "noisy"


class NoisyScheduler(Fifo):
    name = "noisy_scheduler"

    def __init__(self, problem, streams, searcher, options=NO_OPTIONS):
        super().__init__(problem, streams, searcher, options)
        self.own = self.streams.generator("noise").random()
        self.passed_in = streams.generator("noise").random()


class NoisyBackend(ToyBackend):
    name = "noisy_backend"

    def __init__(self, problem, benchmark, folder, streams, options=NO_OPTIONS):
        super().__init__(problem, benchmark, folder, streams)
        self.own = self.streams.generator("noise").random()
        self.passed_in = streams.generator("noise").random()


BENCHMARK = ToyBenchmark()
PROBLEM = toy_problem(BENCHMARK)


def directly(factory, streams):
    """A component that a program makes of its class."""
    if issubclass(factory, Searcher):
        return factory(PROBLEM, streams)
    if issubclass(factory, Scheduler):
        return factory(PROBLEM, streams, RandomSearch(PROBLEM, streams))
    return factory(PROBLEM, BENCHMARK, None, streams)


def by_name(factory, streams):
    """A component that is built from its name and options."""
    if issubclass(factory, Searcher):
        kind, context = "searcher", (PROBLEM, streams)
    elif issubclass(factory, Scheduler):
        kind, context = "scheduler", (PROBLEM, streams, RandomSearch(PROBLEM, streams))
    else:
        kind, context = "backend", (PROBLEM, BENCHMARK, None, streams)
    return Component(kind, factory.name, factory, "tunekit-noisy", "1.0").create(*context, options={})


EACH = pytest.mark.parametrize("build", [directly, by_name])


@EACH
def test_two_plugins_that_name_a_stream_alike_get_different_numbers(build):
    drawn = [build(each, Streams(0)).own for each in (Noisy, AlsoNoisy, NoisyScheduler, NoisyBackend)]
    assert len(set(drawn)) == 4


@EACH
def test_components_of_one_family_get_the_same_numbers(build):
    assert build(PairedWithNoisy, Streams(0)).own == build(Noisy, Streams(0)).own


@pytest.mark.parametrize("factory", [Noisy, AlsoNoisy, PairedWithNoisy, NoisyScheduler, NoisyBackend])
def test_a_component_gets_the_same_numbers_whether_it_is_made_in_python_or_by_name(factory):
    assert directly(factory, Streams(3)).own == by_name(factory, Streams(3)).own


@pytest.mark.parametrize("factory", [Noisy, NoisyScheduler, NoisyBackend])
def test_the_streams_that_a_component_is_built_with_by_name_are_its_own_already(factory):
    built = by_name(factory, Streams(3))
    assert built.passed_in == built.own


def test_a_part_draws_from_the_streams_of_what_it_is_a_part_of():
    whole = NoisyScheduler(PROBLEM, Streams(0), RandomSearch(PROBLEM, Streams(0)))
    assert Noisy(PROBLEM, whole.streams).own == whole.own


def test_a_family_that_cannot_be_one_is_refused_by_its_name():
    class Wrong(Noisy):
        name = "wrong"
        stream_family = "tunekit/wrong"

    for build in (directly, by_name):
        with pytest.raises(PluginError, match="stream_family='tunekit/wrong' cannot be"):
            build(Wrong, Streams(0))


def test_grid_search_in_python_and_by_name_have_one_order():
    searchers = [
        GridSearch(PROBLEM, Streams(0), GridSearchOptions(num_samples=4)),
        create("searcher", "grid", PROBLEM, Streams(0), num_samples=4),
    ]
    first, second = ([searcher.suggest(t, resource=9) for t in (0, 1)] for searcher in searchers)
    assert first == second
