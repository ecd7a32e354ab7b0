"""One live process writes the folder of an experiment; whatever the file system does with locks."""

import errno
import fcntl
import os

import pytest

from tunekit_core import ExperimentRecord, load_experiment
from tunekit_core.errors import ExperimentLocked, LockingError, LockLost
from tunekit_core.records import lock
from tunekit_core.records.files import read_metadata, write_metadata
from tunekit_core.records.lock import FolderLock, exclusively, is_locked

BEGUN = {"format": 3, "metric": ["loss"], "mode": ["min"], "resource": None, "search_space": []}
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
    write_metadata(tmp_path, {**BEGUN, "status": "running"})
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


class TestMachines:
    """Each machine takes the lock for a lease of the others."""

    @pytest.fixture
    def on(self, monkeypatch):
        """From now on this process runs on another machine."""

        def go(name):
            monkeypatch.setattr(lock, "place_of", lambda folder: name)

        return go

    @pytest.fixture
    def begun(self, tmp_path):
        """The metadata of an experiment that runs."""
        write_metadata(tmp_path, {**BEGUN, "status": "running"})

    def expire(self, folder):
        os.utime(folder / ".lock", (0, 0))

    def test_what_another_machine_writes_is_locked_until_nothing_was_heard_of_it_for_long(self, tmp_path, on, begun):
        on("first")
        with FolderLock(tmp_path) as first:
            on("second")
            with pytest.raises(ExperimentLocked, match=f"is being written by process {os.getpid()} on "):
                FolderLock(tmp_path)
            assert read_metadata(tmp_path)["status"] == "running"
            self.expire(tmp_path)
            assert read_metadata(tmp_path)["status"] == "interrupted"
            with FolderLock(tmp_path) as second:
                second.check()
                with pytest.raises(LockLost, match=r"not this process's to write any more: \.lock is that of process"):
                    first.check()

    def test_on_the_same_machine_age_does_not_count(self, tmp_path, on, begun):
        on("first")
        with FolderLock(tmp_path) as first:
            self.expire(tmp_path)
            with pytest.raises(ExperimentLocked):
                FolderLock(tmp_path)
            assert read_metadata(tmp_path)["status"] == "running"
            first.check()

    def test_a_folder_that_is_moved_stays_locked(self, tmp_path):
        with FolderLock(tmp_path / "before") as moved:
            moved.move(tmp_path / "after")
            moved.check()
            assert is_locked(tmp_path / "after")
        assert [*(tmp_path / "after").iterdir()] == []

    def test_looking_at_what_another_machine_writes_leaves_nothing_behind(self, tmp_path, on):
        on("first")
        with FolderLock(tmp_path):
            on("second")
            assert is_locked(tmp_path)
            assert [file.name for file in tmp_path.iterdir()] == [".lock"]
