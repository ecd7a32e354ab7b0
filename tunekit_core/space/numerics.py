"""Arithmetic whose bits are the same on every machine, and rounding to 12 significant digits.

``np.exp`` and the C library may differ in the last bit between processors, and a last bit can move a twelfth
digit. What samples configurations therefore uses only operations that IEEE 754 rounds correctly.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DIGITS = 12
_EXACT_POWERS = np.array([float(10**k) for k in range(23)])  # 10**22 is the last that a float holds exactly
_PRECISE = Context(prec=40)
# log 2 in two parts, the first with 21 trailing zero bits, so that its multiples by the exponent are exact.
_LOG2_HIGH = float.fromhex("0x1.62e42feep-1")
_LOG2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_EXPM1_SERIES = tuple(1.0 / math.factorial(k) for k in range(14, 1, -1))


def log(x: float) -> float:
    """Natural logarithm of a positive number, correctly rounded."""
    return float(_PRECISE.ln(Decimal(x)))


def log1m(x: float) -> float:
    """Natural logarithm of ``1 - x`` for a number below 1, correctly rounded."""
    return float(_PRECISE.ln(_PRECISE.subtract(Decimal(1), Decimal(x))))


def exp(y: Floats) -> Floats:
    """Exponential, to about one unit in the last place."""
    exponent, expm1 = _reduced_expm1(y)
    return np.ldexp(1.0 + expm1, exponent)


def expm1(y: Floats) -> Floats:
    """``exp(y) - 1`` without cancellation near zero, to about one unit in the last place."""
    exponent, expm1 = _reduced_expm1(y)
    power = np.ldexp(1.0, exponent)
    return power * expm1 + (power - 1.0)


def _reduced_expm1(y: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Integers k and values ``exp(r) - 1`` with ``y = k log 2 + r`` and ``|r| <= log(2) / 2``."""
    k = np.rint(y * (1.0 / (_LOG2_HIGH + _LOG2_LOW)))
    r = (y - k * _LOG2_HIGH) - k * _LOG2_LOW
    series = np.full_like(r, _EXPM1_SERIES[0])
    for coefficient in _EXPM1_SERIES[1:]:
        series *= r
        series += coefficient
    return k.astype(np.int32), r + r * r * series


def round_significant(x: Floats) -> Floats:
    """Round to 12 significant digits, each value to the float closest to that decimal number."""
    # Where log10 errs by one near a power of ten, both choices round to that power.
    return round_decimals(x, DIGITS - 1 - np.floor(np.log10(np.maximum(np.abs(x), 1e-300))).astype(np.int64))


def round_decimals(x: Floats, decimals: NDArray[np.int64] | int) -> Floats:
    """Round to so many decimal places, each value to the float closest to that decimal number.

    Args:
        x: An array of n values, below 10**15 once shifted by the decimals.
        decimals: Places after the point, for all or for each value; negative for places before it.
    """
    if not x.size:
        return x
    if np.min(decimals) >= 0 and np.max(decimals) < len(_EXACT_POWERS):
        # An integer divided by an exact power is rounded once.
        power = _EXACT_POWERS[decimals]
        rounded: Floats = np.rint(x * power) / power
    else:
        places = np.broadcast_to(decimals, x.shape).tolist()
        rounded = np.array([round(value, n) for value, n in zip(x.tolist(), places, strict=True)])
    return rounded + 0.0  # -0.0 becomes 0.0


def decimals_between(lower: float, upper: float) -> int:
    """Decimal places that give 12 significant digits to the bound that is further from zero."""
    return DIGITS - 1 - math.floor(math.log10(max(abs(lower), abs(upper))))
