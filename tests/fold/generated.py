"""Generated experiments: every scheduler with every searcher that goes with it, and whatever can happen to them.

The number of an experiment says everything about it, so one that fails is run again by its number.
"""

import random
from functools import cache

import attrs

from tests.fold.copies import CopiesTheBest
from tunekit_core import ConfigurationError, SearchSpace, Streams, choice, create
from tunekit_core.plugins.registry import registry
from tunekit_core.space import ConfigurationTable
from tunekit_core.testing import Setup, ToyBenchmark, check_fold_equals_live, toy_problem
from tunekit_core.testing.components import PausesAndStops

LEFT_OUT = {"botorch"}  # it takes seconds to load, and minutes for as many experiments
OF_TESTS = {scheduler.name: scheduler for scheduler in (PausesAndStops, CopiesTheBest)}
SMALL = {"num_init_random": 3, "num_init_candidates": 20, "num_fantasy_samples": 4, "max_size_data_for_model": 12}
N_TRIALS = 40  # those that may fail or be lost
N_FOLDED = 12  # prefixes of an experiment with a model, whose suggestions take their time


@attrs.frozen
class Experiment:
    """What is run.

    Attributes:
        scheduler: Its name.
        searcher: Its name.
        setup: What happens in it.
        at: Numbers of events after which live and fold are compared; all where there is no model.
    """

    scheduler: str
    searcher: str
    setup: Setup
    at: range

    def make(self, problem, streams):
        """The scheduler, with its searcher, made anew."""
        return make_scheduler(self.scheduler, self.searcher, problem, streams)

    def check(self, folder):
        """See that fold equals live, and that a second run gives the same bytes."""
        return check_fold_equals_live(self.make, self.setup, folder, at=self.at)


def experiment(number):
    """The experiment of that number."""
    pairs = all_pairs()
    scheduler, searcher = pairs[number % len(pairs)]
    draw = random.Random(number)
    benchmark, rows = _problem(draw)
    n_deaths = draw.choice([0, 0, 1, 2])
    first = draw.randrange(4, 60)
    epochs = benchmark.max_resource
    setup = Setup(
        benchmark=benchmark,
        rows=rows,
        seed=number,
        max_evaluations=draw.randrange(15, 45 if has_model(searcher) else 120),
        fail_at={t: draw.randrange(epochs + 1) for t in range(N_TRIALS) if draw.random() < 0.15},
        lose_at=_losses(draw, epochs),
        lag=draw.choice([0.0, 0.0, 2.0, 7.0]),
        max_checkpoints=draw.choice([None, None, 2]),
        n_workers=[draw.choice([1, 2, 3, 4, 8, 20, 50]) for _ in range(n_deaths + 1)],
        dies_after=[first, first + draw.randrange(3, 60)][:n_deaths],
    )
    step = 1 if not has_model(searcher) else max(1, 3 * setup.max_evaluations // N_FOLDED)
    return Experiment(scheduler, searcher, setup, range(draw.randrange(step), 1_000_000, step))


@cache
def all_pairs():
    """Every scheduler with every searcher that it takes, installed ones and those of these tests."""
    problem = toy_problem(ToyBenchmark())
    pairs = []
    for scheduler in sorted([*registry().names("scheduler"), *OF_TESTS]):
        for searcher in registry().names("searcher"):
            if searcher in LEFT_OUT:
                continue
            try:
                make_scheduler(scheduler, searcher, problem, Streams(0))
            except ConfigurationError:  # the scheduler needs what the searcher cannot do
                continue
            pairs.append((scheduler, searcher))
    return pairs


def make_scheduler(scheduler, searcher, problem, streams):
    options = SMALL if has_model(searcher) else {}
    if searcher == "grid":
        options = {"num_samples": 3}
    built = create("searcher", searcher, problem, streams, **options)
    if scheduler in OF_TESTS:
        return OF_TESTS[scheduler](problem, streams, built)
    return create("scheduler", scheduler, problem, streams, built)


@cache
def has_model(searcher):
    """Whether its options say how much data its model takes."""
    options = registry().find("searcher", searcher).factory.Options
    return "max_size_data_for_model" in {field.name for field in attrs.fields(options)}


def _losses(draw, epochs):
    """One run in ten is lost, and of some trials every run is, until they are given up on."""
    given_up = {trial_id for trial_id in range(N_TRIALS) if draw.random() < 0.03}
    return {
        (trial_id, run): draw.randrange(epochs)
        for trial_id in range(N_TRIALS)
        for run in range(8)
        if trial_id in given_up or draw.random() < 0.1
    }


def _problem(draw):
    """A continuous space, one of 1 to 24 configurations, or as many rows of one."""
    kind = draw.choice(["continuous", "continuous", "finite", "rows"])
    benchmark = ToyBenchmark(
        max_resource=draw.choice([9, 9, 27]),
        finite=kind != "continuous",
        curves=draw.choice(["smooth", "smooth", "constant", "broken"]),
        mode=draw.choice(["min", "max"]),
        reports_every=draw.choice([1, 1, 2, 4]),
    )
    size = draw.randrange(1, 25)
    if kind == "finite":
        acts = draw.choice([1, 2, 3]) if size > 2 else 1
        units = choice([*range(1, max(2, size // acts + 1))])
        benchmark.space = SearchSpace({"units": units, "act": choice(["relu", "tanh", "gelu"][:acts])})
    if kind != "rows":
        return benchmark, None
    chosen = draw.sample(range(24), size)
    return benchmark, ConfigurationTable.of(benchmark.space, [benchmark.space.configuration_at(i) for i in chosen])
