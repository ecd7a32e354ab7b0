import re

import pytest
from hypothesis import given, settings, strategies as st

from tunekit_sagemaker.aws.names import job_name

VALID = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
TEXTS = st.text(max_size=80) | st.text("ab-_.", max_size=5)
ARGUMENTS = st.tuples(st.lists(TEXTS, max_size=4), TEXTS)


@pytest.mark.parametrize(
    ("parts", "unique", "expected"),
    [
        (("ASHA", "0", "7", "0"), "a1b2c3d4", "ASHA-0-7-0-a1b2c3d4"),
        (("my_tag.2",), "a1b2", "my-tag-2-344bb62c6c-a1b2"),
        (("x" * 70,), "a1b2", f"{'x' * 47}-d797089c9e-a1b2"),
        (("__", "é"), "a1b2", "9e90505d11-a1b2"),
        ((), "", "055539df4a"),
    ],
)
def test_a_name_says_what_it_can(parts, unique, expected):
    assert job_name(*parts, unique=unique) == expected


@settings(deadline=None)
@given(ARGUMENTS)
def test_any_text_gives_a_valid_name(arguments):
    parts, unique = arguments
    name = job_name(*parts, unique=unique)
    assert VALID.fullmatch(name)
    assert len(name) <= 63


@settings(deadline=None, max_examples=500)
@given(ARGUMENTS, ARGUMENTS)
def test_other_arguments_give_another_name(one, other):
    names = [job_name(*parts, unique=unique) for parts, unique in (one, other)]
    assert (names[0] == names[1]) == (one == other)


def test_parts_are_told_apart():
    assert job_name("a-b", "c", unique="1") != job_name("a", "b-c", unique="1")


def test_jobs_of_one_experiment_are_listed_by_what_is_unique():
    assert all("a1b2c3d4" in job_name("my_tag" * n, str(n), unique="a1b2c3d4") for n in range(30))
