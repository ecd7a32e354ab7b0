"""The folder of a user for sockets, in a temporary folder where others write too."""

import os
import socket
import stat
import subprocess
import sys
import tempfile

import pytest

from tunekit_local.notices import Notices

REAL = os.geteuid()
FIRST = f"tunekit-{REAL}"
DIES_WITH_SOCKET = """
import os, pathlib, sys
from tunekit_local.notices import Notices
Notices(pathlib.Path(sys.argv[1]))
os._exit(0)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # that of pytest is too long for addresses
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield tmp_path.__class__(folder)


@pytest.fixture
def listen(tmp_path):
    made = []

    def listen(name="experiment"):
        made.append(Notices(tmp_path / name))
        return made[-1]

    yield listen
    for notices in made:
        notices.close()


def is_heard(notices):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller:
        caller.sendto(b"x", str(notices.address))
    return notices.wait(1.0)[0] == {"x"}


def is_private(folder):
    status = os.lstat(folder)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == REAL and stat.S_IMODE(status.st_mode) == 0o700


def test_the_folder_is_private_and_bears_the_number_of_the_user(temporary, listen):
    notices = listen()
    assert notices.address.parent == temporary / FIRST
    assert is_private(temporary / FIRST)
    assert is_heard(notices)


def stranger_makes_a_link(path):
    path.with_name("elsewhere").mkdir(mode=0o700)
    path.symlink_to(path.with_name("elsewhere"))


def stranger_makes_a_dangling_link(path):
    path.symlink_to(path.with_name("nowhere"))


def stranger_makes_a_file(path):
    path.touch()


def stranger_makes_a_pipe(path):
    os.mkfifo(path)


def stranger_makes_it_writable_for_others(path):
    path.mkdir()
    path.chmod(0o770)


def stranger_makes_it_readable_for_others(path):
    path.mkdir()
    path.chmod(0o755)


STRANGERS = [
    stranger_makes_a_link,
    stranger_makes_a_dangling_link,
    stranger_makes_a_file,
    stranger_makes_a_pipe,
    stranger_makes_it_writable_for_others,
    stranger_makes_it_readable_for_others,
]


@pytest.mark.parametrize("make", STRANGERS, ids=lambda make: make.__name__)
def test_what_a_stranger_makes_first_is_left_alone_and_stops_nothing(temporary, listen, make):
    make(temporary / FIRST)
    before = os.lstat(temporary / FIRST)
    notices = listen()
    assert is_private(notices.address.parent)
    assert notices.address.parent.parent == temporary
    assert notices.address.parent != temporary / FIRST
    assert is_heard(notices)
    assert os.path.samestat(before, os.lstat(temporary / FIRST))
    assert not any((temporary / "elsewhere").glob("*"))


def test_a_folder_of_another_owner_is_not_used(temporary, listen, monkeypatch):
    (temporary / "tunekit-54321").mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    notices = listen()
    assert notices.address.parent.name.startswith("tunekit-54321-")
    assert is_private(notices.address.parent)


@pytest.mark.skipif(REAL != 0, reason="only root gives folders away")
def test_a_folder_that_was_given_away_is_not_used(temporary, listen):
    (temporary / FIRST).mkdir(mode=0o700)
    os.chown(temporary / FIRST, 12345, -1)
    notices = listen()
    assert notices.address.parent != temporary / FIRST
    assert is_private(notices.address.parent)


@pytest.mark.parametrize("make", [None, stranger_makes_a_file], ids=["undisturbed", "with a stranger"])
def test_who_goes_on_with_an_experiment_has_the_address_of_the_process_that_died(temporary, listen, tmp_path, make):
    if make is not None:
        make(temporary / FIRST)
    environment = {**os.environ, "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-c", DIES_WITH_SOCKET, tmp_path / "experiment"], check=True, env=environment)
    (left,) = temporary.glob("tunekit-*/*")
    notices = listen()
    assert notices.address == left
    assert is_heard(notices)


def test_sockets_of_processes_that_died_are_removed_and_those_of_live_ones_stay(temporary, listen, tmp_path):
    live = listen("live")
    environment = {**os.environ, "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-c", DIES_WITH_SOCKET, tmp_path / "dead"], check=True, env=environment)
    assert len(list((temporary / FIRST).iterdir())) == 2
    other = listen("other")
    assert set((temporary / FIRST).iterdir()) == {live.address, other.address}
    assert is_heard(live)


def test_no_process_takes_the_address_of_a_live_one(temporary, listen):
    first, second = listen(), listen()
    assert first.address != second.address
    assert is_private(second.address.parent)
    assert is_heard(first)
    assert is_heard(second)


def test_other_files_in_the_folder_are_kept(temporary, listen):
    (temporary / FIRST).mkdir(mode=0o700)
    (temporary / FIRST / "file").write_text("mine")
    notices = listen()
    assert notices.address.parent == temporary / FIRST
    notices.close()
    assert (temporary / FIRST / "file").read_text() == "mine"


def test_the_last_one_removes_the_folder(temporary, listen):
    first, second = listen("first"), listen("second")
    first.close()
    assert is_heard(second)
    second.close()
    assert not any(temporary.iterdir())


@pytest.mark.parametrize("letter", ["x", "ü"])
def test_a_long_temporary_folder_is_not_used(temporary, listen, monkeypatch, letter):
    long = temporary / (40 * letter)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    notices = listen()
    assert len(os.fsencode(notices.address)) <= 103
    assert is_heard(notices)
