"""The encoded form, against golden numbers, and the arithmetic under it."""

import math
import tracemalloc
from decimal import Decimal

import numpy as np
import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import (
    SearchSpace,
    choice,
    finrange,
    logfinrange,
    lograndint,
    loguniform,
    numerics as _numerics,
    ordinal,
    randint,
    reverseloguniform,
    uniform,
)

GOLDEN = SearchSpace(
    {
        "a": uniform(0, 10),
        "b": loguniform(1e-4, 1),
        "c": randint(1, 4),
        "d": lograndint(1, 64),
        "e": choice(["x", "y", "z"]),
        "f": choice(["p", "q"]),
        "g": finrange(0, 0.6, 3),
        "h": logfinrange(8, 64, 4, cast_int=True),
        "i": ordinal([1, 2, 5, 10], "nn"),
        "j": ordinal([1, 2, 5, 10], "nn-log"),
        "k": ordinal([1, 2, 5, 10], "equal"),
        "l": reverseloguniform(0.9, 0.999),
    }
)
MANY = [f"c{i}" for i in range(10_000)]
CONFIGURATION = dict(zip("abcdefghijkl", (2.5, 0.01, 2, 8, "y", "q", 0.3, 16, 5, 5, 5, 0.99), strict=True))
ENCODED = [0.25, 0.5, 0.375, 0.570514, 0, 1, 0, 0.75, 0.5, 0.375, 0.458333, 0.649228, 0.625, 0.5]


def test_the_golden_configuration_is_encoded_as_in_the_reference():
    assert GOLDEN.encode([CONFIGURATION])[0] == pytest.approx(ENCODED, abs=5e-7)
    assert GOLDEN.width == 14


def test_the_golden_encoding_is_decoded():
    assert GOLDEN.decode(np.array([ENCODED])) == [CONFIGURATION | {"b": 0.01, "d": 8}]


def test_the_golden_default_configuration():
    default = {"a": 5, "b": 0.01, "c": 2, "d": 8, "e": "x", "g": 0.3, "h": 16, "i": 5, "k": 5}
    assert GOLDEN.default().items() >= default.items()


@pytest.mark.parametrize(
    ("domain", "width"),
    [
        (choice(["a"]), 0),
        (choice(["a", "b"]), 1),
        (choice(["a", "b", "c"]), 3),
        (choice(list(range(100))), 100),
        (choice(list(range(101))), 1),
        (choice([f"c{i}" for i in range(10_000)]), 1),
        (ordinal([3]), 0),
        (ordinal(["x", "y", "z"]), 1),
    ],
    ids=str,
)
def test_the_width_of_categories(domain, width):
    assert domain.encoded_width == width
    assert domain.encode(list(domain.values())).shape == (domain.size, width)
    assert domain.decode(domain.encode(list(domain.values()))) == list(domain.values())


def test_two_categories_are_a_quarter_and_three_quarters():
    assert choice(["a", "b"]).encode(["a", "b"]).tolist() == [[0.25], [0.75]]
    assert choice(["a", "b"]).decode(np.array([[0.0], [0.49], [0.5], [1.0]])) == ["a", "a", "b", "b"]


def test_three_categories_are_decoded_by_the_largest_column():
    assert choice(["a", "b", "c"]).decode(np.array([[0.2, 0.4, 0.3], [0.5, 0.5, 0.0]])) == ["b", "a"]


def test_columns_of_positions_are_named_for_models_that_would_take_them_for_near_or_far():
    many = choice(list(range(101)))
    space = SearchSpace({"x": uniform(0, 1), "a": many, "b": choice(["p", "q", "r"]), "c": many, "d": ordinal([1, 2])})
    assert space.code_columns == (1, 5)
    assert space.fix({"a": 7}).code_columns == (4,)


@pytest.mark.parametrize(
    "domain", [choice(MANY), ordinal(MANY), finrange(0, 1, 10_000)], ids=["choice", "ordinal", "fin"]
)
def test_ten_thousand_values_are_encoded_in_a_few_megabytes(domain):
    tracemalloc.start()
    try:
        encoded = SearchSpace({"x": domain}).encode([{"x": value} for value in domain.values()])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert encoded.shape == (10_000, 1)
    assert most < 10e6


def test_nearest_neighbour_ordinals_are_decoded_to_the_closest_value():
    # 1, 2, 5, 10 in [-0.5, 11.5]; 3.4 and 3.6 lie on either side of the middle of 2 and 5.
    encoded = (np.array([[3.4], [3.6], [-0.5], [11.5]]) + 0.5) / 12
    assert ordinal([1, 2, 5, 10]).decode(encoded) == [2, 5, 1, 10]


def test_increasing_numbers_are_nearest_neighbour_ordinals_unless_told_otherwise():
    assert ordinal([1, 2, 5]).kind == "nn"
    assert ordinal([1, 5, 2]).kind == "equal"
    assert ordinal(["a", "b"]).kind == "equal"


@pytest.mark.parametrize("name", ["a", "b", "c", "d", "f", "g", "h", "i", "j", "k", "l"])
def test_what_lies_outside_the_unit_interval_is_clipped(name):
    domain = GOLDEN.domains[name]
    assert domain.decode(np.array([[-0.3], [1.3]])) == domain.decode(np.array([[0.0], [1.0]]))


@pytest.mark.parametrize("value", [11, "5", None])
def test_a_value_outside_is_not_encoded_but_refused_by_name(value):
    with pytest.raises(ConfigurationError, match=r"^a: .* is not in uniform\(0.0, 10.0\)") as caught:
        GOLDEN.encode([CONFIGURATION, CONFIGURATION | {"a": value}])
    assert caught.value.option == "a"


def test_values_of_other_types_are_encoded_as_what_they_mean():
    other = CONFIGURATION | {"a": np.float32(2.5), "c": 2.0, "h": 16.0, "g": 0.1 + 0.2}
    assert np.array_equal(GOLDEN.encode([other]), GOLDEN.encode([CONFIGURATION]))


def test_the_exponential_is_right_to_two_units_in_the_last_place():
    rng = np.random.default_rng(0)
    y = np.concatenate([rng.uniform(-40, 40, 2000), rng.uniform(-1, 1, 2000), 10 ** rng.uniform(-9, 0, 500), [0.0]])
    for value, exp, expm1 in zip(y.tolist(), _numerics.exp(y).tolist(), _numerics.expm1(y).tolist(), strict=True):
        exact = Decimal(value).exp()
        assert abs(Decimal(exp) - exact) <= 2 * Decimal(math.ulp(exp))
        assert abs(Decimal(expm1) - (exact - 1)) <= 2 * Decimal(math.ulp(expm1))


def test_rounding_gives_the_float_of_the_decimal_number():
    rng = np.random.default_rng(1)
    x = rng.choice([-1, 1], 3000) * 10 ** rng.uniform(-40, 40, 3000)
    assert _numerics.round_significant(x).tolist() == [float(f"{value:.12g}") for value in x.tolist()]
    x = np.array([0.0, -0.0, 1.0, 10.0, 999.9999999999999, 1e11, 123456789012.0, 5e-324])
    assert _numerics.round_significant(x).tolist() == [0.0, 0.0, 1.0, 10.0, 1000.0, 1e11, 123456789012.0, 0.0]
