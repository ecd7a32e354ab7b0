"""Hyperparameters with ten thousand values cost about what others do."""

import time
import tracemalloc

import numpy as np
import pytest

from tunekit_core import SearchSpace, choice, finrange, ordinal, uniform

CATEGORIES = [f"c{i}" for i in range(10_000)]
DOMAINS = {"choice": choice(CATEGORIES), "ordinal": ordinal(CATEGORIES), "finrange": finrange(0.0, 1.0, 10_000)}
SPACES = {
    **{name: SearchSpace({"x": uniform(0.0, 1.0), "c": domain}) for name, domain in DOMAINS.items()},
    "choice alone": SearchSpace({"c": choice(CATEGORIES)}),
    "five choices": SearchSpace({"x": uniform(0.0, 1.0), **{f"c{i}": choice(CATEGORIES) for i in range(5)}}),
}
SEARCHERS = pytest.mark.parametrize("searcher", ["random", "bo", "mobster", "hypertune", "dyhpo", "freeze_thaw"])


def loss(configuration):
    return sum((float(str(value).strip("c")) / 10_000 - 0.3) ** 2 for value in configuration.values())


def complete(run, n):
    for _ in range(n):
        trial = run.start()
        of_trial = loss(trial.configuration)
        run.reach(trial, of_trial, constraint=of_trial - 0.2, cost=1.0 + of_trial)
        run.searcher.on_report(trial, trial.last_report)
        run.end(trial)
    return run


@SEARCHERS
@pytest.mark.parametrize("space", SPACES)
def test_a_proposal_takes_less_than_200_megabytes_and_three_tenths_of_a_second(run, searcher, space):
    tracemalloc.start()
    try:
        complete(run(searcher, space=SPACES[space]), 6)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200e6

    these, times = complete(run(searcher, space=SPACES[space]), 10), []
    for _ in range(3):
        start = time.process_time()
        these.suggest()
        times.append(time.process_time() - start)
    assert np.median(times) < 0.3


def test_so_does_a_proposal_with_constraint_cost_and_warping(run):
    these = run(
        "bo", space=SPACES["choice"], constraint="constraint", cost_attr="cost", input_warping=True, max_resource=9
    )
    complete(these, 10)
    start = time.process_time()
    these.suggest()
    assert time.process_time() - start < 0.3


def test_botorch_takes_no_column_for_each_of_many_categories(run):
    pytest.importorskip("botorch")
    tracemalloc.start()
    try:
        complete(run("botorch", space=SPACES["choice"]), 4)
        complete(run("botorch", space=SPACES["choice alone"]), 4)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200e6


def test_a_good_category_among_many_is_found_again_and_its_surroundings_searched(run):
    """Without it, one in 10,000 configurations has the category of the points to evaluate."""
    space = SearchSpace({"x": uniform(0.0, 1.0), "c": choice(CATEGORIES)})
    these = run("bo", space=space)

    def of(configuration):
        return (configuration["x"] - 0.3) ** 2 + (0.0 if configuration["c"] == first else 1.0)

    first = these.suggest().configuration["c"]
    these.complete(25, of)
    assert min(of(trial.configuration) for trial in these.trials) < 0.001
