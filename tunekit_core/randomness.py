"""Counter-based random streams: who draws, and when, changes nobody else's numbers.

Every number has an address (seed, stream name, trial, position), and Philox (Salmon et al., "Parallel random
numbers: as easy as 1, 2, 3", SC 2011) computes the number at an address directly. So many trials can be drawn
at once or one at a time, in any order, by any number of processes, with the same bits.

A stream is a Philox key; a key has 2**256 counters of four 64-bit words each, of which

* counters 0 to 2**64 - 1 hold the uniform numbers of :meth:`Streams.uniforms`,
* counters (t + 1) * 2**64 to (t + 2) * 2**64 - 1 belong to :meth:`Streams.generator` of trial t.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import attrs
import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from tunekit_core.errors import ConfigurationError

N_SEEDS = 2**32
WORDS_PER_COUNTER = 4


def _check_seed(_: object, __: object, seed: int) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < N_SEEDS:
        raise ConfigurationError(
            f"seed={seed!r} must be a whole number from 0 to {N_SEEDS - 1}.", option="seed", value=seed
        )


@attrs.frozen
class Streams:
    """The random numbers of one experiment.

    Attributes:
        seed: Effective seed of the experiment, from 0 to 2**32 - 1, see :func:`effective_seed`.

    Raises:
        ConfigurationError: If the seed is out of range.
    """

    seed: int = attrs.field(validator=_check_seed)

    def uniforms(self, name: str, first_trial: int, n_trials: int, width: int) -> NDArray[np.float64]:
        """Uniform numbers of consecutive trials.

        Trial t owns ``ceil(width / 4) * 4`` words, from t times that on, so a row does not depend on which other
        rows are drawn with it.

        Args:
            name: Name of the stream, such as ``"configurations"``.
            first_trial: Trial of the first row, from 0.
            n_trials: Number of rows.
            width: Numbers per trial. One stream is used with one width, or its trials would overlap.

        Returns:
            An n_trials x width array of numbers in [0, 1).
        """
        if first_trial < 0:
            raise ValueError(f"first_trial={first_trial} must be at least 0.")
        counters = -(-width // WORDS_PER_COUNTER)
        philox = _philox(self.seed, name, first_trial * counters, 0)
        words = philox.random_raw(n_trials * counters * WORDS_PER_COUNTER)
        # The 53 leading bits, as in Generator.random, whose bits NumPy reserves the right to change.
        numbers = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return numbers.reshape(n_trials, counters * WORDS_PER_COUNTER)[:, :width]

    def generator(self, name: str, trial_id: int = 0) -> Generator:
        """A generator that no other trial or stream shares numbers with.

        Args:
            name: Name of the stream, such as ``"brackets"``.
            trial_id: The trial that draws, from 0. Equal arguments give generators of equal numbers.
        """
        if trial_id < 0:
            raise ValueError(f"trial_id={trial_id} must be at least 0.")
        return Generator(_philox(self.seed, name, 0, trial_id + 1))


def effective_seed(master: int, seed: int) -> int:
    """The seed of one experiment from the master seed of all and its own, modulo 2**32.

    It does not depend on the method, so methods that are run with equal seeds are paired.
    """
    return (master + seed) % N_SEEDS


@lru_cache(maxsize=4096)
def _key(seed: int, name: str) -> NDArray[np.uint64]:
    digest = hashlib.blake2b(seed.to_bytes(4, "little") + name.encode(), digest_size=16).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def _philox(seed: int, name: str, low: int, high: int) -> Philox:
    """Philox of a stream at counter low + high * 2**64."""
    # An array of words: NumPy takes longer to split an integer than to build the whole bit generator.
    return Philox(key=_key(seed, name), counter=np.array([low, high, 0, 0], dtype=np.uint64))
