"""Domains one by one: values, defaults, sampling, casting, refusals."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import (
    choice,
    finrange,
    logfinrange,
    lograndint,
    loguniform,
    ordinal,
    randint,
    reverseloguniform,
    uniform,
)

U = np.linspace(0, 1, 2001)[:-1]
KINDS = [
    uniform(-3, 10),
    loguniform(1e-4, 1),
    reverseloguniform(0.0, 0.999),
    randint(-2, 4),
    lograndint(1, 64),
    choice(["x", "y", "z"]),
    choice([True, None]),
    choice([5]),
    randint(5, 5),
    lograndint(4, 4),
    finrange(0, 0, 1),
    logfinrange(8, 8, 1, cast_int=True),
    ordinal([1, 2, 5, 10]),
    ordinal([1, 2, 5, 10], "nn-log"),
    ordinal(["low", "high"]),
    finrange(0, 0.6, 3),
    logfinrange(8, 64, 4, cast_int=True),
]


@pytest.mark.parametrize(
    ("domain", "default"),
    [
        (uniform(0, 10), 5.0),
        (loguniform(1e-4, 1), 0.01),
        (reverseloguniform(0.9, 0.999), 0.99),
        (randint(1, 4), 2),
        (randint(-4, -1), -3),
        (lograndint(1, 64), 8),
        (lograndint(1, 3), 2),
        (choice(["x", "y", "z"]), "x"),
        (finrange(0, 0.6, 3), 0.3),
        (logfinrange(8, 64, 4, cast_int=True), 16),
        (ordinal([1, 2, 5, 10]), 5),
        (ordinal([1, 2, 5, 10], "equal"), 5),
        (ordinal(["a", "b", "c"]), "b"),
    ],
    ids=str,
)
def test_the_default_is_the_middle_of_the_scale_or_the_first_category(domain, default):
    assert domain.default == default
    assert type(domain.default) is type(default)


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (randint(-1, 2), [-1, 0, 1, 2]),
        (choice(["b", "a"]), ["b", "a"]),
        (finrange(0, 0.6, 3), [0.0, 0.3, 0.6]),
        (finrange(-0.3, 0.3, 7), [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
        (finrange(1, 9, 3, cast_int=True), [1, 5, 9]),
        (logfinrange(8, 256, 6, cast_int=True), [8, 16, 32, 64, 128, 256]),
        (logfinrange(1e-4, 0.1, 4), [0.0001, 0.001, 0.01, 0.1]),
    ],
    ids=str,
)
def test_finite_domains_list_their_values(domain, values):
    assert list(domain.values()) == values
    assert [type(value) for value in domain.values()] == [type(value) for value in values]
    assert domain.size == len(values)
    assert [domain.index_of(value) for value in values] == list(range(len(values)))


@pytest.mark.parametrize("domain", [uniform(0, 1), loguniform(1, 2), reverseloguniform(0, 0.5)], ids=str)
def test_continuous_domains_have_no_list_of_values(domain):
    assert domain.size is None
    with pytest.raises(ConfigurationError, match="Use finrange or logfinrange"):
        domain.values()
    with pytest.raises(ConfigurationError, match="Use finrange or logfinrange"):
        domain.index_of(0.5)


@pytest.mark.parametrize("domain", KINDS, ids=str)
def test_drawn_values_are_plain_python_values_of_the_domain(domain):
    drawn = domain.from_unit(U)
    assert {type(value) for value in drawn} <= {int, float, str, bool, type(None)}
    assert all(domain.contains(value) for value in drawn)


@pytest.mark.parametrize("domain", KINDS, ids=str)
def test_a_value_does_not_depend_on_what_is_drawn_with_it(domain):
    assert [domain.from_unit(U[i : i + 1])[0] for i in range(0, len(U), 37)] == domain.from_unit(U)[::37]


@pytest.mark.parametrize(
    "domain",
    [randint(1, 4), choice(["a", "b", "c", "d"]), ordinal([1, 2, 4, 9]), finrange(0, 1, 4)],
    ids=str,
)
def test_values_of_finite_domains_have_equal_weights(domain):
    assert set(Counter(domain.from_unit(U)).values()) == {500}


ONE_VALUE = [
    (randint(1, 1), 1, "randint(1, 1)"),
    (randint(-3, -3.0), -3, "randint(-3, -3)"),
    (lograndint(4, 4), 4, "lograndint(4, 4)"),
    (lograndint(10**12, 10**12), 10**12, "lograndint(1000000000000, 1000000000000)"),
    (finrange(0, 0, 1), 0.0, "finrange(0.0, 0.0, 1)"),
    (finrange(0.1, 0.1, 1), 0.1, "finrange(0.1, 0.1, 1)"),
    (logfinrange(8, 8, 1, cast_int=True), 8, "logfinrange(8, 8, 1, cast_int=True)"),
    (choice([None]), None, "choice([None])"),
    (ordinal(["a"]), "a", "ordinal(['a'])"),
]


@pytest.mark.parametrize(("domain", "value", "text"), ONE_VALUE, ids=[text for *_, text in ONE_VALUE])
def test_a_finite_domain_may_have_one_value(domain, value, text):
    assert (domain.size, list(domain.values()), domain.default, str(domain)) == (1, [value], value, text)
    assert type(domain.default) is type(value)
    assert (domain.cast(value), domain.index_of(value)) == (value, 0)
    assert not domain.contains(value + 1 if isinstance(value, int | float) else "other")
    assert domain.from_unit(U) == [value] * len(U)
    assert domain.encoded_width == 0
    assert domain.encode([value, value]).shape == (2, 0)
    assert domain.decode(np.empty((3, 0))) == [value] * 3


def test_both_ends_of_randint_are_drawn():
    assert randint(3, 5).from_unit(np.array([0.0, 0.999])) == [3, 5]


def test_the_ends_of_lograndint_have_their_full_weight():
    n = 200_000
    drawn = Counter(lograndint(1, 4).from_unit(np.arange(n) / n))
    whole = math.log(4.5 / 0.5)
    for value in range(1, 5):
        weight = math.log((value + 0.5) / (value - 0.5)) / whole
        assert drawn[value] / n == pytest.approx(weight, abs=1e-5)


def test_continuous_draws_follow_their_scale():
    u = np.array([0.0, 0.25, 0.5])
    assert uniform(-1, 3).from_unit(u) == [-1.0, 0.0, 1.0]
    assert loguniform(1e-4, 1).from_unit(u) == [0.0001, 0.001, 0.01]
    assert reverseloguniform(0.9, 0.999).from_unit(u) == [0.9, 0.968377223398, 0.99]


@given(st.floats(0, 1, exclude_max=True))
def test_continuous_values_have_at_most_twelve_significant_digits(u):
    for domain in (uniform(-3, 10), loguniform(1e-4, 1), reverseloguniform(0.0, 0.999), loguniform(1e-30, 1e30)):
        (value,) = domain.from_unit(np.array([u]))
        assert value == float(f"{value:.12g}")


def test_bounds_with_more_digits_are_not_exceeded():
    domain = uniform(0.1234567890123456, 0.9876543210987654)
    assert domain.from_unit(np.array([0.0])) == [0.1234567890123456]
    assert domain.cast(0.1234567890123456) == 0.1234567890123456


@pytest.mark.parametrize(
    ("domain", "given_value", "value"),
    [
        (uniform(0, 10), 3, 3.0),
        (uniform(0, 0.3), 0.1 + 0.2, 0.3),
        (uniform(0, 10), np.float32(0.5), 0.5),
        (uniform(-1, 1), -0.0, 0.0),
        (loguniform(1e-4, 1), 0.12345678901234, 0.123456789012),
        (randint(1, 5), 3.0, 3),
        (randint(1, 5), np.int64(3), 3),
        (choice([16, 32]), 32.0, 32),
        (choice(["a", "b"]), np.str_("b"), "b"),
        (choice([0.1, 0.3]), 0.1 + 0.2, 0.3),
        (finrange(0, 0.6, 3), float(np.float32(0.6)), 0.6),
        (logfinrange(8, 64, 4, cast_int=True), 16.0, 16),
        (ordinal([1, 2, 5]), 5.0, 5),
    ],
)
def test_a_value_is_cast_to_the_one_that_is_meant(domain, given_value, value):
    assert domain.cast(given_value) == value
    assert type(domain.cast(given_value)) is type(value)
    assert math.copysign(1, domain.cast(given_value)) == 1 if value == 0 else True


@pytest.mark.parametrize(
    ("domain", "value", "allowed"),
    [
        (uniform(0, 10), 10.1, "numbers from 0.0 to 10.0"),
        (uniform(0, 10), "5", "numbers from 0.0 to 10.0"),
        (uniform(0, 10), True, "numbers from 0.0 to 10.0"),
        (uniform(0, 10), math.nan, "numbers from 0.0 to 10.0"),
        (randint(1, 5), 2.5, "whole numbers from 1 to 5"),
        (randint(1, 5), 6, "whole numbers from 1 to 5"),
        (randint(1, 5), True, "whole numbers from 1 to 5"),
        (choice(["relu", "tanh"]), "Relu", "'relu', 'tanh'"),
        (choice([0, 1]), True, "0, 1"),
        (choice([True, False]), 1, "True, False"),
        (choice(["a"]), ["a"], "'a'"),
        (finrange(0, 0.6, 3), 0.31, "0.0, 0.3, 0.6"),
        (ordinal(["a", "b"]), None, "'a', 'b'"),
    ],
)
def test_a_value_outside_is_refused_with_what_is_allowed(domain, value, allowed):
    assert not domain.contains(value)
    with pytest.raises(ConfigurationError) as caught:
        domain.cast(value)
    assert f"allowed are {allowed}." in str(caught.value)
    assert str(domain) in str(caught.value)


def test_a_long_list_of_allowed_values_is_cut():
    with pytest.raises(ConfigurationError, match=r"19\.0, … \(100 values\)\."):
        finrange(0, 99, 100).cast(0.5)


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        (uniform, (1, 0), "the bounds must be finite numbers, the first below the second, as in uniform(0.0, 0.9)"),
        (uniform, (0.1, 0.1), "to keep it at 0.1 write 0.1 instead; else the first bound must be below the second"),
        (loguniform, (2, 2), "to keep it at 2 write 2 instead"),
        (reverseloguniform, (0.9, 0.9), "to keep it at 0.9 write 0.9 instead"),
        (uniform, (0, math.inf), "finite numbers"),
        (uniform, (-1.7e308, 1.7e308), "finite numbers"),
        (uniform, (0, 10**400), "finite numbers"),
        (uniform, (math.nan, 1), "finite numbers"),
        (uniform, (False, 1), "finite numbers"),
        (uniform, ("0", 1), "finite numbers"),
        (uniform, (1e6, 1e6 + 1e-7), "12 significant digits"),
        (loguniform, (0, 1), "above 0, as in loguniform(0.0001, 0.1)"),
        (reverseloguniform, (0.5, 1), "from 0 to below 1, as in reverseloguniform(0.9, 0.999)"),
        (reverseloguniform, (-0.5, 0.9), "from 0 to below 1"),
        (randint, (1.5, 3), "whole numbers, the first not above the second, as in randint(1, 64)"),
        (randint, (4, 1), "the first not above the second"),
        (randint, (0, 10**13), "between -1000000000000 and 1000000000000"),
        (lograndint, (0, 4), "at least 1"),
        (choice, ([],), "at least one category"),
        (choice, ("ab",), "must be a list, as in choice(['relu', 'tanh'])"),
        (choice, (["a", "b", "a"],), "'a' appears twice"),
        (choice, ([1, True],), "True appears twice"),
        (choice, ([1, math.nan],), "nan cannot be a category"),
        (choice, ([[[1]], [2]],), "[[1]] cannot be a category"),
        (ordinal, ([],), "ordinal([]): there must be at least one category"),
        (ordinal, ([2, 1], "nn"), "use kind='equal'"),
        (ordinal, (["a", "b"], "nn-log"), "use kind='equal'"),
        (ordinal, ([0, 1], "nn-log"), "use kind='nn'"),
        (ordinal, ([-1.7e308, 1.7e308],), "too far apart for their distances; use kind='equal'"),
        (ordinal, ([0, 1.7e308],), "too far apart for their distances; use kind='equal'"),
        (ordinal, ([1, 2], "log"), "kind must be 'equal', 'nn' or 'nn-log'"),
        (finrange, (1, 0, 3), "the first not above the second, as in finrange(0, 0.6, 3)"),
        (finrange, (0, 1, 1), "whole number from 2 on, or 1 between equal bounds"),
        (finrange, (1, 1, 2), "whole number from 2 on, or 1 between equal bounds"),
        (logfinrange, (1, 1, 0), "whole number from 2 on, or 1 between equal bounds"),
        (finrange, (0, 1, 2.5), "whole number from 2 on"),
        (finrange, (0, 1, 3, 1), "cast_int must be true or false"),
        (finrange, (0, 2, 5, True), "coincide after rounding"),
        (finrange, (0.5, 2, 2, True), "whole numbers"),
        (finrange, (0, 10**20, 3, True), "between -1000000000000 and 1000000000000"),
        (logfinrange, (1, 10**20, 3, True), "between -1000000000000 and 1000000000000"),
        (logfinrange, (0, 1, 3), "above 0, as in logfinrange(8, 64, 4)"),
    ],
)
def test_a_domain_that_makes_no_sense_is_refused(function, arguments, reason):
    with pytest.raises(ConfigurationError) as caught:
        function(*arguments)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(function.__name__)


def test_domains_are_equal_if_made_by_equal_calls():
    assert uniform(0, 1) == uniform(0.0, 1.0)
    assert hash(uniform(0, 1)) == hash(uniform(0.0, 1.0))
    assert uniform(1, 2) != loguniform(1, 2)
    assert randint(1, 2) != lograndint(1, 2)
    assert ordinal([1, 2]) == ordinal([1, 2], "nn") != ordinal([1, 2], "equal")
    assert choice([1, 2]) != choice([1.0, 2.0])
    assert choice([0, 1]) != choice([False, True])
    assert finrange(1, 3, 3) != finrange(1, 3, 3, cast_int=True)
