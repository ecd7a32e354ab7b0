"""What is left of finitely many configurations."""

import pytest

from tunekit_core.space import ConfigurationTable, Remaining, SearchSpace, choice, loguniform, randint

SPACE = SearchSpace({"a": choice(["x", "y", "z"]), "n": 9, "b": randint(3, 4)})


class Asked(set):
    """Keys, and how often one was looked for."""

    n = 0

    def __contains__(self, key):
        self.n += 1
        return super().__contains__(key)


@pytest.fixture
def remaining():
    return Remaining(SPACE, None)


def keys_at(*positions):
    return {SPACE.key(SPACE.configuration_at(position)) for position in positions}


def test_positions_are_those_of_the_configurations_that_are_not_taken(remaining):
    assert remaining.positions(keys_at(1, 4)).tolist() == [0, 2, 3, 5]
    assert remaining.configuration_at(3) == {"a": "y", "n": 9, "b": 4}


def test_of_a_table_they_are_its_rows():
    rows = [{"a": "z", "n": 9, "b": 3}, {"a": "x", "n": 9, "b": 4}, {"a": "y", "n": 9, "b": 3}]
    remaining = Remaining(SPACE, ConfigurationTable.of(SPACE, rows))
    assert remaining.positions({("x", 4)}).tolist() == [0, 2]
    assert remaining.configuration_at(2) == rows[2]


def test_a_table_of_a_space_with_fixed_values_has_their_keys():
    space = SearchSpace({"lr": loguniform(1e-4, 1), "a": choice(["x", "y"])}).fix({"a": "y"})
    remaining = Remaining(space, ConfigurationTable.of(space, [{"lr": 0.01}, {"lr": 0.1}]))
    assert remaining.positions({(0.01, "y"), (0.1, "x")}).tolist() == [1]


def test_a_table_of_constants_has_one_row():
    space = SearchSpace({"n": 9})
    remaining = Remaining(space, ConfigurationTable.of(space, [{"n": 9}]))
    assert remaining.positions(set()).tolist() == [0]
    assert remaining.positions({()}).tolist() == []


def test_what_is_given_back_is_left_again(remaining):
    taken = keys_at(0, 1, 2)
    remaining.positions(taken)
    taken -= keys_at(1)
    assert remaining.positions(taken).tolist() == [1, 3, 4, 5]
    taken |= keys_at(5)
    assert remaining.positions(taken).tolist() == [1, 3, 4]


def test_another_collection_of_the_same_size_gets_an_answer_of_its_own(remaining):
    remaining.on_proposal(SPACE.configuration_at(0))
    remaining.positions(keys_at(0, 1))
    assert remaining.positions(keys_at(3, 4, 5)).tolist() == [0, 1, 2]


def test_keys_of_other_spaces_take_nothing(remaining):
    taken = {("q", 7)} | keys_at(0)
    assert remaining.positions(taken).tolist() == [1, 2, 3, 4, 5]
    taken |= keys_at(2)
    assert remaining.positions(taken).tolist() == [1, 3, 4, 5]


def test_configurations_that_it_was_told_of_are_taken_without_going_through_all(remaining):
    taken = Asked()
    remaining.positions(taken)
    for position in (3, 0):
        configuration = SPACE.configuration_at(position)
        remaining.on_proposal(configuration)
        taken.add(SPACE.key(configuration))
    taken.n = 0
    assert remaining.positions(taken).tolist() == [1, 2, 4, 5]
    assert taken.n == 2


def test_what_was_proposed_and_not_taken_is_left(remaining):
    taken = set()
    remaining.positions(taken)
    remaining.on_proposal(SPACE.configuration_at(3))
    assert remaining.positions(taken).tolist() == [0, 1, 2, 3, 4, 5]
    taken |= keys_at(3)
    assert remaining.positions(taken).tolist() == [0, 1, 2, 4, 5]
