"""What configurations hold comes back from the results as it was, with its type."""

import contextlib

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from tests.core.test_results import lines
from tests.core.test_space_properties import DOMAINS
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.records.load import Experiment
from tunekit_core.records.results import ResultsWriter
from tunekit_core.space import SearchSpace, choice, ordinal, randint, uniform
from tunekit_core.space.domain import as_lists
from tunekit_core.space.finite import Listed

CATEGORIES = st.one_of(
    st.text(max_size=4),
    st.sampled_from(["1", "1.0", "true", "True", "None", "", "nan", "NaN", "null", "-0.0", "1e3", '"', "\0", "\ud800"]),
    st.sampled_from(["a,b", "two\nlines", "both\r\n", "back\rspace", " blank ", "'", "\ufeff", "\x85", "\u2028"]),
    st.integers(-9, 9),
    st.integers(10**17, 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
LISTS = st.lists(CATEGORIES, max_size=3).map(tuple)
CHOICES = st.lists(st.one_of(CATEGORIES, LISTS), min_size=1, max_size=6, unique=True).map(choice)
CONSTANTS = CATEGORIES
# A cell begins with the name of an entry, and the csv module of Python 3.10 cannot read the character NUL.
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4)


def spaces():
    return st.dictionaries(NAMES, st.one_of(DOMAINS, CHOICES, CONSTANTS), min_size=1, max_size=5).map(SearchSpace)


def write(folder, space, configurations):
    with contextlib.closing(ResultsWriter(folder, space)) as writer:
        for number, configuration in enumerate(configurations):
            report = Report(number, 0, 1, {"loss": 0.5}, (0.5,), 1.0)
            writer.row(Trial(number, configuration), report, Decision.CONTINUE, [])
    return folder / "results.csv.zip"


def read(folder, space):
    return Experiment(folder, {"status": "completed", "search_space": space.to_json()}).results


def column(folder, space, name="a"):
    return list(read(folder, space)[f"config_{name}"])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(space=spaces(), units=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=8))
@example(space=SearchSpace({"a": choice(["1", 1, "1.0", 2.5, "2.5"])}), units=[0.1, 0.3, 0.5, 0.7, 0.9])
@example(space=SearchSpace({"a": choice([None, "None", "", "nan"])}), units=[0.1, 0.3, 0.6, 0.9])
@example(space=SearchSpace({"a": choice([True, "True", False, "false"])}), units=[0.1, 0.3, 0.6, 0.9])
def test_the_values_of_any_space_come_back_equal_and_of_equal_types(tmp_path, space, units):
    import numpy as np

    values = {
        name: entry.from_unit(np.array(units)) if name in space.domains else [entry] * len(units)
        for name, entry in space.items()
    }
    configurations = [{name: values[name][number] for name in space} for number in range(len(units))]
    write(tmp_path, space, configurations)
    frame = read(tmp_path, space)
    for name in space:
        came_back = list(frame[f"config_{name}"])
        expected = [as_lists(configuration[name]) for configuration in configurations]
        assert came_back == expected
        assert list(map(type, came_back)) == list(map(type, expected))


@pytest.mark.parametrize(
    "categories",
    [["true", "false"], ["true", True], [None, 3], [3, None, "None", ""], ["", "nan"], ["1", 1], [1, 2.5], [True, 2]],
)
def test_every_category_comes_back(tmp_path, categories):
    space = SearchSpace({"a": choice(categories), "n": 7})
    write(tmp_path, space, [{"a": category, "n": 7} for category in categories])
    assert [(type(value), value) for value in column(tmp_path, space)] == [(type(c), c) for c in categories]
    assert column(tmp_path, space, "n") == [7] * len(categories)


@pytest.mark.parametrize(
    ("categories", "cells"),
    [
        (["true", "false"], ["true", "false"]),
        ([None, 3, "x"], ["", "3", "x"]),
        ([0.1, 1e-07, 1], ["0.1", "1e-07", "1"]),
        (["1", 1, "x"], ['"1"', "1", '"x"']),
        ([None, "", "a,b"], ["null", '""', '"a,b"']),
        ([True, "True"], ["true", '"True"']),
        (["a\0b"], ['"a\\u0000b"']),
        ([[64], [64, 0.5], []], ["[64]", "[64, 0.5]", "[]"]),
    ],
)
def test_cells_are_text_where_that_tells_the_values_apart_and_else_json(tmp_path, categories, cells):
    space = SearchSpace({"a": choice(categories)})
    path = write(tmp_path, space, [{"a": category} for category in categories])
    assert [row[4] for row in lines(path)[1:]] == cells


def test_a_value_that_was_fixed_comes_back(tmp_path):
    space = SearchSpace({"a": choice(["1", 1])}).fix({"a": "1"})
    write(tmp_path, space, [{"a": "1"}])
    assert column(tmp_path, space) == ["1"]


def test_columns_of_one_type_have_the_type_of_numbers(tmp_path):
    space = SearchSpace({"x": uniform(0, 1), "n": randint(1, 9), "o": ordinal([16, 32]), "b": choice([True, False])})
    write(tmp_path, space, [{"x": 0.5, "n": 3, "o": 32, "b": True}])
    types = read(tmp_path, space).dtypes
    assert [str(types[f"config_{name}"]) for name in space] == ["float64", "int64", "int64", "bool"]


def test_a_value_that_the_space_does_not_have_is_damage(tmp_path):
    write(tmp_path, SearchSpace({"a": choice(["x", "y"])}), [{"a": "y"}])
    with pytest.raises(ValueError, match=r"results\.csv\.zip is damaged: 'y'"):
        read(tmp_path, SearchSpace({"a": choice(["x", "z"])}))


def test_listed_domains_are_those_whose_values_are_few():
    assert isinstance(choice([1]), Listed)
    assert not isinstance(randint(1, 10**12), Listed)
