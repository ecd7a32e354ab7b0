"""Numbers of any size for people: in sentences, in tables, with an interval."""

from __future__ import annotations

import math
import re
from decimal import Context
from numbers import Integral, Real
from typing import Any

DIGITS = 6
WHOLE_NUMBERS = re.compile(r"([0-9]+)")
NO_END = "none"  # in place of the end of an interval that is infinite
WHOLE_BELOW = 10**15  # whole numbers from there on are in scientific notation
FIXED_EXPONENTS = range(-5, 9)  # of numbers with an interval that are not in scientific notation
MOST_DIGITS_OF_SCIENTIFIC = 4  # beside an interval: with both exponents that makes 20 characters


def format_number(value: Any, digits: int = DIGITS) -> str:
    """A number in few digits; whole numbers in full unless they are huge. What is no number is its ``str``.

    >>> format_number(1e-12), format_number(1e300), format_number(0.125), format_number(2_147_483_647)
    ('1e-12', '1e+300', '0.125', '2147483647')
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    if not isinstance(value, Integral):
        return f"{float(value) + 0.0:.{digits}g}"  # minus zero is zero
    whole = int(value)
    if abs(whole) < WHOLE_BELOW:
        return str(whole)
    return str(Context(prec=digits).create_decimal(whole).normalize()).lower()  # one may be too large for a float


def format_fixed(value: float, decimals: int) -> str:
    """A number with so many decimals and commas between thousands; in two digits where that would not show it.

    >>> format_fixed(1234.5, 2), format_fixed(0.00123, 2), format_fixed(0.3, 0), format_fixed(1e300, 1)
    ('1,234.50', '0.0012', '0.3', '1e+300')
    """
    if value == 0 or 10.0**-decimals <= abs(value) < WHOLE_BELOW:
        return f"{value:,.{decimals}f}"
    return f"{value:.2g}"


def format_seconds(value: float) -> str:
    """A time in seconds that is read as exact: below 100 in hundredths, below 1000 in tenths, without zeros at its end.

    >>> [format_seconds(value) for value in (3.75, 7.5, 15.0, 112.5, 3600.0, 0.00123)]
    ['3.75', '7.5', '15', '112.5', '3,600', '0.0012']
    """
    decimals = 2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0
    text = format_fixed(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def natural_order(text: str) -> list[str | int]:
    """A key for sorting, by which numbers in texts are in the order of numbers.

    >>> sorted(["fcnet-10", "fcnet-2"], key=natural_order)
    ['fcnet-2', 'fcnet-10']
    """
    return [int(part) if i % 2 else part for i, part in enumerate(WHOLE_NUMBERS.split(text))]


def format_range(centre: float, low: float, high: float) -> str:
    """A value between two others, with two digits of the distance between these.

    Args:
        centre: A finite number.
        low: One end; NaN of both ends where there is no interval: then the value has four digits.
        high: The other end. For an end that is infinite stands "none".

    >>> format_range(0.123456, 0.1199, 0.1322), format_range(0.5, math.nan, math.nan), format_range(2.0, 1.0, math.inf)
    ('0.123 [0.120, 0.132]', '0.5', '2 [1, none]')
    """
    if math.isnan(low) or math.isnan(high) or low == high:
        return format_number(centre, MOST_DIGITS_OF_SCIENTIFIC)
    if math.isinf(high - low):
        ends = [format_number(end, MOST_DIGITS_OF_SCIENTIFIC) if math.isfinite(end) else NO_END for end in (low, high)]
        return f"{format_number(centre, MOST_DIGITS_OF_SCIENTIFIC)} [{', '.join(ends)}]"
    place = _place(high - low)
    return f"{_rounded(centre, place)} [{_rounded(low, place)}, {_rounded(high, place)}]"


def format_within(value: float, distance: float) -> str:
    """A number with two digits of a distance: what is finer tells nothing; four digits where that is 0 or infinite.

    >>> format_within(0.0203842, 0.0017), format_within(0.0203842, 0.0)
    ('0.0204', '0.02038')
    """
    if distance == 0 or not math.isfinite(distance):
        return format_number(value, MOST_DIGITS_OF_SCIENTIFIC)
    return _rounded(value, _place(distance))


def _place(distance: float) -> int:
    """The power of ten of the second digit of a distance."""
    return _exponent(distance) - 1


def _rounded(value: float, place: int) -> str:
    """A number rounded to tens to the power of ``place``, or finer where nothing of it would be left."""
    if value == 0:
        return f"{0:.{max(0, -place)}f}" if place > -DIGITS - 2 else "0"
    exponent = _exponent(value)
    place = min(place, exponent)
    if exponent in FIXED_EXPONENTS:
        return f"{value:.{max(0, -max(place, exponent - DIGITS + 1))}f}"
    return f"{value:.{min(exponent - place, MOST_DIGITS_OF_SCIENTIFIC - 1)}e}"


def _exponent(value: float) -> int:
    return int(f"{value:e}".rpartition("e")[2])
