"""A record is cut off where its damage begins, and the experiment goes on from there."""

import json
import os
import shutil

import pytest

from tests.core.test_event_file import run
from tunekit_core import load_experiment
from tunekit_core.errors import DamagedRecord, ExperimentLocked, RecordError
from tunekit_core.records.believed import find
from tunekit_core.records.damage import cut_off_at_damage
from tunekit_core.records.load import read_events
from tunekit_core.records.lock import FolderLock


@pytest.fixture
def complete(tmp_path):
    run(tmp_path / "run")
    return tmp_path / "run"


def lines_of(folder):
    return (folder / "events.jsonl").read_bytes().splitlines(keepends=True)


def damage(folder, number):
    """Garble a line, counted from 1; the lines as they were."""
    lines = lines_of(folder)
    garbled = [*lines[: number - 1], b"\x00\xff" + lines[number - 1][2:], *lines[number:]]
    (folder / "events.jsonl").write_bytes(b"".join(garbled))
    return lines, garbled


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_the_error_says_what_to_type(complete):
    damage(complete, 40)
    metadata = json.loads((complete / "metadata.json").read_text())
    (complete / "metadata.json").write_text(json.dumps({**metadata, "status": "interrupted"}))
    before = contents(complete)
    with pytest.raises(DamagedRecord) as caught:
        run(complete)
    assert str(caught.value).startswith(
        f"Line 40 of {complete / 'events.jsonl'} is damaged: its checksum is wrong. To set aside what follows, and go "
        f"on from the 39 events before it, type `python -m tunekit resume {complete} --up-to-damage`."
    )
    assert contents(complete) == before


def test_what_follows_the_damage_is_kept_byte_by_byte_and_counted(complete):
    lines, garbled = damage(complete, 40)
    results = (complete / "results.csv.zip").read_bytes()
    cut_off = cut_off_at_damage(complete)
    assert cut_off.damage == f"Line 40 of {complete / 'events.jsonl'} is damaged: its checksum is wrong."
    assert (cut_off.n_kept, cut_off.n_lines) == (39, len(lines) - 39)
    assert lines_of(complete) == lines[:39]
    assert cut_off.kept_as == (complete / "events.jsonl.set-aside-1", complete / "results.csv.zip.set-aside-1")
    assert cut_off.kept_as[0].read_bytes() == b"".join(garbled[39:])
    assert cut_off.kept_as[1].read_bytes() == results
    assert len(read_events(complete)) == 39
    assert load_experiment(complete).metadata["status"] == "interrupted"


def test_the_experiment_goes_on_as_after_a_crash_at_that_line(complete, tmp_path):
    lines, _ = damage(complete, 40)
    shutil.copytree(complete, tmp_path / "crashed")
    (tmp_path / "crashed" / "events.jsonl").write_bytes(b"".join(lines[:39]))
    cut_off_at_damage(complete)
    for folder in (complete, tmp_path / "crashed"):
        run(folder)
    assert load_experiment(complete).results.equals(load_experiment(tmp_path / "crashed").results)
    assert lines_of(complete) == lines_of(tmp_path / "crashed")


@pytest.mark.parametrize("step", range(5))
def test_killed_at_any_moment_the_record_is_as_it_was_or_cut_off_with_the_rest_kept(complete, monkeypatch, step):
    lines, garbled = damage(complete, 40)
    steps = iter(range(100))

    def dying(original):
        def call(*arguments, **options):
            if next(steps) == step:
                raise KeyboardInterrupt
            return original(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for owner, name in ((os, "fsync"), (os, "rename"), (os, "replace"), (os, "truncate")):
            patch.setattr(owner, name, dying(getattr(owner, name)))
        with pytest.raises(KeyboardInterrupt):
            cut_off_at_damage(complete)
    assert lines_of(complete) == garbled
    kept = cut_off_at_damage(complete).kept_as[0]
    assert kept.read_bytes() == b"".join(garbled[39:])
    assert lines_of(complete) == lines[:39]
    assert find(complete).status is not None
    assert list(complete.glob("results.csv.zip.set-aside-1"))


def test_a_record_whose_first_line_is_damaged_is_refused_and_kept(complete):
    damage(complete, 1)
    before = contents(complete)
    with pytest.raises(RecordError, match=r"Line 1 of .* No event comes before that, so there is nothing to go on"):
        cut_off_at_damage(complete)
    assert contents(complete) == before


def test_a_record_that_is_whole_is_left_as_it_is(complete):
    before = contents(complete)
    with pytest.raises(RecordError, match=r"events\.jsonl is not damaged\. Leave out --up-to-damage"):
        cut_off_at_damage(complete)
    assert contents(complete) == before


def test_the_record_of_an_experiment_that_runs_is_left_as_it_is(complete):
    damage(complete, 40)
    with FolderLock(complete), pytest.raises(ExperimentLocked):
        cut_off_at_damage(complete)
