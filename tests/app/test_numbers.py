"""Numbers of any size, as people are shown them."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit.console import duration
from tunekit.results.best_so_far import BestSoFar
from tunekit.results.costs import amount
from tunekit.studies.panels import MethodCurves, Panel
from tunekit.studies.tables import print_panels
from tunekit_core import format_fixed, format_number
from tunekit_core.number_text import format_range

finite = st.floats(-1.7e308, 1.7e308)
positive = st.floats(5e-324, 1.7e308)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.019138, "0.019138"),
        (1e-12, "1e-12"),
        (1e300, "1e+300"),
        (-0.0, "0"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (2**31 - 1, "2147483647"),
        (10**400, "1e+400"),
        (-(10**4000), "-1e+4000"),
        (123456 * 10**20, "1.23456e+25"),
        (np.float32(0.5), "0.5"),
        (np.int64(7), "7"),
        (True, "True"),
        (None, "None"),
        ("relu", "relu"),
    ],
)
def test_a_number_of_any_size_is_short(value, text):
    assert format_number(value) == text


@given(finite)
def test_a_number_that_is_read_back_is_the_same_to_six_digits(value):
    assert float(format_number(value)) == pytest.approx(value, rel=5.1e-6, abs=0)


@pytest.mark.parametrize(
    ("centre", "low", "high", "text"),
    [
        (0.123456, 0.1199, 0.1322, "0.123 [0.120, 0.132]"),
        (123456.7, 120000.0, 126000.0, "123457 [120000, 126000]"),
        (1.2345e-12, 1.22e-12, 1.244e-12, "1.235e-12 [1.220e-12, 1.244e-12]"),
        (1e300, 9e299, 1.1e300, "1.00e+300 [9.0e+299, 1.10e+300]"),
        (1e-15, 0.0, 0.5, "1e-15 [0.00, 0.50]"),
        (0.0, -0.1, 0.1, "0.00 [-0.10, 0.10]"),
        (0.25, 0.25, 0.25, "0.25"),
        (0.25, math.nan, math.nan, "0.25"),
        (1e308, 1.0, math.inf, "1e+308 [1, none]"),
        (0.0, -1.7e308, 1.7e308, "0 [-1.7e+308, 1.7e+308]"),
    ],
)
def test_a_value_has_the_digits_that_its_interval_justifies(centre, low, high, text):
    assert format_range(centre, low, high) == text


@given(st.lists(finite, min_size=3, max_size=3).map(sorted))
def test_an_interval_of_any_size_is_narrow_and_is_within_what_it_shows(values):
    low, centre, high = values
    text = format_range(centre, low, high)
    assert len(text) <= 40
    shown = [float(part) for part in text.replace("[", "").replace("]", "").replace(",", "").split()]
    expected = [centre] if low == high else [centre, low, high]
    # to the second digit of the width, or as many digits of its own as there is room for
    assert shown == pytest.approx(expected, abs=0.0501 * (high / 2 - low / 2) * 2, rel=0.0005001)
    assert (shown[0] == 0) == (centre == 0)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (3600.0, 0, "3,600"),
        (0.3, 0, "0.3"),
        (0.0, 2, "0.00"),
        (0.00123, 2, "0.0012"),
        (1e300, 2, "1e+300"),
        (math.inf, 1, "inf"),
        (math.nan, 1, "nan"),
    ],
)
def test_times_and_costs_of_any_size_are_short(value, decimals, text):
    assert format_fixed(value, decimals) == text


def test_a_time_span_of_any_size_is_short():
    assert [duration(seconds) for seconds in (59.6, 3725, 1e300, math.inf)] == ["1:00", "1:02:05", "1e+300 s", "inf s"]
    assert amount(1e200, "dollars") == "$1e+200"


def curves(*values):
    return [BestSoFar(np.array([1.0]), np.array([value]), 100.0) for value in values]


def test_a_table_of_tiny_and_huge_numbers_is_narrow_and_aligned(capfd):
    methods = [
        MethodCurves("tiny", curves(1e-12, 2e-12, 3e-12, 3e-12, 4e-12)),
        MethodCurves("fixed", curves(0.01, 0.02, 0.03, 0.04, 0.05)),
        MethodCurves("huge", curves(1e300, 2e300, 3e300, 4e300, 5e300)),
        MethodCurves("alone", curves(1e-300)),
    ]
    print_panels([Panel("problem", "loss", "min", 1e300, methods)])
    out = capfd.readouterr().out
    assert "(lower is better) at fractions of 1e+300 s\n" in out
    lines = {line.split()[0]: line for line in out.splitlines() if line.split()[:1] != []}
    assert [lines[name].rstrip()[-30:].strip() for name in ("tiny", "fixed", "huge")] == [
        "3.0e-12 [1.0e-12, 4.0e-12]",
        "0.030 [0.010, 0.050]",
        "3.0e+300 [1.0e+300, 5.0e+300]",
    ]
    assert lines["alone"].rstrip().endswith("1e-300")
    assert len({line.rindex("[") for name, line in lines.items() if name in ("tiny", "fixed", "huge")}) == 1
    assert max(map(len, lines.values())) <= 140


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1.0, 1.7e308])
def test_medians_of_numbers_of_every_size_are_right(scale):
    method = MethodCurves("RS", curves(scale, scale, scale, scale))
    with warnings.catch_warnings(action="error"):
        spread = Panel("problem", "loss", "min", 1.0, [method]).spread(method, np.array([1.0]))
    assert spread.centre[0] == scale
