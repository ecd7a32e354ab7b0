"""``resume FOLDER --up-to-damage``: an experiment goes on from what comes before the damage in its record."""

import json
import re

import pytest

from tunekit import tune
from tunekit_core import load_experiment

COMMAND = ["method=ASHA", "backend=local", "benchmark=checkpoint_example", "benchmark.sleep_time=0.0", "n_workers=2"]
LIMIT = "stopping.max_num_trials_finished=4"


def garble(folder, number):
    """Garble a line of the record, counted from 1; how many there are from there on."""
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    lines[number - 1] = b"\x00" + lines[number - 1][1:]
    (folder / "events.jsonl").write_bytes(b"".join(lines))
    return len(lines) - number + 1


@pytest.fixture
def complete(tunekit, results):
    assert tunekit(*COMMAND, LIMIT).status == 0
    (folder,) = results.folders()
    return folder


def test_an_experiment_goes_on_from_before_the_damage_and_all_that_it_had_is_kept(complete, tunekit):
    reported = load_experiment(complete).results
    n_lines = garble(complete, 12)
    finished = tunekit("resume", str(complete), "stopping.max_num_trials_finished=5")
    assert finished.status == 2
    (type_this,) = re.findall(r"type `python -m tunekit (resume .* --up-to-damage)`", finished.err)
    finished = tunekit(*type_this.split())
    assert finished.status == 0, finished.err
    (folder,) = complete.parent.iterdir()
    assert re.search(r"Line 12 of .*/events.jsonl is damaged: its checksum is wrong\.", finished.err)
    assert re.search(rf"{n_lines} lines from there on are set aside, kept as .*/events.jsonl.set-aside-1", finished.err)
    experiment = load_experiment(folder)
    assert experiment.metadata["status"] == "completed"
    assert not experiment.results.duplicated(["trial_id", "epoch"]).any()
    per_trial = experiment.results.groupby("trial_id")["epoch"]
    assert (per_trial.max() == per_trial.count()).all()  # no report is missing
    both = reported.merge(experiment.results, on=["trial_id", "epoch"])
    assert len(both) > 0
    assert (both["loss_x"] == both["loss_y"]).all()
    kept = {(report["epoch"], report["loss"]) for report in reports_kept(folder)}
    assert set(zip(reported["epoch"], reported["loss"], strict=True)) <= kept


def reports_kept(folder):
    """All reports in files of reports below a folder, wherever they are."""
    return [json.loads(line) for file in folder.rglob("reports.jsonl") for line in file.read_text().splitlines()]


def test_where_nothing_is_damaged_it_is_refused(complete, tunekit):
    finished = tunekit("resume", str(complete), "--up-to-damage")
    assert finished.status == 2
    assert "events.jsonl is not damaged. Leave out --up-to-damage" in finished.err


@pytest.mark.parametrize("metadata", [None, b"", b"{", b"[]", b'{"status": "completed"} {}'])
def test_where_the_metadata_are_damaged_too_it_is_cut_off_and_goes_on_with_the_command(complete, tunekit, metadata):
    garble(complete, 12)
    (complete / "metadata.json").unlink()
    if metadata is not None:
        (complete / "metadata.json").write_bytes(metadata)
    told = tunekit(*COMMAND, LIMIT)
    assert told.status == 1
    (type_this,) = re.findall(r"type `python -m tunekit (resume .* --up-to-damage)`", told.err)
    refused = tunekit(*type_this.split())
    assert refused.status == 2
    assert re.search(r"kept as .*/events.jsonl.set-aside-1", refused.err)
    assert re.search(r"goes on when (the command that made it|that command) is typed again", refused.err)
    finished = tunekit(*COMMAND, LIMIT)
    assert finished.status == 0, finished.err
    assert load_experiment(complete).metadata["status"] == "completed"


def test_what_cannot_be_changed_is_refused_before_anything_is_cut_off(complete, tunekit):
    garble(complete, 12)
    before = {path.name: path.read_bytes() for path in complete.iterdir() if path.is_file()}
    assert tunekit("resume", str(complete), "--up-to-damage", "seed=3").status == 2
    assert {path.name: path.read_bytes() for path in complete.iterdir() if path.is_file()} == before


def test_the_experiment_of_a_function_is_cut_off_and_goes_on_with_the_function(tunekit, results):
    def run(n):
        return tune(
            lambda x: x, {"x": "uniform(0, 1)"}, overrides=[f"stopping.max_num_trials_finished={n}", "seed=1"]
        ).experiment

    folder = run(3).path
    garble(folder, 6)
    finished = tunekit("resume", str(folder), "--up-to-damage")
    assert finished.status == 2
    assert "are set aside" in finished.err
    assert "It goes on when tune() is called again with the same arguments." in " ".join(finished.err.split())
    assert load_experiment(folder).metadata["status"] == "interrupted"
    again = run(3)
    assert again.metadata["status"] == "completed"
    assert len(again.results) >= 3  # a trial that ran beside the third may have reported in time
