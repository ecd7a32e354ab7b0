"""How the results of one network are stored: 155 bytes for two curves of 100 losses and the test loss.

A curve is kept as the logarithms of its losses: the first one, then the changes from epoch to epoch. About ten epochs
at a time share a step, a power of two, just large enough that the largest change in that segment is at most 7 steps
(training) or 63 (validation). The encoder measures each change from what the decoder will have, so errors do not add
up: what is read back is off by at most half a step, below 1/6 of the largest change in the segment for training and
below 1/60 for validation. Losses above e**17 = 2.4e7 are stored as that, what is not finite as infinity.

======  ===============================================================================
bytes   content, little-endian
======  ===============================================================================
0-5     first training, first validation and test loss, int16, in units of 2**-10
6-17    for training, then validation: 12 exponents of 4 bits, the lower half first
18-154  for each of the 99 changes: 4 bits (training, plus 7) and 7 bits
        (validation, plus 63), lowest bit first, in steps of 2**(exponent - 12) for
        training and 2**(exponent - 14) for validation
======  ===============================================================================
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.fcnet.grid import EPOCHS

RECORD_BYTES = 155
N_LOSSES = 2 * EPOCHS + 1
SEGMENTS = (1, 2, 6) + (10,) * 9  # changes that share a step: few where the loss falls fast

# Logarithms. Even the coarsest step, 8, cannot move a finite loss across the least infinite one.
_LEAST, _LARGEST, _LEAST_INFINITE, _INFINITE = -15.0, 17.0, 22.0, 27.0
_UNIT, _FIRST_UNIT = 2.0**-14, 2.0**-10
_FIRST_UNITS = round(_FIRST_UNIT / _UNIT)
# Of the two curves, training and validation: bits of a change, largest change in steps, least exponent of a step.
_BITS = (4, 7)
_HALF_RANGE = np.array([[7], [63]], dtype=np.int32)
_LEAST_EXPONENT = np.array([[2], [0]], dtype=np.int32)
_SEGMENT_OF = np.repeat(np.arange(len(SEGMENTS)), SEGMENTS)
_PLACES = np.zeros((sum(_BITS), 2), dtype=np.uint8)
_PLACES[:4, 0], _PLACES[4:, 1] = 2 ** np.arange(4), 2 ** np.arange(7)


def encode(losses: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Records of networks.

    Args:
        losses: An n x 201 array: training losses, validation losses, test loss, as ``Trainer.train`` returns them.

    Returns:
        An n x ``RECORD_BYTES`` array.
    """
    n = len(losses)
    logs = _logarithms(losses)
    curves = logs[:, :-1].reshape(n, 2, EPOCHS)
    firsts = np.round(logs.take([0, EPOCHS, 2 * EPOCHS], axis=1) / _FIRST_UNIT).astype("<i2")
    exponents, changes = _changes(np.round(curves / _UNIT).astype(np.int64), firsts[:, :2])
    nibbles = (exponents - _LEAST_EXPONENT).astype(np.uint8).reshape(n, -1)
    digits = (changes + _HALF_RANGE).astype(np.uint8)
    bits = [
        np.unpackbits(digits[:, i, :, np.newaxis], axis=2, bitorder="little")[:, :, :width]
        for i, width in enumerate(_BITS)
    ]
    packed = np.packbits(np.concatenate(bits, axis=2).reshape(n, -1), axis=1, bitorder="little")
    return np.concatenate([firsts.view(np.uint8), nibbles[:, ::2] | nibbles[:, 1::2] << 4, packed], axis=1)


def decode(records: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The losses of records: what ``encode`` was given, but for rounding.

    Args:
        records: An n x ``RECORD_BYTES`` array.

    Returns:
        An n x 201 array.
    """
    n = len(records)
    firsts = records[:, :6].copy().view("<i2")
    exponents = np.empty((n, 2, len(SEGMENTS)), dtype=np.int32)
    pairs = records[:, 6:18].reshape(n, 2, -1)
    exponents[:, :, ::2], exponents[:, :, 1::2] = pairs & 15, pairs >> 4
    exponents += _LEAST_EXPONENT
    bits = np.unpackbits(records[:, 18:], axis=1, count=(EPOCHS - 1) * sum(_BITS), bitorder="little")
    digits = (bits.reshape(n, EPOCHS - 1, -1) @ _PLACES).transpose(0, 2, 1)
    curves = np.empty((n, 2, EPOCHS), dtype=np.int32)
    curves[:, :, 0] = firsts[:, :2]
    curves[:, :, 0] *= _FIRST_UNITS
    np.left_shift(digits - _HALF_RANGE, exponents.take(_SEGMENT_OF, axis=2), out=curves[:, :, 1:])
    logs = np.empty((n, N_LOSSES))
    logs[:, :-1] = curves.cumsum(axis=2, dtype=np.int32).reshape(n, -1)
    logs[:, -1] = firsts[:, 2]
    logs[:, :-1] *= _UNIT
    logs[:, -1] *= _FIRST_UNIT
    # In 32 bits, so that the last bit of this machine's exponential function does not show.
    losses = np.exp(logs).astype(np.float32)
    losses[logs >= _LEAST_INFINITE] = np.inf
    return losses


def _logarithms(losses: NDArray[np.floating]) -> NDArray[np.float64]:
    finite = np.isfinite(losses)
    bounded = np.where(finite, losses, 1.0).astype(np.float64).clip(np.exp(_LEAST), np.exp(_LARGEST))
    return np.where(finite, np.log(bounded), _INFINITE)


def _changes(curves: NDArray[np.int64], firsts: NDArray[np.int16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Exponents of steps (n x 2 x segments), each the least that is enough, and changes in steps (n x 2 x 99)."""
    n = len(curves)
    half_range, least = (np.tile(column[:, 0], n) for column in (_HALF_RANGE, _LEAST_EXPONENT))
    wanted = curves.reshape(2 * n, EPOCHS)
    reached = firsts.reshape(2 * n).astype(np.int64) * _FIRST_UNITS
    exponents = np.empty((2 * n, len(SEGMENTS)), dtype=np.int64)
    changes = np.empty((2 * n, EPOCHS - 1), dtype=np.int64)
    start = 1
    for segment, length in enumerate(SEGMENTS):
        part = wanted[:, start : start + length]
        largest = np.abs(np.diff(part, axis=1, prepend=reached[:, np.newaxis])).max(axis=1)
        # One less than this is often enough, since the decoder is not where the curve is.
        enough = np.ceil(np.log2(np.maximum(largest / half_range, 1))).astype(np.int64)
        shift = np.maximum(enough - 1, least)
        steps, ends = _steps(part, reached, shift)
        while (failed := (np.abs(steps) > half_range[:, np.newaxis]).any(axis=1)).any():
            shift[failed] += 1
            steps[failed], ends[failed] = _steps(part[failed], reached[failed], shift[failed])
        exponents[:, segment], changes[:, start - 1 : start - 1 + length], reached = shift, steps, ends
        start += length
    return exponents.reshape(n, 2, -1), changes.reshape(n, 2, -1)


def _steps(
    wanted: NDArray[np.int64], reached: NDArray[np.int64], shift: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Changes in steps that follow curves (m x length) from where the decoder is, and where that takes it."""
    steps = np.empty_like(wanted)
    for i in range(wanted.shape[1]):
        steps[:, i] = (wanted[:, i] - reached + (1 << shift >> 1)) >> shift
        reached = reached + (steps[:, i] << shift)
    return steps, reached
