"""Says at the end of the whole suite how long it took, and warns where that is more than it should be."""

from __future__ import annotations

import compileall
import os
import signal
import time
from pathlib import Path

import pytest

BAR = 8 * 60  # seconds, on two cores that do nothing else; .ci/run has a bar of its own
BEGAN = pytest.StashKey[float]()
PACKAGES = ("tunekit", "tunekit_core", "plugins", "benchmarks/tunekit_benchmarks")


def pytest_sessionstart(session: pytest.Session) -> None:
    """The clock starts; GPUs are hidden; commands of tests hear SIGHUP, though under nohup the tests ignore it."""
    session.config.stash[BEGAN] = time.monotonic()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # one GPU would make trials wait for each other that run together elsewhere
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # commands would inherit that, and of a handler know nothing
        signal.signal(signal.SIGHUP, lambda number, frame: None)
    if session.config.getoption("numprocesses", 0):  # not in these processes, but before there are any
        compile_packages(session.config.rootpath)


def compile_packages(root: Path) -> None:
    """Under PYTHONDONTWRITEBYTECODE every command that a test starts would compile them again, in a quarter second."""
    for package in PACKAGES:
        compileall.compile_dir(root / package, quiet=1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three processes for two cores: a third of the time they wait for trials, jobs and signals."""
    return max(2, 3 * (os.cpu_count() or 1) // 2)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    """One line below the table of the slowest tests. Nothing fails by it: the machine may have been busy."""
    chosen = config.option.keyword or config.option.markexpr
    if config.args_source is not config.ArgsSource.TESTPATHS or chosen:
        return  # these are not all tests
    if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return
    took, used = time.monotonic() - config.stash[BEGAN], sum(os.times()[:4])
    is_slow = took > BAR
    terminalreporter.write_line(
        f"{'SLOWER THAN IT SHOULD BE: the' if is_slow else 'The'} whole suite took {in_minutes(took)}, "
        f"and {in_minutes(used)} of processor time; it may take {in_minutes(BAR)} on two quiet cores.",
        yellow=is_slow,
    )


def in_minutes(seconds: float) -> str:
    """For people, as in 7:05."""
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"
