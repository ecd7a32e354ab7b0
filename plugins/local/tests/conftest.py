import contextlib

import psutil
import pytest


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """Every process that a test started, directly or not, has ended when it is over."""
    me = psutil.Process()
    before = {child.pid for child in me.children(recursive=True)}
    yield
    left = [child for child in me.children(recursive=True) if child.pid not in before and runs(child)]
    _, alive = psutil.wait_procs(left, timeout=3)
    names = [" ".join(child.cmdline()) for child in alive]
    for child in alive:
        child.kill()
    assert not names


def runs(process):
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since it was listed
        return process.status() != psutil.STATUS_ZOMBIE
    return False
