"""What a run in real time shows of itself while it runs."""

import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from types import SimpleNamespace

import attrs
import pytest
from rich.console import Console

from tunekit.console import first_and_last_line
from tunekit.live import displays, terminal_view
from tunekit.live.displays import PlainDisplay, TerminalDisplay
from tunekit.live.layout import layout_lines
from tunekit.live.snapshot import Counts, RunInfo, RunningTrial, Snapshot
from tunekit.live.watching import Watcher
from tunekit_core import Streams
from tunekit_core.contracts.backends import ShowsDevices
from tunekit_core.contracts.trials import Decision, Report, Status, Trial
from tunekit_core.contracts.view import Failure, Incumbent
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

RUN_INFO = RunInfo(
    title="ASHA on digits, seed 3",
    metric="loss",
    resource="epoch",
    max_resource=27,
    searched=("lr", "act"),
)
ENDS = {"max_wallclock_time": {"seconds": 600.0}, "max_num_trials_finished": {"count": 9}}
PRESENT = SimpleNamespace(is_held=False, spec=SimpleNamespace(built_in_criteria=ENDS))
BEST = Incumbent(Report(7, 0, 27, {"loss": 0.25}, (0.25,), 50.0), {"lr": 0.01, "act": "relu", "epochs": 27})
SNAPSHOT = Snapshot(
    now=62.0,
    counts=Counts(13, 2, 6, 3, 1, 1, 1234),
    running=(RunningTrial(4, 9, 60.0, 3, 0.5, "pausing", "GPU 0"), RunningTrial(12, None, 2.0, devices="GPU 1")),
    columns=(("num_at_level1", 12), ("num_at_level3", 5), ("other", 7)),
    incumbent=BEST,
    newest_failure=Failure(
        5, "it ended with exit status 1. The end of stderr.log:\nTraceback:\n\x1b[31mValueError\x1b[0m: no\n"
    ),
    ends=ENDS,
)
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def shown(snapshot, width=100, height=30):
    return [line.plain for line in layout_lines(RUN_INFO, snapshot, width, height)]


def test_the_view_shows_what_runs_what_is_best_what_failed_and_what_is_left():
    assert shown(SNAPSHOT) == [
        "ASHA on digits, seed 3  1:02, 8:58 left, 4 trials left to finish",
        "13 trials (2 running, 6 paused, 3 completed, 1 stopped, 1 failed), 1,234 reports",
        "trials at rungs  1: 12   3: 5",
        "trial  epoch      loss           devices  quiet for",
        "    4    3/9  0.500000  pausing    GPU 0       0:02",
        "   12   0/27                       GPU 1       1:00",
        "best loss 0.25 at epoch 27 of trial 7, 0:12 ago",
        "  lr=0.01  act=relu",
        "trial 5 has failed: it ended with exit status 1. The end of stderr.log:",
        "  ValueError: no",
    ]


def test_before_anything_has_happened_there_is_little_to_see():
    assert shown(Snapshot(0.0, Counts(), ends=ENDS)) == [
        "ASHA on digits, seed 3  0:00, 10:00 left, 9 trials left to finish",
        "0 trials, 0 reports",
    ]


def test_when_it_ends_the_view_says_why_and_what_it_waits_for():
    waits = "It ends: 600 s are over. Waiting for what still runs to end."
    assert shown(attrs.evolve(SNAPSHOT, reason="600 s are over"))[-1] == waits
    assert shown(attrs.evolve(SNAPSHOT, running=(), reason="600 s are over"))[-1] == "It ends: 600 s are over."


def test_a_narrow_window_has_fewer_columns_and_folds_what_it_can():
    assert shown(SNAPSHOT, width=40)[:8] == [
        "ASHA on digits, seed 3",
        "1:02, 8:58 left, 4 trials left to finish",
        "13 trials (2 running, 6 paused, 3",
        "completed, 1 stopped, 1 failed), 1,234",
        "reports",
        "trials at rungs  1: 12   3: 5",
        "trial  epoch      loss           devices",
        "    4    3/9  0.500000  pausing    GPU 0",
    ]


@pytest.mark.parametrize("height", range(4, 14))
def test_in_a_low_window_trials_that_do_not_fit_are_counted(height):
    running = tuple(RunningTrial(i, 9, 0.0) for i in range(300))
    many = attrs.evolve(SNAPSHOT, newest_failure=None, columns=(), running=running)
    lines = shown(many, height=height)
    n_shown = sum(line.endswith("1:02") for line in lines[2:])
    assert f"and {300 - n_shown} more running" in lines
    assert len(lines) <= max(height, 5)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (10, 2), (500, 200)])
def test_any_window_will_do(size):
    assert shown(SNAPSHOT, *size)


def test_nothing_that_is_shown_steers_the_terminal():
    nasty = attrs.evolve(SNAPSHOT, newest_failure=Failure(5, "\x1b]0;title\x07 and \x1b[2J"), reason="\r\x9b1A")
    assert all(line.isprintable() for line in shown(nasty))


@pytest.mark.parametrize(("reason", "expected"), [("", []), ("a", ["a"]), ("a\nb\n\nc\n\n", ["a", "c"])])
def test_of_a_reason_the_first_and_the_last_line_are_shown(reason, expected):
    assert first_and_last_line(reason) == expected


class Terminal(io.StringIO):
    """Like a terminal of so many characters a line."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    for variable in ("NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE", "COLUMNS", "LINES"):
        monkeypatch.delenv(variable, raising=False)
    return Console(file=Terminal(), force_terminal=True, width=100, height=30, _environ={"TERM": "xterm"})


def test_the_terminal_is_drawn_again_only_if_something_changed_and_left_clean(terminal):
    file = terminal.file
    with TerminalDisplay(terminal, RUN_INFO) as display:
        display.show([], SNAPSHOT)
        length = len(file.getvalue())
        display.show([], SNAPSHOT)
        assert len(file.getvalue()) == length
        display.show([], attrs.evolve(SNAPSHOT, now=63.0))
        assert len(file.getvalue()) > length
        assert SHOW not in file.getvalue()
    assert file.getvalue().count(HIDE) == file.getvalue().count(SHOW) == 1
    kept = "1 of 13 trials failed, the last of them trial 5: it ended with exit status 1. The end of stderr.log: …"
    assert file.getvalue().endswith(f"{kept} ValueError: no\n")


def test_lines_come_out_above_the_view(terminal):
    with TerminalDisplay(terminal, RUN_INFO) as display:
        display.show(["first"], SNAPSHOT)
        display.show(["second", "third"], SNAPSHOT)
        written = terminal.file.getvalue()
    assert written.index("first") < written.index("ASHA") < written.index("second") < written.index("third")
    assert written.index("third") < written.rindex("ASHA")


def test_in_a_window_that_became_narrower_what_was_wrapped_is_erased_too(terminal):
    with TerminalDisplay(terminal, RUN_INFO) as display:
        display.show([], SNAPSHOT)
        length = len(terminal.file.getvalue())
        terminal.width = 50
        display.show([], SNAPSHOT)
        redrawn = terminal.file.getvalue()[length:]
    # The picture had ten lines, six of them of more than 50 characters; rich goes up from the last of ten once more.
    assert redrawn.count("\x1b[1A") == 15 + 9
    assert "\x1b[9B" in redrawn


def test_where_a_shell_has_put_us_into_the_background_nothing_but_lines_is_written(terminal, monkeypatch):
    foreground = [True]
    monkeypatch.setattr(terminal_view, "_is_in_foreground", lambda file: foreground[0])
    with TerminalDisplay(terminal, RUN_INFO) as display:
        display.show([], SNAPSHOT)
        foreground[0] = False
        display.show(["one"], SNAPSHOT)
        length = len(terminal.file.getvalue())
        display.show(["two"], attrs.evolve(SNAPSHOT, now=70.0))
        assert terminal.file.getvalue()[length:] == "two\n"
        assert terminal.file.getvalue().endswith(f"{SHOW}one\ntwo\n")
        foreground[0] = True
        display.show([], attrs.evolve(SNAPSHOT, now=80.0))
        assert "\x1b[1A" not in terminal.file.getvalue()[length:]


def test_plain_lines_show_progress_at_most_every_half_minute(monkeypatch):
    file = io.StringIO()
    clock = iter([0.0, 29.0, 31.0, 31.0, 60.0])
    monkeypatch.setattr(displays.time, "monotonic", lambda: next(clock))
    display = PlainDisplay(file, RUN_INFO)
    display.show(["one"], SNAPSHOT)
    display.show([], SNAPSHOT)
    display.show(["two"], SNAPSHOT)
    progress = "13 trials (2 running, 6 paused, 3 completed, 1 stopped, 1 failed), 1,234 reports, best loss 0.25"
    assert file.getvalue().splitlines() == ["one", f"{progress}, 8:58 left, 4 trials left to finish", "two"]


@attrs.define
class View:
    """What a watcher is told."""

    now: float = 0.0
    n_started: int = 0
    n_running: int = 0
    n_waiting: int = 0
    n_paused: int = 0
    n_completed: int = 0
    n_stopped: int = 0
    n_failed: int = 0
    n_reports: int = 0
    n_dropped: int = 0
    incumbent: object = None
    newest_failure: object = None
    running: tuple = ()

    def columns(self):
        return {"num_at_level1": self.n_reports}


class RecordingDisplay:
    """Keeps what it is to show."""

    def __init__(self, show=lambda: None):
        self.do = show
        self.lines = []
        self.snapshots = []
        self.was_left = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.was_left = True

    def show(self, lines, snapshot):
        self.do()
        self.lines += lines
        self.snapshots.append(snapshot)


@pytest.fixture
def watch():
    """Makes watchers, and closes them."""
    watchers = []

    def make(display, **options):
        watchers.append(Watcher(toy_problem(ToyBenchmark()), RUN_INFO, display, PRESENT, **options))
        return watchers[-1]

    yield make
    for watcher in watchers:
        watcher.close()


def reported(trial, epoch, loss, time):
    """The trial after a report."""
    report = Report(trial.id, 0, epoch, {"loss": loss, "epoch": epoch}, (loss,), time)
    return attrs.evolve(trial, last_report=report)


def test_a_watcher_notes_what_happens(watch):
    display, trial = RecordingDisplay(), Trial(0, {"lr": 0.1, "act": "relu"}, until=3)
    watcher = watch(display, shows_reports=True, devices_of=lambda trial_id: f"GPU {trial_id}")
    watcher.on_experiment_start(View(), {})
    watcher.on_trial_start(View(now=1.0, n_started=1, n_running=1), trial)
    assert watcher.snapshot().running[0] == RunningTrial(0, 3, watcher.snapshot().running[0].heard, devices="GPU 0")
    trial = reported(trial, 3, 0.5, 2.0)
    report = trial.last_report
    best = View(now=2.0, n_started=1, n_running=1, n_reports=1, incumbent=Incumbent(report, trial.configuration))
    watcher.on_report(best, trial, report, Decision.PAUSE)
    assert watcher.snapshot().running == (RunningTrial(0, 3, 2.0, 3, 0.5, "pausing", "GPU 0"),)
    assert watcher.snapshot().columns == (("num_at_level1", 1),)
    watcher.on_trial_end(best, trial, Status.PAUSED)
    assert watcher.snapshot().running == ()
    trial = attrs.evolve(trial, until=9)
    watcher.on_trial_resume(best, trial)
    watcher.on_trial_resume(best, attrs.evolve(trial, has_checkpoint=True))
    failed = attrs.evolve(best, newest_failure=Failure(0, "exit status 1\nOops"))
    watcher.on_trial_end(failed, trial, Status.FAILED)
    watcher.on_experiment_end(failed, "nothing is left to suggest")
    watcher.close()
    assert [line.partition(" ")[2] for line in display.lines] == [
        "trial 0 starts: lr=0.1 act=relu",
        "trial 0 at epoch 3: loss 0.5",
        "trial 0 is the best so far at epoch 3: loss 0.5",
        "trial 0 pauses at epoch 3: loss 0.5",
        "trial 0 begins again: it kept no checkpoint when it paused",
        "trial 0 goes on from epoch 3: loss 0.5",
        "trial 0 has failed: exit status 1 … Oops",
        "it ends: nothing is left to suggest",
    ]
    assert display.snapshots[-1].reason == "nothing is left to suggest"
    assert display.was_left


def test_an_incumbent_that_improves_is_no_new_one(watch):
    display, trial = RecordingDisplay(), Trial(0, {"lr": 0.1, "act": "relu"})
    watcher = watch(display)
    watcher.on_experiment_start(View(), {})
    for epoch in range(1, 9):
        trial = reported(trial, epoch, 1 / epoch, epoch)
        report = trial.last_report
        watcher.on_report(View(incumbent=Incumbent(report, trial.configuration)), trial, report, Decision.CONTINUE)
    watcher.close()
    assert len(display.lines) == 1


def test_an_experiment_that_goes_on_says_so_and_shows_what_runs(watch):
    display, trial = RecordingDisplay(), Trial(4, {"lr": 0.1, "act": "relu"}, until=9)
    trial = reported(trial, 5, 0.5, 90.0)
    watcher = watch(display, shows_events=False)
    watcher.on_experiment_start(
        View(now=100.0, n_started=13, n_running=1, n_paused=12, n_reports=57, running=(trial,)), {}
    )
    assert watcher.snapshot().running == (RunningTrial(4, 9, 90.0, 5, 0.5),)
    assert 100.0 <= watcher.snapshot().now < 110.0
    watcher.close()
    assert display.lines == ["It goes on: 13 trials (1 running, 12 paused), 57 reports so far."]


def test_the_clock_moves_while_nothing_happens(watch):
    display = RecordingDisplay()
    watch(display).on_experiment_start(View(now=5.0), {})
    limit = time.monotonic() + 20
    while len(display.snapshots) < 3 and time.monotonic() < limit:
        time.sleep(0.05)
    times = [snapshot.now for snapshot in display.snapshots]
    assert times == sorted(set(times))
    assert times[2] - times[0] >= 0.4  # drawn at most four times a second


def test_a_display_that_takes_nothing_does_not_hold_up_the_tuner(watch):
    blocked = threading.Event()
    display, trial = RecordingDisplay(blocked.wait), Trial(0, {"lr": 0.1, "act": "relu"})
    watcher = watch(display)
    watcher.on_experiment_start(View(), {})
    for _ in range(20_000):
        watcher.on_trial_start(View(), trial)
    blocked.set()
    watcher.close()
    assert 10_000 <= len(display.lines) <= 20_000


def test_a_terminal_that_is_gone_does_not_end_the_experiment(watch):
    def gone():
        raise OSError("Input/output error")

    display = RecordingDisplay(gone)
    watcher = watch(display)
    watcher.on_experiment_start(View(), {})
    watcher.close()
    watcher.on_experiment_end(View(), "over")
    assert display.was_left


def test_a_watcher_whose_experiment_never_began_can_be_closed(watch):
    watch(RecordingDisplay()).close()


def test_a_backend_may_show_devices():
    class Shows(ToyBackend):
        def devices_of(self, trial_id):
            return ""

    benchmark = ToyBenchmark()
    assert not isinstance(ToyBackend(toy_problem(benchmark), benchmark, None, Streams(0)), ShowsDevices)
    assert isinstance(Shows(toy_problem(benchmark), benchmark, None, Streams(0)), ShowsDevices)


TRAIN = """
import argparse
from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_known_args()[0].lr
report = Reporter()
for epoch in range(1, 4):
    if lr > 0.5 and epoch == 2:
        raise ValueError("the loss exploded")
    report(epoch=epoch, loss=lr + 1 / epoch)
"""
LOCAL = ["backend=local", "method=ASHA", "benchmark=checkpoint_example", "benchmark.sleep_time=0.05", "n_workers=2"]


def test_without_a_terminal_there_is_a_line_for_each_start_end_and_failure(shell, results, tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    finished = shell(
        *["backend=local", "benchmark=script", f"benchmark.command={sys.executable} train.py", "benchmark.metric=loss"],
        *["benchmark.space.lr=uniform(0,1)", "benchmark.resource=epoch", "benchmark.max_resource=3", "n_workers=1"],
        *["points_to_evaluate=[{lr: 0.25}, {lr: 0.75}, {lr: 0.125}]", "stopping.max_num_trials_finished=3"],
    )
    assert finished.status == 0, finished.err
    first, sources, *lines = finished.err.splitlines()
    assert first.startswith("Running in ")
    assert sources == "Sources: train.py."
    texts = [line.partition(" ")[2] for line in lines]
    why = "it ended with exit status 1. The end of "
    assert [line.partition(why)[0] for line in texts] == [
        "trial 0 starts: lr=0.25",
        "trial 0 is the best so far at epoch 1: loss 1.25",
        "trial 0 is complete at epoch 3: loss 0.583333",
        "trial 1 starts: lr=0.75",
        "trial 1 has failed: ",
        "trial 2 starts: lr=0.125",
        "trial 2 is the best so far at epoch 3: loss 0.458333",
        "trial 2 is complete at epoch 3: loss 0.458333",
        "it ends: 3 trials were finished",
    ]
    assert texts[4].endswith("stderr.log: … ValueError: the loss exploded")
    assert "\x1b" not in finished.out + finished.err


def test_a_quiet_run_prints_the_summary_alone_and_is_the_same_run(tunekit, results):
    limit = "stopping.max_num_trials_started=2"
    finished = tunekit(*LOCAL, limit, "verbosity=0")
    assert finished.err == ""
    assert "Best loss" in finished.out
    assert "found complete" in tunekit(*LOCAL, limit, "verbosity=2").out
    assert len(results.folders()) == 1


def test_a_simulation_is_not_watched(tunekit):
    finished = tunekit("method=RS", "stopping.max_num_trials_started=2", "verbosity=2")
    assert len(finished.err.splitlines()) == 1


class Pseudoterminal:
    """The command in a terminal of its own, whose keyboard and window we are."""

    def __init__(self, *arguments):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color"}

        def take_over():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "tunekit", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=take_over,
        )
        os.close(theirs)
        self.written = b""

    def read_until(self, text):
        while text.encode() not in self.written:
            self.written += os.read(self.ours, 65536)

    def read_to_the_end(self):
        try:
            while data := os.read(self.ours, 65536):
                self.written += data
        except OSError:  # how Linux says that nobody has the other side open
            pass
        return self.process.wait(timeout=60)

    def hang_up(self):
        """Close the window."""
        os.close(self.ours)
        self.ours = None

    def close(self):
        self.process.kill()
        self.process.wait()
        if self.ours is not None:
            os.close(self.ours)


@pytest.fixture
def in_terminal(results, monkeypatch):
    for variable in ("NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(variable, raising=False)
    opened = []

    def run(*arguments):
        opened.append(Pseudoterminal(*arguments))
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.close()


def test_a_terminal_shows_the_view_and_is_clean_when_the_run_has_ended(in_terminal):
    terminal = in_terminal(*LOCAL, "stopping.max_wallclock_time=3")
    assert terminal.read_to_the_end() == 0
    written = terminal.written.decode()
    assert "trials at rungs" in written
    assert written.count(HIDE) == written.count(SHOW) == 1
    summary = written.partition(SHOW)[2]
    assert "Best loss" in summary
    assert "running" not in summary


def test_a_terminal_that_is_closed_ends_the_command_as_an_interruption_does(in_terminal, results):
    terminal = in_terminal(*LOCAL, "stopping.max_wallclock_time=60")
    terminal.read_until("best loss")
    terminal.hang_up()
    assert terminal.process.wait(timeout=30) == 129
    (metadata,) = results.metadata()
    assert (metadata["status"], metadata["reason"]) == ("interrupted", "interrupted by SIGHUP")
    assert (results.folders()[0] / "results.csv.zip").exists()


def test_a_terminal_is_clean_after_an_interruption(in_terminal):
    terminal = in_terminal(*LOCAL, "stopping.max_wallclock_time=60")
    terminal.read_until("best loss")
    os.write(terminal.ours, b"\x03")
    assert terminal.read_to_the_end() == 130
    written = terminal.written.decode()
    assert written.count(HIDE) == written.count(SHOW) == 1
    assert "Interrupted. To go on, type: " in written.partition(SHOW)[2]
