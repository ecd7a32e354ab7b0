"""Values and errors of others are put into messages, whatever they are."""

import pytest

from tunekit_core.errors import shown, text_of


class Mute(Exception):
    def __str__(self):
        raise ZeroDivisionError

    def __repr__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"x": 0.5}, "{'x': 0.5}"),
        (10**5000, "<int whose repr raises ValueError>"),
        ({"x": 10**5000}, "<dict whose repr raises ValueError>"),
    ],
    ids=["plain", "number", "number inside"],
)
def test_a_value_that_cannot_be_written_is_shown_by_its_type(value, text):
    assert shown(value) == text


def test_a_value_whose_repr_raises_an_error_is_shown():
    assert shown(Mute()).startswith("<Mute instance at ")


def test_an_error_says_what_it_says_or_that_it_cannot():
    assert text_of(ValueError("too few")) == "too few"
    assert text_of(Mute()) == "(its text cannot be read: ZeroDivisionError)"
