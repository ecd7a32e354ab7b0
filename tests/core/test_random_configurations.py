"""The random configurations that all methods share."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_core import Objective, Problem, Streams
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.trials import Trial
from tunekit_core.space import (
    ConfigurationTable,
    SearchSpace,
    choice,
    finrange,
    lograndint,
    loguniform,
    randint,
    uniform,
)

MIXED = SearchSpace({"lr": loguniform(1e-4, 0.1), "units": randint(1, 64), "act": choice(["relu", "tanh"]), "n": 9})
SMALL = SearchSpace({"a": choice(["x", "y", "z"]), "b": randint(1, 4)})  # 12 configurations

MIDDLE = SearchSpace({"a": choice(["x", "y", "z"]), "b": randint(1, 40), "c": finrange(0, 1, 5)})  # 600
SKEWED = SearchSpace({"u": lograndint(1, 3000), "k": 3})


class AskedOf(set):
    """Keys that are taken, and how often one was looked for."""

    n = 0

    def __contains__(self, key):
        self.n += 1
        return super().__contains__(key)


def propose_all(random, space, n):
    """The first n proposals, each taken by its trial."""
    taken, proposed = set(), []
    for trial_id in range(n):
        configuration = random.propose(trial_id, taken)
        proposed.append(configuration)
        if configuration is not None:
            taken.add(space.key(configuration))
    return proposed


def test_the_first_configurations_never_change(make_problem):
    random = make_problem(space=MIXED).random_configurations(Streams(42))
    assert propose_all(random, MIXED, 4) == [
        {"lr": 0.00316227766017, "units": 32, "act": "relu", "n": 9},
        {"lr": 0.0022623849329, "units": 62, "act": "tanh", "n": 9},
        {"lr": 0.0560713565767, "units": 57, "act": "relu", "n": 9},
        {"lr": 0.000835780339791, "units": 41, "act": "tanh", "n": 9},
    ]


def test_given_points_come_first_and_the_others_keep_their_trials(make_problem):
    streams = Streams(3)
    without = propose_all(make_problem(space=MIXED, points_to_evaluate=[]).random_configurations(streams), MIXED, 6)
    points = [{"units": 1}, {"units": 2}]
    given_points = make_problem(space=MIXED, points_to_evaluate=points).random_configurations(streams)
    proposed = propose_all(given_points, MIXED, 6)
    assert [configuration["units"] for configuration in proposed[:2]] == [1, 2]
    assert proposed[2:] == without[2:]


@given(order=st.permutations(list(range(0, 200, 13))))
def test_a_trial_gets_the_same_configuration_in_whatever_order_it_is_asked_for(order):
    problem = Problem(space=MIXED, objective=Objective("loss"), points_to_evaluate=[])
    expected = [problem.random_configurations(Streams(1)).propose(trial_id, set()) for trial_id in order]
    random = problem.random_configurations(Streams(1))
    assert [random.propose(trial_id, set()) for trial_id in order] == expected


def test_they_are_the_same_whatever_component_the_streams_belong_to(make_problem):
    problem = make_problem(space=SMALL)  # small enough for retries
    proposed = [
        propose_all(problem.random_configurations(streams), SMALL, 12)
        for streams in (Streams(3), Streams(3).within("bo"), Streams(3).within("asha"))
    ]
    assert proposed[0] == proposed[1] == proposed[2]


def test_seeds_give_different_configurations(make_problem):
    problem = make_problem(space=MIXED, points_to_evaluate=[])
    first, second = (problem.random_configurations(Streams(seed)).propose(0, set()) for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize("seed", range(5))
def test_a_finite_space_is_given_out_once_and_then_nothing(make_problem, seed):
    problem = make_problem(space=SMALL)
    proposed = propose_all(problem.random_configurations(Streams(seed)), SMALL, 15)
    assert proposed[12:] == [None] * 3
    assert len({SMALL.key(configuration) for configuration in proposed[:12]}) == 12


@pytest.mark.parametrize("seed", range(5))
def test_the_rows_of_a_table_are_given_out_once_and_then_nothing(make_problem, seed):
    rows = [{"a": "x", "b": 1}, {"a": "z", "b": 4}, {"a": "y", "b": 2}]
    problem = make_problem(space=SMALL, rows=ConfigurationTable.of(SMALL, rows))
    proposed = propose_all(problem.random_configurations(Streams(seed)), SMALL, 5)
    assert proposed[3:] == [None] * 2
    assert sorted(map(str, proposed[:3])) == sorted(map(str, rows))


def test_rows_are_drawn_uniformly(make_problem):
    rows = [SMALL.configuration_at(index) for index in range(12)]
    problem = make_problem(space=SMALL, rows=ConfigurationTable.of(SMALL, rows), points_to_evaluate=[])
    random = problem.random_configurations(Streams(0))
    counts = dict.fromkeys(map(str, rows), 0)
    for trial_id in range(1200):
        counts[str(random.propose(trial_id, set()))] += 1
    assert set(counts) == set(map(str, rows))
    assert 65 <= min(counts.values()) <= max(counts.values()) <= 135


def test_what_is_taken_by_others_is_not_proposed(make_problem):
    problem = make_problem(space=SMALL, points_to_evaluate=[])
    taken = {SMALL.key(SMALL.configuration_at(index)) for index in range(12) if index != 7}
    random = problem.random_configurations(Streams(0))
    assert [random.propose(trial_id, taken) for trial_id in range(20)] == [SMALL.configuration_at(7)] * 20


def test_a_large_finite_space_is_not_listed(make_problem):
    space = SearchSpace({name: randint(1, 1000) for name in "abc"})
    random = make_problem(space=space).random_configurations(Streams(0))
    assert len({space.key(configuration) for configuration in propose_all(random, space, 300)}) == 300


def test_random_search_proposes_them_and_forgets_nothing_that_was_started(make_problem):
    problem = make_problem(space=SMALL)
    searcher = RandomSearch(problem, Streams(0))
    expected = propose_all(problem.random_configurations(Streams(0)), SMALL, 13)
    for trial_id in range(12):
        proposal = searcher.suggest(trial_id, resource=9)
        assert proposal.configuration == expected[trial_id]
        searcher.on_start(Trial(trial_id, proposal.configuration))
    assert searcher.suggest(12, resource=9) is None


def test_a_constant_space_has_one_configuration(make_problem):
    space = SearchSpace({"n": 9, "act": choice(["relu"])})
    random = make_problem(space=space).random_configurations(Streams(0))
    assert propose_all(random, space, 3) == [{"n": 9, "act": "relu"}, None, None]


def test_a_narrow_continuous_space_goes_on_after_the_default(make_problem):
    space = SearchSpace({"u": uniform(0.0, 1e-9)})
    proposed = propose_all(make_problem(space=space).random_configurations(Streams(0)), space, 50)
    assert len({space.key(configuration) for configuration in proposed}) == 50


@pytest.mark.parametrize(
    ("space", "rows", "digest"),
    [
        (MIDDLE, None, "8cec0bdfed7f26a4"),
        (MIDDLE, ConfigurationTable(MIDDLE, np.arange(0, 600, 2)), "3007a177e4bd2e65"),
        (MIDDLE.fix({"b": 7}), None, "72ce94af1d557918"),
        (SKEWED, None, "c999afdc9e86b311"),
    ],
    ids=["space", "rows", "fixed", "skewed"],
)
def test_the_order_in_which_a_finite_space_is_given_out_never_changes(make_problem, space, rows, digest):
    size = space.size if rows is None else len(rows)
    random = make_problem(space=space, rows=rows).random_configurations(Streams(0))
    proposed = propose_all(random, space, size + 1)
    keys = [None if configuration is None else space.key(configuration) for configuration in proposed]
    assert hashlib.sha256(repr(keys).encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize("table", [False, True], ids=["space", "rows"])
def test_giving_out_a_finite_space_to_its_end_looks_each_up_a_few_times(make_problem, table):
    space = SearchSpace({"a": randint(1, 100), "b": randint(1, 50)})
    rows = ConfigurationTable(space, np.arange(5000)) if table else None
    random = make_problem(space=space, rows=rows).random_configurations(Streams(0))
    taken = AskedOf()
    for trial_id in range(5000):
        taken.add(space.key(random.propose(trial_id, taken)))
    assert len(taken) == 5000
    assert random.propose(5000, taken) is None
    assert taken.n < 10 * 5000


def test_a_search_that_was_restored_near_the_end_goes_on_as_if_it_had_never_stopped(make_problem):
    problem = make_problem(space=MIDDLE)
    random, taken = problem.random_configurations(Streams(0)), set()
    for trial_id in range(590):
        taken.add(MIDDLE.key(random.propose(trial_id, taken)))
    restored = problem.random_configurations(Streams(0))
    for trial_id in range(590, 601):
        configuration = random.propose(trial_id, taken)
        assert restored.propose(trial_id, taken) == configuration
        if configuration is not None:
            taken.add(MIDDLE.key(configuration))
    assert len(taken) == 600
