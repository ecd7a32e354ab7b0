import hashlib

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams, effective_seed


def obvious_generator(seed: int, name: str, counter: int) -> np.random.Generator:
    """A fresh Philox, advanced counter by counter as its documentation says."""
    digest = hashlib.blake2b(seed.to_bytes(4, "little") + name.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")).advance(counter))


def test_the_numbers_of_a_stream_never_change():
    assert Streams(42).uniforms("configurations", 0, 2, 3).tolist() == [
        [0.5347160313929696, 0.6759555838611405, 0.029553013508433867],
        [0.45152216659929467, 0.9667306179835992, 0.6868189521247107],
    ]


def test_the_words_of_a_generator_never_change():
    words = Streams(42).generator("brackets", 7).bit_generator.random_raw(2)
    assert words.tolist() == [965248514938601673, 7904079814562284494]


@given(
    seed=st.integers(0, 2**32 - 1),
    name=st.text(max_size=20),
    first=st.integers(0, 10**9),
    n=st.integers(0, 20),
    width=st.integers(1, 13),
)
def test_uniforms_equal_those_of_a_fresh_generator_for_each_trial(seed, name, first, n, width):
    counters = (width + 3) // 4
    expected = [obvious_generator(seed, name, (first + t) * counters).random(width) for t in range(n)]
    assert np.array_equal(Streams(seed).uniforms(name, first, n, width), np.reshape(expected, (n, width)))


@given(trial=st.integers(0, 10**9))
def test_the_generator_of_a_trial_begins_at_its_own_block_of_counters(trial):
    expected = obvious_generator(3, "noise", (trial + 1) * 2**64)
    assert np.array_equal(Streams(3).generator("noise", trial).random(5), expected.random(5))


@pytest.mark.parametrize("width", [1, 4, 5, 9])
def test_trials_drawn_one_at_a_time_are_those_drawn_at_once(width):
    streams = Streams(7)
    single = np.concatenate([streams.uniforms("configurations", t, 1, width) for t in range(10)])
    assert np.array_equal(single, streams.uniforms("configurations", 0, 10, width))


def test_no_trial_shares_numbers_with_another():
    assert len(np.unique(Streams(0).uniforms("configurations", 0, 500, 6))) == 3000


def test_streams_generators_and_uniforms_of_one_name_differ():
    streams = Streams(0)
    drawn = [
        streams.uniforms("a", 0, 1, 1)[0, 0],
        streams.uniforms("b", 0, 1, 1)[0, 0],
        Streams(1).uniforms("a", 0, 1, 1)[0, 0],
        streams.generator("a").random(),
        streams.generator("a", 1).random(),
    ]
    assert len(set(drawn)) == 5


def test_uniforms_lie_in_the_unit_interval_and_fill_it():
    u = Streams(5).uniforms("configurations", 0, 10_000, 1)
    assert 0 <= u.min() < 0.001
    assert 0.999 < u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01


def test_a_space_without_hyperparameters_draws_nothing():
    assert Streams(0).uniforms("configurations", 0, 3, 0).shape == (3, 0)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", True, None])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ConfigurationError, match="must be a whole number from 0 to 4294967295"):
        Streams(seed)


def test_trials_before_the_first_are_refused():
    with pytest.raises(ValueError, match="first_trial=-1"):
        Streams(0).uniforms("configurations", -1, 2, 3)
    with pytest.raises(ValueError, match="trial_id=-1"):
        Streams(0).generator("configurations", -1)


def test_the_effective_seed_wraps_around():
    assert effective_seed(2**32 - 1, 3) == 2
    assert effective_seed(0, 19) == 19
