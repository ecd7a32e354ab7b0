import pytest

from tunekit.console import duration
from tunekit.live.progress import progress
from tunekit.runs.batch import waiting_for
from tunekit_core.records.holder import Holder


def test_without_a_terminal_a_long_sweep_takes_ten_lines(capfd):
    with progress(1000, lambda: "about 0:09 left") as shown:
        for i in range(1000):
            shown.advance(has_failed=i == 500)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("100 of 1000 runs, about 0:09 left")
    assert lines[-1].startswith("1000 of 1000 runs, 1 failed, about 0:09 left")


def test_a_sweep_is_not_silent_for_minutes(capfd, monkeypatch):
    clock = iter([0.0, 59.0, 60.0, 61.0, 121.0, 121.5])
    monkeypatch.setattr("tunekit.live.progress.time.monotonic", lambda: next(clock))
    with progress(1000, str) as shown:
        for _ in range(5):
            shown.advance(has_failed=False)
    lines = capfd.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["2", "4"]


def test_a_short_sweep_takes_a_line_a_run(capfd):
    with progress(3, str) as shown:
        for _ in range(3):
            shown.advance(has_failed=False)
    assert len(capfd.readouterr().err.splitlines()) == 3


def test_what_is_waited_for_is_told(capfd):
    with progress(3, str) as shown:
        shown.wait("Waiting for 1 run that node7 runs.")
    with progress(3, str, is_quiet=True) as shown:
        shown.wait("Waiting for 2 runs that node7 runs.")
    assert capfd.readouterr().err == "Waiting for 1 run that node7 runs.\n"


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        (["node7"], "Waiting for 1 run that node7 runs."),
        (["node7"] * 3, "Waiting for 3 runs that node7 runs."),
        (["node8", "node7", "node8"], "Waiting for 3 runs that node7, node8 run."),
        ([""], "Waiting for 1 run that another process runs."),
    ],
)
def test_it_is_how_many_runs_of_which_machines(hosts, text):
    assert waiting_for([Holder("5e", "", host, 1, "", 9, 0, 0) for host in hosts]) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3725, "1:02:05")])
def test_durations_are_for_people(seconds, text):
    assert duration(seconds) == text
