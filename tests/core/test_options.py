"""Options are the keyword-only parameters of a class, and values must fit them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Optional, Union

import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.options import check_option, options_of, type_text

Mode = Literal["min", "max"]

FITTING = [
    (True, bool, True),
    (3, int, 3),
    (-3, int, -3),
    (0.5, float, 0.5),
    (3, float, 3.0),
    (float("inf"), float, float("inf")),
    ("text", str, "text"),
    ("", str, ""),
    (None, type(None), None),
    (None, int | None, None),
    (None, Optional[int], None),  # noqa: UP045 - the old spellings are in use
    (2, Union[str, int], 2),  # noqa: UP007
    (2, int | float, 2),
    (2.5, int | float, 2.5),
    (2, float | None, 2.0),
    ("min", Mode, "min"),
    (3, Literal[1, 3], 3),
    ("auto", int | Literal["auto"], "auto"),
    (7, int | Literal["auto"], 7),
    ([1, 2], Sequence[float], [1.0, 2.0]),
    ((1, 2), list[int], [1, 2]),
    ([], list[int], []),
    ([1, 2], tuple[int, ...], (1, 2)),
    ([1, "a"], tuple[float, str], (1.0, "a")),
    ([[1, 2], [3]], Sequence[Sequence[float]], [[1.0, 2.0], [3.0]]),
    ([1, None], list[int | None], [1, None]),
    ([1, "a"], list, [1, "a"]),
    ({"a": 1}, Mapping[str, Any], {"a": 1}),
    ({"a": 1}, dict[str, float], {"a": 1.0}),
    ({}, Mapping, {}),
    (object, Any, object),
]
NOT_FITTING = [
    (1, bool),
    ("true", bool),
    (True, int),
    (1.0, int),
    ("3", int),
    (None, int),
    (False, float),
    ("0.5", float),
    (None, float),
    (1, str),
    (None, str),
    ("mean", Mode),
    (True, Literal[1, 3]),
    (3.0, Literal[1, 3]),
    ("always", int | Literal["auto"]),
    (True, int | None),
    (True, int | float),
    (5, str | None),
    ("12", Sequence[int]),
    ("text", list[str]),
    (3, list[int]),
    ({"a": 1}, list[int]),
    ([1, "2"], list[int]),
    ([1, True], tuple[int, ...]),
    ([1], tuple[float, str]),
    ([1, "a", 2], tuple[float, str]),
    ([1, 2], tuple[float, str]),
    ([("a", 1)], Mapping[str, int]),
    ({"a": "1"}, Mapping[str, int]),
    ({1: 1}, Mapping[str, int]),
    (None, Mapping[str, int]),
]


@pytest.mark.parametrize(("value", "annotation", "taken"), FITTING)
def test_a_value_that_fits_is_taken_and_an_int_becomes_a_float_where_one_is_wanted(value, annotation, taken):
    checked = check_option("searcher.option", value, annotation)
    assert checked == taken
    assert type(checked) is type(taken)


@pytest.mark.parametrize(("value", "annotation"), NOT_FITTING)
def test_a_value_that_does_not_fit_is_refused_with_option_value_and_type(value, annotation):
    with pytest.raises(ConfigurationError) as caught:
        check_option("searcher.option", value, annotation)
    assert f"searcher.option={value!r} does not fit. " in str(caught.value)
    assert f"Allowed: {type_text(annotation)}." in str(caught.value)
    assert (caught.value.option, caught.value.value) == ("searcher.option", value)


def test_parts_of_a_sequence_are_converted():
    assert [type(part) for part in check_option("o", [1, 2.5], list[float])] == [float, float]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (bool, "true | false"),
        (int, "whole number"),
        (float, "number"),
        (str, "text"),
        (type(None), "null"),
        (Any, "any value"),
        (int | None, "whole number | null"),
        (Mode, "'min' | 'max'"),
        (Mode | None, "'min' | 'max' | null"),
        (list[int], "list of whole number"),
        (Sequence[float | None], "list of number | null"),
        (tuple[str, ...], "list of text"),
        (tuple[float, str], "list of number, text"),
        (list, "list"),
        (tuple, "list"),
        (dict[str, int], "mapping"),
        (Mapping, "mapping"),
    ],
)
def test_types_are_written_as_a_person_would(annotation, text):
    assert type_text(annotation) == text


def test_a_misspelt_choice_names_the_close_one():
    with pytest.raises(ConfigurationError, match="Did you mean 'max'"):
        check_option("benchmark.mode", "maxx", Mode | None)


def test_options_are_the_keyword_only_parameters_in_their_order():
    class Component:
        def __init__(self, problem, streams, *, b: int, a: "float | None" = None, c="x"):
            pass

    options = options_of(Component)
    assert list(options) == ["b", "a", "c"]
    assert (options["b"].required, options["b"].type_text) == (True, "whole number")
    assert (options["a"].required, options["a"].default, options["a"].annotation) == (False, None, float | None)
    assert (options["c"].default, options["c"].type_text) == ("x", "any value")


def test_a_class_without_options_has_none():
    class Inherits(Exception):
        def __init__(self, problem, streams):
            pass

    assert options_of(Inherits) == {}
