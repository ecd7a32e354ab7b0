"""How many experiments go on at the same time."""

import pytest

from tunekit_core import parallel_runs


@pytest.mark.parametrize(("said", "n"), [(None, 1), ("", 1), ("30", 30), ("0", 1), ("-2", 1), ("many", 1)])
def test_how_many_there_are_is_said_by_who_starts_them(said, n, monkeypatch):
    if said is None:
        monkeypatch.delenv("TUNEKIT_PARALLEL_RUNS", raising=False)
    else:
        monkeypatch.setenv("TUNEKIT_PARALLEL_RUNS", said)
    assert parallel_runs() == n
