import numpy as np
import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import ConfigurationTable, SearchSpace, choice, finrange, loguniform, randint, uniform

SPACE = SearchSpace({"a": choice(["x", "y", "z"]), "n": 9, "b": randint(3, 4), "c": finrange(0, 1, 3)})
INDICES = np.array([17, 0, 4, 9, 10])


@pytest.fixture
def table():
    return ConfigurationTable(SPACE, INDICES)


def test_rows_are_the_configurations_of_their_grid_indices(table):
    assert len(table) == 5
    assert [table[row] for row in range(5)] == [SPACE.configuration_at(i) for i in INDICES.tolist()]
    assert list(table) == [table[row] for row in range(5)]


def test_explicit_configurations_make_the_same_table(table):
    other = ConfigurationTable.of(SPACE, list(table))
    assert list(other) == list(table)
    assert np.array_equal(other.encoded, table.encoded)


def test_encoded_rows_are_those_of_the_space_and_read_only(table):
    assert np.array_equal(table.encoded, SPACE.encode(list(table)))
    with pytest.raises(ValueError, match="read-only"):
        table.encoded[0, 0] = 1


def test_a_configuration_finds_its_row(table):
    assert [table.index_of(configuration) for configuration in table] == [0, 1, 2, 3, 4]
    assert table.index_of(SPACE.configuration_at(1)) is None
    assert table.index_of({"a": "q", "n": 9, "b": 3, "c": 0.0}) is None


def test_continuous_hyperparameters_may_be_listed():
    space = SearchSpace({"lr": loguniform(1e-4, 1), "u": uniform(0, 1), "act": choice(["tanh", "relu", "elu"])})
    rows = [{"lr": 0.01, "u": 0.5, "act": "relu"}, {"lr": 0.02, "u": 0.5, "act": "elu"}]
    table = ConfigurationTable.of(space, rows)
    assert list(table) == rows
    assert table.index_of(rows[1]) == 1
    assert table.index_of({"lr": 0.01, "u": 0.5, "act": "elu"}) is None
    assert np.array_equal(table.encoded, space.encode(rows))


def test_fixing_keeps_the_rows_that_agree_in_their_order(table):
    fixed = table.fix({"b": 3})
    assert fixed.space == SPACE.fix({"b": 3})
    assert list(fixed) == [row for row in table if row["b"] == 3]
    assert np.array_equal(fixed.encoded, fixed.space.encode(list(fixed)))
    assert [fixed.index_of(row) for row in table] == [None, 0, None, None, None]


def test_fixing_twice_is_fixing_at_once(table):
    twice = table.fix({"a": "y"}).fix({"b": 4})
    once = table.fix({"b": 4, "a": "y"})
    assert list(twice) == list(once) == [row for row in table if row["a"] == "y" and row["b"] == 4]


def test_fixing_everything_leaves_one_row(table):
    only = table.fix({key: value for key, value in table[0].items() if key != "n"})
    assert list(only) == [table[0]]
    assert only.encoded.shape == (1, 0)
    assert only.index_of(table[0]) == 0
    assert only.index_of(table[1]) is None


def test_a_table_of_a_fixed_space_counts_its_own_grid():
    fixed = SPACE.fix({"a": "y"})
    table = ConfigurationTable(fixed, np.array([5, 1]))
    assert list(table) == [fixed.configuration_at(5), fixed.configuration_at(1)]


def test_few_rows_of_a_huge_space_take_little_memory():
    space = SearchSpace({"a": randint(0, 10**12), "b": randint(0, 10**5)})
    indices = np.array([space.size - 1, 5, 10**12])
    table = ConfigurationTable(space, indices)
    assert [space.index_of(row) for row in table] == indices.tolist()
    assert [table.index_of(row) for row in table] == [0, 1, 2]


def test_a_restriction_to_another_space_or_to_nothing_is_refused(table):
    with pytest.raises(ConfigurationError, match="can be restricted to its own space with more values fixed"):
        table.restrict(SearchSpace({"a": choice(["x", "y", "z"])}))
    with pytest.raises(ConfigurationError, match="can be restricted to its own space with more values fixed"):
        table.fix({"a": "y"}).restrict(SPACE)
    with pytest.raises(ConfigurationError, match=r"No row of the table has {'a': 'x', 'c': 1.0}"):
        table.fix({"a": "x", "c": 1.0})
    with pytest.raises(ConfigurationError, match="a: 'q' is not in"):
        table.fix({"a": "q"})


@pytest.mark.parametrize(
    ("indices", "message"),
    [([0, 18], "from 0 to 17"), ([-1], "from 0 to 17"), ([3, 3], "appears twice"), ([], "at least one row")],
)
def test_indices_that_make_no_sense_are_refused(indices, message):
    with pytest.raises(ConfigurationError, match=message):
        ConfigurationTable(SPACE, np.array(indices, dtype=np.int64))


def test_a_continuous_space_has_no_grid_indices():
    with pytest.raises(ConfigurationError, match=r"Use ConfigurationTable\.of"):
        ConfigurationTable(SearchSpace({"a": uniform(0, 1)}), np.array([0]))


def test_a_configuration_that_appears_twice_is_refused():
    with pytest.raises(ConfigurationError, match="appears twice"):
        ConfigurationTable.of(SPACE, [SPACE.default(), SPACE.default()])
