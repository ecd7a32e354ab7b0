import contextlib
import fcntl
import tempfile
from pathlib import Path

import psutil
import pytest


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """Every process that a test started, directly or not, has ended when it is over."""
    me = psutil.Process()
    before = {child.pid for child in me.children(recursive=True)}
    yield
    left = [child for child in me.children(recursive=True) if child.pid not in before and runs(child)]
    _, alive = psutil.wait_procs(left, timeout=30)
    names = [" ".join(child.cmdline()) for child in alive]
    for child in alive:
        child.kill()
    assert not names


@contextlib.contextmanager
def locked(operation):
    with open(Path(tempfile.gettempdir()) / "tunekit-tests-of-memory.lock", "a") as file:
        fcntl.flock(file, operation)
        yield


@pytest.fixture
def memory_lasts():
    """Meanwhile no test lets the memory of anything run out, which would be taken for the cause of a SIGKILL."""
    with locked(fcntl.LOCK_SH):
        yield


@pytest.fixture
def memory_runs_out():
    """Meanwhile no test has something die of SIGKILL for other reasons."""
    with locked(fcntl.LOCK_EX):
        yield


def runs(process):
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since it was listed
        return process.status() != psutil.STATUS_ZOMBIE
    return False
