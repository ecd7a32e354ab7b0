"""Counter-based random streams: who draws, and when, changes nobody else's numbers.

Every number has an address (seed, family, stream name, trial, position), and Philox (Salmon et al., "Parallel random
numbers: as easy as 1, 2, 3", SC 2011) computes the number at an address directly. So many trials can be drawn
at once or one at a time, in any order, by any number of processes, with the same bits.

A family is what a component's streams belong to, by default its name: components of two families get different numbers
from streams of one name. Only the random configurations that all methods share belong to no family.

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

from tunekit_core.errors import ConfigurationError, PluginError

N_SEEDS = 2**32
WORDS_PER_COUNTER = 4
SHARED = "configurations"
"""The stream of the random configurations that all methods share, and what the names of others of theirs begin with."""


def _check_seed(_: object, __: object, seed: int) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < N_SEEDS:
        raise ConfigurationError(
            f"seed={seed!r} must be a whole number from 0 to {N_SEEDS - 1}.", option="seed", value=seed
        )


def _check_family(_: object, __: object, family: str) -> None:
    # So that a family and a name can never be joined to what another family and name are joined to, or none.
    if not isinstance(family, str) or "/" in family or family == SHARED:
        raise PluginError(
            f"stream_family={family!r} cannot be a family of random streams: take a name without '/' other than "
            f"'{SHARED}', such as the name of the component."
        )


@attrs.frozen
class Streams:
    """The random numbers of one experiment.

    A component draws from its own, ``self.streams``.

    Attributes:
        seed: Effective seed of the experiment, from 0 to 2**32 - 1, see :func:`effective_seed`.
        family: What the streams belong to; empty for those of the experiment, before a component gets them.

    Raises:
        ConfigurationError: If the seed is out of range.
    """

    seed: int = attrs.field(validator=_check_seed)
    family: str = attrs.field(default="", validator=_check_family, kw_only=True)

    def within(self, family: str) -> Streams:
        """The streams of a family. Streams that have a family keep it: a component's are those of its parts.

        Raises:
            PluginError: If it cannot be a family.
        """
        return self if self.family else attrs.evolve(self, family=family)

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
        philox = _philox(self.seed, self._full(name), first_trial * counters, 0)
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
        return Generator(_philox(self.seed, self._full(name), 0, trial_id + 1))

    def _full(self, name: str) -> str:
        return f"{self.family}/{name}" if self.family else name


def effective_seed(master: int, seed: int) -> int:
    """The seed of one experiment from the master seed of all and its own, modulo 2**32.

    It does not depend on the method, so methods that are run with equal seeds are paired.
    """
    return (master + seed) % N_SEEDS


def trial_seed(seed: int, trial_id: int) -> int:
    """The seed of the program of a trial, from 0 to 2**31 - 1: the same whenever the trial goes on.

    Distinct for all trials of all experiments of a sweep, up to 65,536 trials and 32,768 seeds that follow each other.

    Args:
        seed: Effective seed of the experiment.
        trial_id: Which trial, from 0.
    """
    bits = (seed * 2**16 + trial_id) % 2**31
    for factor in (0x7FEB352D, 0x46CA68B):  # odd: each step can be undone, so that distinct numbers stay distinct
        bits = (bits ^ bits >> 16) * factor % 2**31
    return bits ^ bits >> 16


@lru_cache(maxsize=4096)
def _key(seed: int, name: str) -> NDArray[np.uint64]:
    digest = hashlib.blake2b(seed.to_bytes(4, "little") + name.encode(), digest_size=16).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def _philox(seed: int, name: str, low: int, high: int) -> Philox:
    """Philox of a stream at counter low + high * 2**64."""
    # An array of words: NumPy takes longer to split an integer than to build the whole bit generator.
    return Philox(key=_key(seed, name), counter=np.array([low, high, 0, 0], dtype=np.uint64))
