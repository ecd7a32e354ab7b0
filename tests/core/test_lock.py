"""One live process writes the folder of an experiment; whatever the file system does with locks."""

import errno
import fcntl
import os

import pytest

from tunekit_core import ExperimentRecord, load_experiment
from tunekit_core.errors import ExperimentLocked, LockingError
from tunekit_core.records.files import write_metadata
from tunekit_core.records.lock import FolderLock, exclusively, is_locked

HAS_NO_LOCKS = [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL, errno.EIO, errno.EACCES, errno.EPERM]


@pytest.fixture(params=HAS_NO_LOCKS, ids=errno.errorcode.get)
def file_system(request, monkeypatch):
    """Has no locks; the error that it answers with."""

    def refuse(file, operation):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refuse)
    return os.strerror(request.param)


def test_where_nothing_can_be_locked_it_is_said_at_once_with_what_to_do(file_system, tmp_path):
    with pytest.raises(LockingError) as caught:
        ExperimentRecord(tmp_path / "run", keep_events=True)
    assert str(caught.value) == (
        f"{tmp_path}/run/.lock cannot be locked: {file_system}. Without a lock two processes could write there at the "
        "same time, so nothing is written. Choose a folder on another file system, such as a disk of this machine, by "
        "results_dir=FOLDER or the variable TUNEKIT_RESULTS."
    )
    assert [*(tmp_path / "run").iterdir()] == []


def test_where_nothing_can_be_locked_nobody_is_taken_for_a_writer(file_system, tmp_path):
    (tmp_path / ".lock").touch()
    assert not is_locked(tmp_path)
    write_metadata(
        tmp_path, {"status": "running", "format": 3, "metric": ["loss"], "mode": ["min"], "search_space": []}
    )
    assert load_experiment(tmp_path).metadata["status"] == "interrupted"


def test_where_nothing_can_be_locked_who_waits_for_others_is_told(file_system, tmp_path):
    with pytest.raises(LockingError, match="cannot be locked"), exclusively(tmp_path / ".index.lock"):
        pass


@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EAGAIN])
def test_what_another_holds_is_locked(number, tmp_path, monkeypatch):
    (tmp_path / ".lock").touch()

    def refuse(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(ExperimentLocked):
        FolderLock(tmp_path)
    assert is_locked(tmp_path)


def test_a_lock_that_cannot_be_opened_is_not_taken_for_that_of_a_writer(tmp_path, monkeypatch):
    (tmp_path / "folder" / ".lock").mkdir(parents=True)
    assert not is_locked(tmp_path / "folder")
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / ".lock").symlink_to(".lock")
    assert not is_locked(tmp_path / "loop")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / ".lock")
    assert not is_locked(tmp_path / "pipe")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / ".lock").touch(0o000)
    os.utime(tmp_path / "others" / ".lock", (0, 0))
    assert not is_locked(tmp_path / "others")


def test_in_a_folder_that_may_only_be_read_a_writer_is_seen(tmp_path):
    record = ExperimentRecord(tmp_path / "run")
    (tmp_path / "run" / ".lock").chmod(0o444)
    (tmp_path / "run").chmod(0o555)
    try:
        assert is_locked(tmp_path / "run")
        record.release()
        assert not is_locked(tmp_path / "run")
    finally:
        (tmp_path / "run").chmod(0o755)
