"""A record that another process writes is followed: what was appended is read, and nothing twice."""

import itertools
import os
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings, strategies

from tunekit_core import ExperimentRecord, Streams, Tuner, create
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.trials import Status
from tunekit_core.engine.state import View
from tunekit_core.records.event_file import CHECKSUM, CHECKSUM_LENGTH
from tunekit_core.records.following import FollowedRecord
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem
from tunekit_core.testing.components import PausesAndStops

BENCHMARK = ToyBenchmark()
PROBLEM = toy_problem(BENCHMARK)


@cache
def content():
    """The record of an experiment in which trials pause, go on, stop, fail, and are lost and begun again."""
    with TemporaryDirectory() as folder:
        searcher = RandomSearch(PROBLEM, Streams(1))
        Tuner(
            scheduler=PausesAndStops(PROBLEM, Streams(1), searcher),
            backend=ToyBackend(
                PROBLEM, BENCHMARK, None, Streams(0), fail_at={4: 2}, lose_at={(5, 0): 0, (1, 0): 1}, lag=2.0
            ),
            n_workers=3,
            stopping=[create("stopping", "max_num_evaluations", PROBLEM, count=40)],
            record=ExperimentRecord(Path(folder), keep_events=True),
        ).run()
        return (Path(folder) / "events.jsonl").read_bytes()


def told(record):
    """Whatever a state says, and what is noted beside it."""
    state, view = record.state, View(record.state)
    return {
        "trials": list(map(repr, state.trials)),
        "incumbent": repr(state.incumbent),
        "endings": state.endings,
        "running": list(state.running_by_id),
        "costs": state.costs,
        "failure": state.newest_failure,
        "began": record.began,
        "beside": (record.time, record.n_events, record.n_begun, record.reason, record.damage),
        "counts": [getattr(view, name) for name in dir(type(view)) if name.startswith("n_")],
    }


def whole(folder, data):
    """What is told of a record that lay there as a whole."""
    folder.mkdir()
    (folder / "events.jsonl").write_bytes(data)
    record = FollowedRecord(folder, PROBLEM)
    record.read()
    return told(record)


def append(folder, data):
    with (folder / "events.jsonl").open("ab") as file:
        file.write(data)


def replace(folder, data):
    (folder / "new").write_bytes(data)
    os.rename(folder / "new", folder / "events.jsonl")


def test_the_record_of_these_tests_has_something_of_everything(tmp_path):
    append(tmp_path, content())
    record = FollowedRecord(tmp_path, PROBLEM)
    record.read()
    assert {trial.status for trial in record.state.trials} >= set(Status) - {Status.RUNNING}
    assert record.state.n_restarted
    assert record.reason == "40 evaluations were made"


@settings(max_examples=15, deadline=None)
@given(strategies.lists(strategies.integers(0, 100_000), max_size=8), strategies.integers(0, 100_000))
def test_any_split_into_appends_gives_the_state_of_the_whole(cuts, end):
    data = content()[: 1 + end % len(content())]
    bounds = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    with TemporaryDirectory() as folder:
        parts = Path(folder) / "parts"
        parts.mkdir()
        record = FollowedRecord(parts, PROBLEM)
        for first, last in itertools.pairwise(bounds):
            append(parts, data[first:last])
            record.read()
        assert told(record) == whole(Path(folder) / "whole", data)


def test_nothing_is_read_again(tmp_path, monkeypatch):
    lines = content().splitlines(keepends=True)
    seen = []
    record = FollowedRecord(tmp_path, PROBLEM, on_event=seen.append)
    append(tmp_path, b"".join(lines[:20]))
    record.read()
    n_seen = len(seen)
    with (tmp_path / "events.jsonl").open("r+b") as file:
        file.write(b"x")  # what was read is not looked at any more
    append(tmp_path, b"".join(lines[20:30]))
    record.read()
    assert record.n_events == 30
    assert not record.damage
    assert len(seen) - n_seen <= 11
    assert not record.read()


def test_an_event_is_told_once_the_state_has_it(tmp_path):
    n_started = []
    record = FollowedRecord(tmp_path, PROBLEM, on_event=lambda event: n_started.append((event, record.state.n_started)))
    append(tmp_path, content())
    record.read()
    first = next(n for event, n in n_started if type(event).__name__ == "Started")
    assert first == 1


@pytest.mark.parametrize("how", ["shorter", "another file", "written over and longer"])
def test_a_record_that_is_not_what_was_read_is_read_anew(tmp_path, how):
    data = content()
    lines = data.splitlines(keepends=True)
    begun = []
    record = FollowedRecord(tmp_path, PROBLEM, on_anew=lambda: begun.append(True))
    append(tmp_path, b"".join(lines[:30]))
    record.read()
    if how == "shorter":
        new = b"".join(lines[:10])
        (tmp_path / "events.jsonl").write_bytes(new)
    elif how == "another file":
        new = b"".join(lines[:40])
        replace(tmp_path, new)
    else:  # every line is longer than it was
        new = b"".join(map(longer, lines))
        with (tmp_path / "events.jsonl").open("r+b") as file:
            file.write(new)
    record.read()
    assert told(record) == whole(tmp_path / "whole", new)
    assert not record.damage
    assert len(begun) == 2


def longer(line):
    """The same event with a blank more in its line."""
    body = line[:-CHECKSUM_LENGTH].replace(b": ", b":  ", 1)
    return body + CHECKSUM % zlib.crc32(body)


def test_a_record_that_vanishes_is_as_one_that_has_not_begun(tmp_path):
    record = FollowedRecord(tmp_path, PROBLEM)
    assert not record.read()
    append(tmp_path, content())
    assert record.read()
    (tmp_path / "events.jsonl").unlink()
    assert record.read()
    assert record.state.n_started == record.n_events == 0


def test_a_damaged_line_is_said_and_followed_further_once_it_is_whole(tmp_path):
    lines = content().splitlines(keepends=True)
    record = FollowedRecord(tmp_path, PROBLEM)
    append(tmp_path, b"".join(lines[:10]) + lines[10].replace(b"crc32", b"\0\0\0\0\0"))
    record.read()
    assert "Line 11" in record.damage
    assert record.n_events == 10
    append(tmp_path, b"".join(lines[11:]))
    record.read()
    assert "Line 11" in record.damage
    (tmp_path / "events.jsonl").write_bytes(content())  # as where a page came late over a network
    record.read()
    assert told(record) == whole(tmp_path / "whole", content())


def test_what_makes_no_sense_is_said_and_no_more_is_read(tmp_path):
    lines = content().splitlines(keepends=True)
    append(tmp_path, b"".join(lines[:2]) + renumbered(lines[20], 2))
    record = FollowedRecord(tmp_path, PROBLEM)
    record.read()
    assert "is not the record of this experiment" in record.damage
    append(tmp_path, renumbered(lines[3], 3))
    record.read()
    assert "is not the record of this experiment" in record.damage


def renumbered(line, number):
    body = line[:-CHECKSUM_LENGTH]
    body = b'{"number": %d' % number + body[body.index(b",") :]
    return body + CHECKSUM % zlib.crc32(body)
