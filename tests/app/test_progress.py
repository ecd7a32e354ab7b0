import pytest

from tunekit.console import duration
from tunekit.live.progress import progress


def test_without_a_terminal_a_long_sweep_takes_ten_lines(capfd):
    with progress(1000) as shown:
        for i in range(1000):
            shown.advance(has_failed=i == 500)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("100 of 1000 runs, ")
    assert lines[-1].startswith("1000 of 1000 runs, 1 failed, 0:00 left")


def test_a_short_sweep_takes_a_line_a_run(capfd):
    with progress(3) as shown:
        for _ in range(3):
            shown.advance(has_failed=False)
    assert len(capfd.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3725, "1:02:05")])
def test_durations_are_for_people(seconds, text):
    assert duration(seconds) == text
