import contextlib

import psutil
import pytest


@pytest.fixture(autouse=True)
def no_account(monkeypatch):
    """What a test asks of AWS cannot reach an account of whoever runs it."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "TRAINING_JOB_NAME", "TUNEKIT_SAGEMAKER_ROLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials")


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
