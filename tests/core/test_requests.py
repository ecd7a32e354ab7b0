"""Requests to an experiment are files in its folder: each is taken once and answered."""

import json
import os

import pytest

from tunekit_core.engine.steering import Kind
from tunekit_core.errors import RecordError
from tunekit_core.records import requests
from tunekit_core.records.lock import FolderLock
from tunekit_core.records.requests import REQUESTS, TOO_LATE, Reply, RequestsInFolder, Sender


@pytest.fixture
def clock(monkeypatch):
    """A clock on which a second passes with every look."""
    now = iter(range(10_000))
    monkeypatch.setattr(requests.time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(requests.time, "sleep", lambda seconds: None)


@pytest.fixture
def sender(tmp_path):
    sender = Sender(tmp_path)
    yield sender
    sender.close()


def files(folder):
    return sorted(os.listdir(folder / REQUESTS))


@pytest.mark.usefixtures("clock")
def test_a_request_is_taken_and_answered_once(tmp_path, sender):
    inbox = RequestsInFolder(tmp_path)
    nonces = [sender.send(Kind.PAUSE, {}), sender.send(Kind.TRY, {"configuration": {"x": 0.5}})]
    taken = inbox.take()
    assert [(each.nonce, each.kind) for each in taken] == list(zip(nonces, (Kind.PAUSE, Kind.TRY), strict=True))
    assert sender.wait(nonces[0], 5.0) is None
    inbox.answer(nonces[0], "")
    inbox.answer(nonces[1], "There is no room.")
    assert inbox.take() == []
    assert [sender.wait(nonce, 5.0) for nonce in nonces] == [Reply(""), Reply("There is no room.")]
    assert files(tmp_path) == []


@pytest.mark.usefixtures("clock")
def test_an_answer_is_found_where_the_folder_was_moved_to(tmp_path):
    (tmp_path / "one").mkdir()
    sender = Sender(tmp_path / "one")
    nonce = sender.send(Kind.STOP, {})
    inbox = RequestsInFolder(tmp_path / "one")
    inbox.answer(nonce, "")
    (tmp_path / "one").rename(tmp_path / "two")
    assert sender.wait(nonce, 5.0) is not None
    sender.close()


@pytest.mark.usefixtures("clock")
def test_what_was_meant_for_another_process_is_refused(tmp_path, sender):
    nonce = sender.send(Kind.STOP, {})
    inbox = RequestsInFolder(tmp_path)
    assert inbox.take() == []
    assert sender.wait(nonce, 5.0) == Reply(TOO_LATE)


def test_whoever_asks_sees_that_the_process_has_ended_and_takes_the_request_back(tmp_path, sender):
    with FolderLock(tmp_path):
        nonce = sender.send(Kind.STOP, {})
        assert sender.wait(nonce, 0.2) is None
        assert not sender.withdraw(nonce)
        assert files(tmp_path) == [f"{nonce}.json"]
    assert sender.wait(nonce, 1e9) is None
    assert sender.withdraw(nonce)
    assert files(tmp_path) == []


def test_answers_that_nobody_waits_for_are_removed_by_the_next_process(tmp_path, sender):
    inbox = RequestsInFolder(tmp_path)
    for nonce in ("old", "new"):
        inbox.answer(nonce, "")
    os.utime(tmp_path / REQUESTS / "old.answer.json", (0, 0))
    RequestsInFolder(tmp_path)
    assert files(tmp_path) == ["new.answer.json"]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", '{"nonce": "a", "kind": "fly", "given": {}}',
        '{"nonce": "b", "kind": "stop", "given": {}}',
        '{"nonce": "a", "kind": "stop", "given": []}', '{"nonce": "a", "kind": "try", "given": {}}', "[" * 100_000,
        '{"nonce": "a", "kind": "try", "given": {"configuration": 3}}', '{"nonce": "a", "kind": ["stop"], "given": {}}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_changes_nothing(tmp_path, sender, content):
    inbox = RequestsInFolder(tmp_path)
    (tmp_path / REQUESTS / "a.json").write_text(content)
    assert inbox.take() == []
    assert sender.wait("a", 5.0).refusal.startswith("It is no request: ")
    assert files(tmp_path) == []


@pytest.mark.usefixtures("clock")
def test_what_is_no_file_is_refused_and_nobody_waits_for_it(tmp_path, sender):
    inbox = RequestsInFolder(tmp_path)
    os.mkfifo(tmp_path / REQUESTS / "a.json")
    (tmp_path / REQUESTS / "b.json").mkdir()
    (tmp_path / REQUESTS / "c.json").symlink_to("/dev/zero")
    assert inbox.take() == []
    assert [sender.wait(nonce, 5.0).refusal[:17] for nonce in "abc"] == ["It is no request:"] * 3
    assert inbox.take() == []
    RequestsInFolder(tmp_path)  # what could not be removed ends no experiment


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_nobody_waits_for_an_answer_that_is_no_file(tmp_path, sender, make):
    make(tmp_path / REQUESTS / "a.answer.json")
    with pytest.raises(RecordError, match="is no answer"):
        sender.wait("a", 5.0)


@pytest.mark.usefixtures("clock")
def test_where_no_answer_can_be_written_a_request_is_done_once(tmp_path, sender, monkeypatch):
    def full(*args, **options):
        raise PermissionError(13, "not yours")

    inbox = RequestsInFolder(tmp_path)
    nonce = sender.send(Kind.PAUSE, {})
    monkeypatch.setattr(requests, "write_whole", full)
    monkeypatch.setattr(requests.Path, "unlink", full)
    assert [each.nonce for each in inbox.take()] == [nonce]
    inbox.answer(nonce, "")
    assert inbox.take() == []
    RequestsInFolder(tmp_path)


@pytest.mark.usefixtures("clock")
def test_other_files_are_left_alone(tmp_path, sender):
    inbox = RequestsInFolder(tmp_path)
    for name in ("note.txt", "UPPER.json", ".a.json.part", "x.answer.json"):
        (tmp_path / REQUESTS / name).write_text(json.dumps({}))
    assert inbox.take() == []
    assert len(files(tmp_path)) == 4


def test_the_folder_is_looked_at_twice_a_second_at_most(tmp_path, monkeypatch):
    looked = []
    inbox = RequestsInFolder(tmp_path)
    monkeypatch.setattr(inbox, "_read", lambda: looked.append(1) or [])
    for _ in range(10_000):
        inbox.take()
    assert len(looked) <= 2


@pytest.mark.usefixtures("clock")
def test_without_a_folder_of_requests_there_are_none(tmp_path):
    assert RequestsInFolder(tmp_path / "nowhere").take() == []
