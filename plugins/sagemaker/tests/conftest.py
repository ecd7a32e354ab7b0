import contextlib
import functools
import ipaddress
import socket

import boto3
import botocore.loaders
import botocore.session
import psutil
import pytest

from tunekit_sagemaker.aws import clients, rates
from tunekit_sagemaker.emulator import Delays, Emulator

QUICK = Delays(starting=0.02, downloading=0.02, uploading=0.02, interrupted=0.02, checkpoint_sync=0.1, grace=5.0)
LOADER = functools.cache(botocore.loaders.create_loader)


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
def models_of_services_are_read_once(monkeypatch):
    """All sessions of this process share what boto3 knows of AWS: reading it takes longer than most tests do."""
    monkeypatch.setattr(botocore.session, "create_loader", LOADER)


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


def runs(process):
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since it was listed
        return process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine(monkeypatch):
    """No name is looked up, and nothing connected to, but on the loopback device."""
    asked = []
    look_up = socket.getaddrinfo

    def getaddrinfo(host, *arguments, **options):
        if not is_loopback(host):
            asked.append(host)
            raise OSError(f"a test asks for {host}")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    assert not asked


def is_loopback(host):
    if host is None or host in ("localhost", b"localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


@pytest.fixture
def use(monkeypatch):
    """Makes this process use an emulator that is running."""

    def use_it(emulator):
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            monkeypatch.delenv(name, raising=False)
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    return use_it


@pytest.fixture
def emulator(use):
    """An emulator at a port of its own in which everything is quick, and that boto3 uses."""
    with Emulator(delays=QUICK) as running:
        use(running)
        yield running


@pytest.fixture
def at_any_rate(monkeypatch):
    """AWS is asked as often as a test likes, and each call once: what is tried again is tried by us."""
    monkeypatch.setattr(rates, "RATES", {})
    monkeypatch.setattr(clients, "ATTEMPTS", 1)
    monkeypatch.setattr(clients, "ATTEMPTS_IN_ROUNDS", 1)
