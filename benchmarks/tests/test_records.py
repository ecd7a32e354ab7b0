"""Records: what is read back is what was stored, within the promised error."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from tunekit_benchmarks.fcnet.records import N_LOSSES, RECORD_BYTES, SEGMENTS, decode, encode

STARTS = np.cumsum([1, *SEGMENTS])


def slow_decode(record):
    """Bit by bit."""
    number = int.from_bytes(record[18:].tobytes(), "little")
    curves = []
    for curve, (width, half, offset) in enumerate([(4, 7, 12), (7, 63, 14)]):
        value = int.from_bytes(record[2 * curve : 2 * curve + 2].tobytes(), "little", signed=True) / 2**10
        logs = [value]
        for i in range(99):
            segment = int(np.searchsorted(STARTS, i + 1, side="right")) - 1
            byte = int(record[6 + 6 * curve + segment // 2])
            exponent = byte >> 4 if segment % 2 else byte & 15
            digit = number >> (11 * i + 4 * curve) & (2**width - 1)
            value += (digit - half) * 2.0 ** (exponent - offset)
            logs.append(value)
        curves += logs
    test = int.from_bytes(record[4:6].tobytes(), "little", signed=True) / 2**10
    with np.errstate(over="ignore"):
        return [np.inf if log >= 22 else np.float32(np.exp(log)) for log in [*curves, test]]


def noisy(n, seed=0):
    rng = np.random.default_rng(seed)
    level = rng.normal(size=(n, 1)) * 2
    return np.exp(level + np.exp(-np.arange(N_LOSSES) / 10) + rng.normal(size=(n, N_LOSSES)) * 0.1).astype(np.float32)


def test_reading_agrees_with_a_slow_reader():
    encoded = encode(noisy(20))
    assert encoded.shape == (20, RECORD_BYTES)
    np.testing.assert_array_equal(decode(encoded), [slow_decode(record) for record in encoded])


@given(arrays(np.float64, N_LOSSES, elements=st.floats(-15, 17)))
def test_errors_stay_within_half_a_step(logs):
    losses = np.exp(logs)[np.newaxis]
    read = np.log(decode(encode(losses))[0].astype(float))
    assert abs(read[[0, 100, 200]] - logs[[0, 100, 200]]).max() <= 2.0**-11 + 1e-6
    for curve, part in ((0, 1 / 5), (1, 1 / 55)):
        wanted, got = logs[100 * curve :][:100], read[100 * curve :][:100]
        for start, length in zip(STARTS, SEGMENTS, strict=False):
            reached = np.concatenate([[got[start - 1]], wanted[start : start + length]])
            largest = abs(np.diff(reached)).max()
            assert abs(got[start : start + length] - wanted[start : start + length]).max() <= part * largest + 2.0**-10


def test_what_is_not_finite_becomes_infinity_and_the_rest_stays_finite():
    losses = noisy(3)
    losses[0, 150:] = np.nan
    losses[1, 40:100] = np.inf
    losses[2, 130] = 1e30
    read = decode(encode(losses))
    assert np.isinf(read[0, 150:]).all()
    assert np.isfinite(read[0, :150]).all()
    assert np.isinf(read[1, 40:100]).all()
    assert np.isfinite(read[2]).all()
    assert read[2, 130] == pytest.approx(np.exp(17), rel=0.5)
