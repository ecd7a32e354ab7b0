"""Numbers of any size, as people are shown them."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit.console import duration
from tunekit.results.best_so_far import BestSoFar
from tunekit.results.comparison import MethodCurves, Panel
from tunekit.results.costs import amount
from tunekit.results.summary import print_comparison
from tunekit_core import format_fixed, format_number
from tunekit_core.number_text import format_interval

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
    ("mean", "half_width", "text"),
    [
        (0.123456, 0.0123, "0.123 ± 0.012"),
        (123456.7, 3000.0, "123457 ± 3000"),
        (1.2345e-12, 1.2e-14, "1.235e-12 ± 1.2e-14"),
        (1e300, 1e299, "1.00e+300 ± 1.0e+299"),
        (1e-15, 0.5, "1e-15 ± 0.50"),
        (0.0, 0.1, "0.00 ± 0.10"),
        (0.0, 1e-12, "0 ± 1.0e-12"),
        (0.25, 0.0, "0.25"),
        (0.25, math.nan, "0.25"),
        (1e308, math.inf, "1e+308 ± inf"),
        (math.nan, math.nan, "nan"),
        (-math.inf, math.nan, "-inf"),
    ],
)
def test_a_mean_has_the_digits_that_its_interval_justifies(mean, half_width, text):
    assert format_interval(mean, half_width) == text


@given(finite, positive)
def test_an_interval_of_any_size_is_narrow_and_is_within_what_it_shows(mean, half_width):
    text = format_interval(mean, half_width)
    shown_mean, shown_half_width = map(float, text.split(" ± "))
    assert len(text) <= 22
    assert (shown_mean == 0) == (mean == 0)
    assert shown_half_width == pytest.approx(half_width, rel=0.05001, abs=0)
    # to the second digit of the half width, or as many digits of its own as there is room for
    assert shown_mean == pytest.approx(mean, abs=0.5001 * half_width, rel=0.0005001)


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
        MethodCurves("tiny", curves(1e-12, 2e-12, 3e-12)),
        MethodCurves("fixed", curves(0.01, 0.02, 0.03)),
        MethodCurves("huge", curves(1e300, 2e300, 3e300)),
        MethodCurves("alone", curves(1e-300)),
    ]
    print_comparison([Panel("problem", "loss", "min", 1e300, methods)])
    out = capfd.readouterr().out
    assert "(lower is better) at fractions of 1e+300 s\n" in out
    lines = {line.split()[0]: line for line in out.splitlines() if line.split()[:1] != []}
    assert [lines[name].split(maxsplit=2)[2].rstrip()[-20:].strip() for name in ("tiny", "fixed", "huge")] == [
        "2.0e-12 ± 2.5e-12",
        "0.020 ± 0.025",
        "2.0e+300 ± 2.5e+300",
    ]
    assert lines["alone"].rstrip().endswith("1e-300")
    assert len({line.rindex("±") for name, line in lines.items() if name in ("tiny", "fixed", "huge")}) == 1
    assert max(map(len, lines.values())) <= 120


def test_intervals_of_numbers_whose_squares_are_none_are_right():
    for scale in (1e-200, 1e-300, 1e200, 1e307):
        mean, half_width = MethodCurves("RS", curves(1 * scale, 2 * scale, 3 * scale)).interval(np.array([1.0]))
        assert mean[0] == pytest.approx(2 * scale, rel=1e-12)
        assert half_width[0] == pytest.approx(2.4841377118 * scale, rel=1e-9)
    mean, half_width = MethodCurves("RS", curves(1.7e308, -1.7e308)).interval(np.array([1.0]))
    assert (mean[0], half_width[0]) == (0.0, math.inf)
