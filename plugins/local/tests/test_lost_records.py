"""What trials have reported is kept when the end of the record is lost, or all of it, and the experiment goes on."""

import json
import signal
import time

import pytest

from plugins.local.tests.test_deaths import processes_of, to_the_end, tuner, what_is_found
from tunekit_core import load_experiment
from tunekit_core.records.damage import cut_off_at_damage


def reports_below(folder):
    """All reports in all files of reports below a folder, whatever the folders between them are called."""
    files = folder.rglob("reports.jsonl")
    return [json.dumps(json.loads(line), sort_keys=True) for file in files for line in file.read_text().splitlines()]


def garble(folder, part):
    path = folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    where = int(part * len(lines))
    path.write_bytes(b"".join([*lines[:where], b"\xff" + lines[where][1:], *lines[where + 1 :]]))


@pytest.mark.parametrize("scheduler", ["asha_promotion", "asha_stopping"])
@pytest.mark.parametrize("part", [0.1, 0.6])
def test_cut_off_anywhere_it_finds_the_same_and_keeps_what_was_reported(tmp_path, scheduler, part):
    arguments = (scheduler, 1, "stop", 0.0, {"asha_promotion": 2, "asha_stopping": 8}[scheduler])
    to_the_end(tmp_path, *arguments)
    found, reported = what_is_found(tmp_path), reports_below(tmp_path)
    garble(tmp_path, part)
    cut_off_at_damage(tmp_path)
    to_the_end(tmp_path, *arguments)
    assert what_is_found(tmp_path).equals(found)
    assert set(reported) <= set(reports_below(tmp_path))


@pytest.mark.parametrize("events", [b"", None])
def test_without_a_record_it_begins_anew_and_keeps_what_was_reported(tmp_path, events):
    arguments = ("asha_promotion", 1, "stop", 0.0, 2)
    to_the_end(tmp_path, *arguments)
    found, reported = what_is_found(tmp_path), reports_below(tmp_path)
    (tmp_path / "events.jsonl").unlink()
    if events is not None:
        (tmp_path / "events.jsonl").write_bytes(events)
    to_the_end(tmp_path, *arguments)
    assert what_is_found(tmp_path).equals(found)
    assert set(reported) <= set(reports_below(tmp_path))
    assert (tmp_path / "0.set-aside-1" / "config.json").exists()
    assert "metadata.json.set-aside-1" in load_experiment(tmp_path).metadata["set_aside"]


def test_trials_that_run_on_and_that_the_record_does_not_know_of_are_ended(tmp_path):
    arguments = ("asha_stopping", 2, "keep", 0.3, 4)
    process = tuner(tmp_path, *arguments)
    while not list(tmp_path.glob("[2-9]/runs/0/reports.jsonl")):
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert processes_of(tmp_path)
    garble(tmp_path, 0.3)
    cut_off_at_damage(tmp_path)
    to_the_end(tmp_path, *arguments)
    assert not processes_of(tmp_path)
    assert load_experiment(tmp_path).metadata["n_failed"] == 0
