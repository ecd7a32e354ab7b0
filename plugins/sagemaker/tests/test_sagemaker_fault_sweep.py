"""Six seeds that are none of the hundred of ``fault_sweep.py``, which is run by itself: two of each scheduler."""

import pytest

from .fault_sweep import impatient, sweep

__all__ = ["impatient"]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_fails_for_now_all_trials_come_to_their_end(tmp_path, emulator, impatient, seed):
    sweep(emulator, tmp_path, seed)
