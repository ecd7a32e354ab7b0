import numpy as np
import pytest

from tunekit_bo.acquisition.search import RowSearch, SpaceSearch, search_for
from tunekit_core import ConfigurationTable, Objective, Problem, SearchSpace, choice, finrange, loguniform, uniform


class Peak:
    """Largest at one encoded point."""

    def __init__(self, at):
        self.at = np.array(at)

    def __call__(self, X):
        return -((X - self.at) ** 2).sum(axis=1)

    def with_gradient(self, X):
        return self(X), -2 * (X - self.at)


CONTINUOUS = SearchSpace({"x": uniform(0, 10), "y": loguniform(1e-4, 1.0)})
MIXED = SearchSpace({"x": uniform(0, 10), "act": choice(["a", "b", "c"]), "drop": finrange(0, 0.6, 3)})
GRID = SearchSpace({name: finrange(0, 1, 11) for name in "uvwx"})  # 14,641 configurations


def propose(search, peak, rng, anchors=()):
    return search.propose(peak, 50, np.reshape(anchors, (-1, len(peak.at))), rng)


def test_a_maximum_between_the_candidates_is_found_by_its_gradient(rng):
    found = propose(SpaceSearch(CONTINUOUS), Peak([0.123, 0.75]), rng)
    assert found["x"] == pytest.approx(1.23, abs=1e-4)
    assert found["y"] == pytest.approx(0.1, rel=1e-4)


def test_a_maximum_outside_the_box_leads_to_its_boundary(rng):
    found = propose(SpaceSearch(CONTINUOUS), Peak([-1.0, 2.0]), rng)
    assert found == {"x": 0.0, "y": 1.0}


def test_discrete_and_continuous_hyperparameters_are_searched_together(rng):
    target = {"x": 7.25, "act": "c", "drop": 0.3}
    found = propose(SpaceSearch(MIXED), Peak(MIXED.encode([target])[0]), rng)
    assert found["x"] == pytest.approx(7.25, abs=1e-4)
    assert (found["act"], found["drop"]) == ("c", 0.3)


def test_the_best_configuration_of_a_grid_is_found(rng):
    target = {"u": 0.1, "v": 0.9, "w": 0.5, "x": 0.0}
    assert propose(search_for(problem(GRID)), Peak(GRID.encode([target])[0]), rng) == target


def test_what_is_taken_gives_way_to_the_next_best(rng):
    peak = Peak(GRID.encode([{"u": 0.1, "v": 0.9, "w": 0.5, "x": 0.0}])[0] + [0.01, 0, 0, 0])
    search = SpaceSearch(GRID)
    first = propose(search, peak, rng)
    search.exclude(first)
    assert propose(search, peak, rng) == {"u": 0.2, "v": 0.9, "w": 0.5, "x": 0.0}


def test_the_surroundings_of_anchors_are_searched(rng):
    at = GRID.encode([{"u": 0.1, "v": 0.9, "w": 0.5, "x": 0.0}])

    class Needle(Peak):
        def __call__(self, X):
            return (np.abs(X - self.at).max(axis=1) < 1e-9).astype(float)

    found = propose(SpaceSearch(GRID), Needle(at[0]), rng, anchors=at + 0.03)
    assert found == {"u": 0.1, "v": 0.9, "w": 0.5, "x": 0.0}


def test_a_small_space_is_scored_as_a_whole(rng):
    space = SearchSpace({"u": finrange(0, 1, 11), "v": finrange(0, 1, 11)})
    search = search_for(problem(space))
    assert isinstance(search, RowSearch)
    proposed = []
    while (configuration := propose(search, Peak([0.0, 0.0]), rng)) is not None:
        search.exclude(configuration)
        proposed.append(space.key(configuration))
    assert len(set(proposed)) == len(proposed) == 121
    assert proposed[0] == (0.0, 0.0)
    assert proposed[-1] == (1.0, 1.0)


def test_only_rows_of_a_table_are_proposed_and_the_best_is_found(rng):
    rows = ConfigurationTable(GRID, np.arange(0, 14641, 3))  # 4,881 rows: too many to score as a whole
    search = search_for(problem(GRID, rows))
    best = rows[1234]
    assert propose(search, Peak(rows.encoded[1234]), rng) == best
    search.exclude(best)
    other = propose(search, Peak(rows.encoded[1234]), rng)
    assert other != best
    assert rows.index_of(other) is not None


def test_more_candidates_may_be_asked_for_than_rows_are_left(rng):
    rows = ConfigurationTable(GRID, np.arange(2500))
    peak = Peak(rows.encoded[77])
    assert search_for(problem(GRID, rows)).propose(peak, 10_000, np.empty((0, 4)), rng) == rows[77]


def test_a_configuration_outside_the_table_may_be_excluded(rng):
    rows = ConfigurationTable(GRID, np.arange(5))
    search = search_for(problem(GRID, rows))
    search.exclude(GRID.configuration_at(9))
    assert propose(search, Peak(rows.encoded[4]), rng) == rows[4]


@pytest.mark.parametrize("space", [CONTINUOUS, MIXED, GRID], ids=["continuous", "mixed", "grid"])
def test_equal_generators_give_equal_proposals(space):
    proposals = [
        propose(SpaceSearch(space), Peak(np.full(space.width, 0.37)), np.random.default_rng(7)) for _ in range(2)
    ]
    assert proposals[0] == proposals[1]


CATEGORIES = [f"c{i}" for i in range(10_000)]
MANY = SearchSpace({"x": uniform(0, 1), "c": choice(CATEGORIES)})


class Known(Peak):
    """As a model sees many categories: one is as good as its trial was, and all without a trial are alike."""

    def __call__(self, X):
        return np.where(X[:, 1] == self.at[1], 1.0, 0.0) - (X[:, 0] - self.at[0]) ** 2

    def with_gradient(self, X):
        return self(X), np.column_stack([-2 * (X[:, 0] - self.at[0]), np.zeros(len(X))])


def test_of_many_categories_the_one_that_did_well_is_tried_with_other_values(rng):
    search = SpaceSearch(MANY)
    tried = [{"x": 0.1, "c": "c77"}, {"x": 0.2, "c": "c5000"}, {"x": 0.3, "c": "c9999"}]
    for configuration in tried:
        search.exclude(MANY.complete(configuration))
    at = MANY.encode([{"x": 0.75, "c": "c5000"}])[0]
    found = propose(search, Known(at), rng, anchors=MANY.encode(tried[:1]))
    assert found["c"] == "c5000"
    assert found["x"] == pytest.approx(0.75, abs=1e-3)


def test_where_none_of_many_categories_did_well_one_without_a_trial_is_proposed(rng):
    search = SpaceSearch(MANY)
    tried = {"x": 0.5, "c": "c77"}
    search.exclude(MANY.complete(tried))

    class NotThisOne(Known):
        def __call__(self, X):
            return np.where(X[:, 1] == self.at[1], -1.0, 0.0) - (X[:, 0] - 0.5) ** 2

    found = propose(search, NotThisOne(MANY.encode([tried])[0]), rng, anchors=MANY.encode([tried]))
    assert found["c"] != "c77"
    assert found["x"] == pytest.approx(0.5, abs=1e-3)


def test_rows_with_the_category_of_an_anchor_are_nearer_than_those_of_its_neighbour_in_the_list(rng):
    space = SearchSpace({"x": finrange(0, 1, 21), "c": choice(CATEGORIES[:1000])})
    rows = ConfigurationTable(space, np.arange(space.size))
    target = {"x": 0.4, "c": "c500"}

    class Narrow(Peak):
        """Seen only in the category of the peak, where it leads there."""

        def __call__(self, X):
            return np.where(X[:, 1] == self.at[1], 1.0 - np.abs(X[:, 0] - self.at[0]), 0.0)

    start = space.encode([{"x": 1.0, "c": "c500"}])
    found = RowSearch(rows).propose(Narrow(space.encode([target])[0]), 10, start, rng)
    assert found == target


def problem(space, rows=None):
    return Problem(space=space, objective=Objective("loss"), rows=rows)
