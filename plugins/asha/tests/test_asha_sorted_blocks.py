from hypothesis import given, settings, strategies as st

from tunekit_asha.sorted_blocks import SortedBlocks

THINGS = st.tuples(st.integers(0, 30), st.integers(0, 3))


@settings(deadline=None)
@given(at_first=st.sets(THINGS), changes=st.lists(THINGS, max_size=60), block_size=st.integers(1, 4))
def test_it_counts_as_a_slow_version_whatever_comes_and_goes(at_first, changes, block_size):
    blocks, slow = SortedBlocks(at_first, block_size), set(at_first)
    for thing in changes:
        if thing in slow:
            blocks.remove(thing)
            slow.remove(thing)
        else:
            blocks.add(thing)
            slow.add(thing)
        assert len(blocks) == len(slow)
        for asked in [(-1, 0), thing, (15, 1), (31, 0)]:
            assert blocks.n_below(asked) == sum(other < asked for other in slow)
