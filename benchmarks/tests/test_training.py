"""The job that trains the grid: it can be killed at any moment, and what it made becomes a table."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tunekit_benchmarks.fcnet import building, records, surrogate, training
from tunekit_benchmarks.fcnet.grid import N_ROWS, SHAPE, training_order
from tunekit_benchmarks.fcnet.make_tables import main

MODULE = "tunekit_benchmarks.fcnet.make_tables"
needs_compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")


def start(folder):
    arguments = ["--dataset", "robot_arm", "--limit", "12", "--jobs", "2", "--work", str(folder), "--data", str(folder)]
    return subprocess.Popen([sys.executable, "-m", MODULE, "train", *arguments], stdout=subprocess.PIPE, text=True)


def by_position(folder):
    return {int(r["position"]): r["losses"].tobytes() for r in training.Records(folder, "robot_arm").read()}


@needs_compiler
def test_training_goes_on_after_a_kill_and_gives_what_an_undisturbed_run_gives(tmp_path):
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    with start(disturbed) as process:
        while len(by_position(disturbed)) < 3:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    path = training.Records(disturbed, "robot_arm").path
    path.write_bytes(path.read_bytes() + b"half a record")
    for folder in (disturbed, undisturbed):
        with start(folder) as process:
            output, _ = process.communicate()
        assert process.returncode == 0
        assert "0.00 hours left" in output
    assert sorted(by_position(disturbed)) == list(range(12))
    assert by_position(disturbed) == by_position(undisturbed)


def test_networks_in_the_table_are_not_trained_again(tmp_path):
    assert training.done(tmp_path, "diabetes", 3) == {0, 1, 2}


def test_two_trainings_in_one_folder_are_refused(tmp_path, capsys):
    with training.Records(tmp_path, "diabetes"):
        arguments = ["train", "--dataset", "diabetes", "--limit", "1", "--work", str(tmp_path), "--data", str(tmp_path)]
        assert main(arguments) == 2
    assert "Another process is training" in capsys.readouterr().out


def test_a_damaged_record_and_what_follows_it_are_dropped(tmp_path):
    with training.Records(tmp_path, "diabetes") as file:
        for position in range(3):
            file.append(position, np.full(records.N_LOSSES, position, dtype=np.float32))
    content = bytearray(file.path.read_bytes())
    content[training.RECORD.itemsize + 40] ^= 1
    file.path.write_bytes(content)
    assert file.read()["position"].tolist() == [0]


def test_the_order_has_every_row_once_and_its_first_part_spreads_over_the_grid():
    order = training_order()
    assert sorted(order.tolist()) == list(range(N_ROWS))
    assert order[:5].tolist() == [28758, 31582, 58037, 5600, 15773]
    for indices, size in zip(np.unravel_index(order[:1024].astype(int), SHAPE), SHAPE, strict=True):
        counts = np.bincount(indices, minlength=size)
        assert counts.max() - counts.min() < 0.15 * 1024 / size


def made_up_losses(n):
    """Curves that fall to a level that the row decides."""
    rows = training_order()[:n].astype(int)
    x = surrogate.features()[rows]
    level = 0.1 + np.abs(x[:, 6] + 7) / 10
    epochs = np.arange(1, 101)
    curves = level[:, np.newaxis] + np.exp(-epochs / 20)
    return np.concatenate([curves, curves * 1.1, level[:, np.newaxis]], axis=1).astype(np.float32)


def test_a_build_adds_files_changes_none_and_gives_the_same_bytes_again(tmp_path, monkeypatch):
    monkeypatch.setattr(surrogate, "TREES", 10)
    data = tmp_path / "data"
    data.mkdir()
    np.save(data / "order.npy", training_order()[:3000])  # a smaller grid
    losses = made_up_losses(3000)

    def build(n_trained):
        with training.Records(tmp_path, "diabetes") as file:
            for position in range(len(file.read()), n_trained):
                file.append(position, losses[position])
        building.build("diabetes", work=tmp_path, data=data)
        return {path.name: path.read_bytes() for path in (data / "diabetes").iterdir()}

    early, later = build(1024 + 7), build(2048 + 5)
    assert sorted(early) == ["filled.bin", "metadata.json", "trained-00.bin"]
    assert sorted(later) == ["filled.bin", "metadata.json", "trained-00.bin", "trained-01.bin"]
    assert later["trained-00.bin"] == early["trained-00.bin"]
    assert build(2048 + 5) == later
    assert "| diabetes | 0." in (data / "README.md").read_text()
    metadata = json.loads(later["metadata.json"])
    assert metadata["n_trained"] == 2048
    correlations = metadata["surrogate"]["rank_correlation_at_epoch"]
    assert list(correlations) == ["1", "9", "27", "100"]
    assert min(correlations.values()) > 0.9
    complete = build(3000)
    assert sorted(complete) == ["metadata.json", "trained-00.bin", "trained-01.bin", "trained-02.bin"]
    assert "all configurations of all datasets were trained" in (data / "README.md").read_text()
    assert len(complete["trained-02.bin"]) == (3000 - 2048) * records.RECORD_BYTES
