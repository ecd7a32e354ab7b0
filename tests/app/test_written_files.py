"""What others can do with the files of an experiment: read them as far as the umask says, and open them anywhere."""

import csv
import json
import os
import stat
import sys

import pytest

from tunekit.results.index import write_index
from tunekit_core import load_experiment

TRAIN = """
from tunekit import Reporter
report = Reporter()
report(loss=-0.5, note="=1+1", other="@x")
with report.checkpoint(1) as folder:
    (folder / "model").touch()
"""
PRIVATE = {"spec.json", "function.pickle"}


def run(tunekit, tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    choice = "benchmark.space.word=choice(['=2+3','-x'])"
    command = f"benchmark.command='{sys.executable} train.py'"
    finished = tunekit("benchmark=script", command, choice, "stopping.max_num_trials_finished=2", "n_workers=1")
    assert finished.status == 0, finished.err


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_files_and_folders_follow_the_umask_and_two_are_private(tunekit, results, tmp_path, umask):
    before = os.umask(umask)
    try:
        run(tunekit, tmp_path)
    finally:
        os.umask(before)
    modes = {
        path: stat.S_IMODE(path.lstat().st_mode)
        for path in results.root.rglob("*")
        if not stat.S_ISLNK(path.lstat().st_mode)
    }
    wrong = {
        str(path): oct(mode)
        for path, mode in modes.items()
        if mode != (0o600 if path.name in PRIVATE else (0o777 if path.is_dir() else 0o666) & ~umask)
    }
    assert wrong == {}
    assert [path.name for path in modes if path.name in PRIVATE] == ["spec.json", "spec.json"]


def test_results_are_kept_as_they_are(tunekit, results, tmp_path):
    run(tunekit, tmp_path)
    (folder,) = results.folders()
    rows = load_experiment(folder).results
    assert rows["loss"].tolist() == [-0.5, -0.5]
    assert rows["note"].tolist() == ["=1+1", "=1+1"]
    assert set(rows["config_word"]) == {"=2+3", "-x"}


@pytest.mark.parametrize("reason", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_of_the_index_is_a_formula(tmp_path, reason):
    folder = tmp_path / "tag" / "ASHA" / "run"
    folder.mkdir(parents=True)
    metadata = {"method": "ASHA", "benchmark": "b", "seed": -1, "status": "failed", "reason": reason}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    with open(write_index(tmp_path / "tag"), newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["reason"] == "'" + reason.replace("\r", "\n")
    assert row["seed"] == "-1"
