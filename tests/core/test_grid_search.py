"""Every point of the grid, once."""

import itertools

import numpy as np
import pytest

from tunekit_core import (
    ConfigurationError,
    ConfigurationTable,
    SearchSpace,
    Streams,
    Trial,
    choice,
    create,
    finrange,
    lograndint,
    loguniform,
    ordinal,
    randint,
    uniform,
)

SPACE = SearchSpace({"a": choice(["x", "y", "z"]), "u": uniform(0.0, 1.0), "n": 9})


def grid(problem, seed=0, **options):
    """All that grid search proposes, each started as its trial."""
    searcher = create("searcher", "grid", problem, Streams(seed), **options)
    for trial_id in itertools.count():
        proposal = searcher.suggest(trial_id, resource=9)
        if proposal is None:
            return
        searcher.on_start(Trial(trial_id, proposal.configuration))
        yield proposal.configuration


def test_without_shuffling_the_last_hyperparameter_varies_fastest(make_problem):
    problem = make_problem(space=SPACE, points_to_evaluate=[])
    assert [(c["a"], c["u"], c["n"]) for c in grid(problem, num_samples=3, shuffle=False)] == [
        (a, u, 9) for a in "xyz" for u in (0.0, 0.5, 1.0)
    ]


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (uniform(-1.0, 1.0), [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (loguniform(1e-4, 1.0), [1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
        (randint(1, 3), [1, 2, 3]),
        (choice([3, 1, 2, 7, 5, 4]), [3, 1, 2, 7, 5, 4]),
        (ordinal([1, 2, 4, 8, 16, 32]), [1, 2, 4, 8, 16, 32]),
        (finrange(0.0, 1.0, 6), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_lists_give_all_of_their_values_and_ranges_equally_spaced_ones(make_problem, domain, values):
    problem = make_problem(space=SearchSpace({"h": domain}), points_to_evaluate=[])
    assert [configuration["h"] for configuration in grid(problem, shuffle=False)] == values


@pytest.mark.parametrize("domain", [randint(0, 100), lograndint(1, 1000), uniform(0.0, 1.0), loguniform(1e-3, 10.0)])
@pytest.mark.parametrize("num_samples", [2, 3, 7])
def test_both_ends_of_a_range_are_on_the_grid(make_problem, domain, num_samples):
    problem = make_problem(space=SearchSpace({"h": domain}), points_to_evaluate=[])
    values = [configuration["h"] for configuration in grid(problem, num_samples=num_samples, shuffle=False)]
    assert len(values) == num_samples
    assert values == sorted(values)
    assert [values[0], values[-1]] == list(domain.decode(np.array([[0.0], [1.0]])))


def test_values_that_rounding_makes_equal_are_tried_once(make_problem):
    problem = make_problem(space=SearchSpace({"h": lograndint(1, 8)}), points_to_evaluate=[])
    values = [configuration["h"] for configuration in grid(problem, num_samples=7, shuffle=False)]
    assert values == sorted(set(values))


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_or_not_it_is_the_same_grid(make_problem, seed):
    problem = make_problem(space=SPACE)
    shuffled, ordered = grid(problem, seed, num_samples=4), grid(problem, seed, num_samples=4, shuffle=False)
    assert sorted(map(str, shuffled)) == sorted(map(str, ordered))


def test_the_seed_shuffles(make_problem):
    problem = make_problem(space=SPACE, points_to_evaluate=[])
    first, again, other = (list(grid(problem, seed, num_samples=8)) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert first != list(grid(problem, num_samples=8, shuffle=False))


def test_given_points_come_first_and_are_not_tried_again_on_the_grid(make_problem):
    points = [{"a": "y", "u": 0.5}, {"a": "z", "u": 0.3}]
    problem = make_problem(space=SPACE, points_to_evaluate=points)
    configurations = list(grid(problem, num_samples=3))
    assert [(c["a"], c["u"]) for c in configurations[:2]] == [("y", 0.5), ("z", 0.3)]
    assert len(configurations) == 10  # nine on the grid, one beside it
    assert len(set(map(str, configurations))) == 10


def test_a_grid_of_rows_is_the_rows(make_problem):
    space = SearchSpace({"a": choice(["x", "y", "z"]), "b": randint(1, 100)})
    rows = [{"a": "x", "b": 3}, {"a": "z", "b": 50}, {"a": "y", "b": 100}]
    problem = make_problem(space=space, rows=ConfigurationTable.of(space, rows))
    assert sorted(map(str, grid(problem))) == sorted(map(str, rows))


def test_constants_are_in_every_configuration(make_problem):
    assert all(configuration["n"] == 9 for configuration in grid(make_problem(space=SPACE)))


def test_a_constant_space_has_a_grid_of_one(make_problem):
    assert list(grid(make_problem(space=SearchSpace({"n": 9})))) == [{"n": 9}]


@pytest.mark.parametrize("num_samples", [1, 0, -2])
def test_a_range_has_at_least_two_samples(problem, num_samples):
    with pytest.raises(ConfigurationError, match=rf"searcher\.num_samples={num_samples} must be at least 2") as caught:
        create("searcher", "grid", problem, Streams(0), num_samples=num_samples)
    assert caught.value.option == "searcher.num_samples"


def test_a_grid_that_is_too_large_says_how_large_it_is(make_problem):
    space = SearchSpace({name: uniform(0.0, 1.0) for name in "abcdefgh"})
    with pytest.raises(ConfigurationError) as caught:
        create("searcher", "grid", make_problem(space=space), Streams(0), num_samples=9)
    assert str(caught.value) == (
        "searcher.num_samples=9 makes a grid of 43,046,721 points, more than 1,048,576. Lower it, or use "
        "searcher=random."
    )


def test_points_that_others_have_started_are_passed_over(make_problem):
    problem = make_problem(space=SPACE, points_to_evaluate=[])
    everything = list(grid(problem, num_samples=3))
    searcher = create("searcher", "grid", problem, Streams(0), num_samples=3)
    for trial_id in (8, 0, 1, 4):
        searcher.on_start(Trial(trial_id, everything[trial_id]))
    assert searcher.suggest(9, resource=9).configuration == everything[2]
