import hashlib

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_core.errors import ConfigurationError, PluginError
from tunekit_core.randomness import Streams, effective_seed, trial_seed


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


class TestFamilies:
    def test_the_numbers_of_a_family_never_change(self):
        assert Streams(42).within("asha").uniforms("brackets", 0, 1, 2).tolist() == [
            [0.047705356008743593, 0.9559293616447216]
        ]
        words = Streams(42).within("bo").generator("candidates", 7).bit_generator.random_raw(2)
        assert words.tolist() == [3408568568490973302, 6809127391921897993]

    def test_streams_of_one_name_differ_between_families(self):
        families = [Streams(0), Streams(0).within("asha"), Streams(0).within("bo")]
        assert len({streams.uniforms("noise", 3, 1, 1)[0, 0] for streams in families}) == 3
        assert len({streams.generator("noise", 3).random() for streams in families}) == 3

    def test_streams_that_have_a_family_keep_it(self):
        own = Streams(5).within("asha")
        assert own.within("bo") is own
        assert (own.seed, own.family) == (5, "asha")

    @given(st.lists(st.tuples(st.text(max_size=5).filter(lambda t: "/" not in t), st.text(max_size=5)), max_size=9))
    def test_no_other_family_and_name_give_the_same_numbers(self, addresses):
        addresses = {(family, name) for family, name in addresses if family}
        drawn = {Streams(0).within(family).uniforms(name, 0, 1, 1)[0, 0] for family, name in addresses}
        assert len(drawn) == len(addresses)

    @pytest.mark.parametrize("family", ["configurations", "tunekit-asha/asha", "/"])
    def test_what_could_be_taken_for_other_streams_is_no_family(self, family):
        with pytest.raises(PluginError, match=f"stream_family='{family}' cannot be a family of random streams: take"):
            Streams(0).within(family)
        with pytest.raises(PluginError, match="stream_family"):
            Streams(0, family=family)


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


def test_trials_have_seeds_of_their_own_which_never_change():
    assert [trial_seed(0, trial_id) for trial_id in range(3)] == [0, 717608775, 38172994]
    assert trial_seed(2**32 - 1, 10**6) == trial_seed(2**32 - 1, 10**6)
    seeds = {trial_seed(seed, trial_id) for seed in range(100) for trial_id in range(1000)}
    assert len(seeds) == 100_000
    assert min(seeds) >= 0
    assert max(seeds) < 2**31
