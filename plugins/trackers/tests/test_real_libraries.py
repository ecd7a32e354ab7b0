"""What the libraries themselves take and show, where they are installed; ``nox -s trackers`` installs them."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tunekit_core import ExperimentRecord, Streams, Tuner, create
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("every_report")]
PAGE = Path(__file__).parents[3] / "docs/how-to/use-an-experiment-tracker.md"
METADATA = {"method": "RS", "benchmark": "toy", "seed": 3, "tags": {"paper": "first"}, "config": {"n_workers": 2}}


def tune(tracker, folder, *, benchmark=None, **options):
    benchmark, streams = benchmark or ToyBenchmark(), Streams(3)
    problem = toy_problem(benchmark)
    return Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams)),
        backend=ToyBackend(problem, benchmark, None, streams, fail_at={2: 3}),
        stopping=[create("stopping", "max_num_evaluations", problem, count=40)],
        n_workers=2,
        observers=[create("observer", tracker, problem, folder, wait=300, **options)],
        record=ExperimentRecord(folder, keep_events=True),
        metadata=METADATA,
    ).run()


def cut(folder):
    """A process was killed after so many lines of its record."""
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:48]))
    metadata = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**metadata, "status": "running"}))


def tune_twice(tracker, folder):
    result = tune(tracker, folder, trials=True)
    cut(folder)
    tune(tracker, folder, trials=True)
    return result


def test_mlflow_shows_one_experiment_and_its_trials_though_it_went_on(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database takes seconds to be made, and may be missing
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(tmp_path / "mlruns"))
    from mlflow import MlflowClient

    result = tune_twice("mlflow", tmp_path / "toy")
    client = MlflowClient()
    experiment = client.get_experiment_by_name("tunekit").experiment_id
    runs = client.search_runs([experiment], max_results=100)
    (run,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert (run.info.status, run.data.params["seed"], run.data.tags["paper"]) == ("FINISHED", "3", "first")
    assert run.data.tags["reason"] == "40 evaluations were made"
    assert run.data.tags["best.configuration.x"] == str(result.incumbent.configuration["x"])
    best = client.get_metric_history(run.info.run_id, "best/score")
    assert {point.step for point in best} == set(range(0 if best[0].step == 0 else 1, 41))
    assert len(runs) == 1 + result.n_trials
    assert {run.info.status for run in runs} == {"FINISHED", "FAILED", "KILLED"}


def test_mlflow_is_told_all_though_its_database_is_locked_for_a_while(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy", reason="mlflow-skinny writes to no database")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    client.create_experiment("tunekit")
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:

        class Frees(ToyBenchmark):
            n_trials = 0

            def curve(self, configuration, seed):
                self.n_trials += 1
                if self.n_trials == 4:
                    other.execute("COMMIT")
                return super().curve(configuration, seed)

        other.execute("BEGIN EXCLUSIVE")
        tune("mlflow", tmp_path / "toy", benchmark=Frees())
    (run,) = client.search_runs([client.get_experiment_by_name("tunekit").experiment_id])
    assert (run.info.status, run.data.params["seed"]) == ("FINISHED", "3")
    assert len(client.get_metric_history(run.info.run_id, "report/score")) == 40


def test_wandb_offline_keeps_runs_that_are_one_when_they_are_sent(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")  # which is sent over the network, offline or not
    monkeypatch.setattr(sys, "argv", ["tunekit", "tags.api_key=hunter2"])  # it looks there
    sys.modules["wandb"].teardown()  # it reads its environment once
    tune_twice("wandb", tmp_path / "toy")
    key = json.loads((tmp_path / "toy" / "trackers" / "wandb.json").read_text())["run"]
    names = sorted(path.name for path in (tmp_path / "wandb").glob(f"offline-run-*/run-{key}.wandb"))
    assert set(names) == {f"run-{key}.wandb"}
    trials = {path.name for path in (tmp_path / "wandb").glob(f"offline-run-*/run-{key}-*.wandb")}
    assert f"run-{key}-0.wandb" in trials
    for path in (tmp_path / "wandb").rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()
    assert b"best/score" in next((tmp_path / "wandb").glob(f"offline-run-*/run-{key}.wandb")).read_bytes()


def test_wandb_has_the_command_that_the_page_types():
    pytest.importorskip("wandb")
    typed = re.findall(r"`wandb (\w+)([^`]*)`", PAGE.read_text())
    assert ("sync", "") in typed
    for verb, options in typed:
        shown = subprocess.run([sys.executable, "-m", "wandb", verb, "--help"], capture_output=True, text=True)
        assert shown.returncode == 0
        assert all(option in shown.stdout for option in options.split())


def test_trackio_shows_one_experiment_though_it_went_on(tmp_path, monkeypatch, capfd):
    pytest.importorskip("trackio")
    import trackio.sqlite_storage

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for module in list(sys.modules.values()):  # it reads its environment when it is imported
        if module.__name__.startswith("trackio") and hasattr(module, "TRACKIO_DIR"):
            monkeypatch.setattr(module, "TRACKIO_DIR", tmp_path)
    tune_twice("trackio", tmp_path / "toy")
    storage = trackio.sqlite_storage.SQLiteStorage
    names = storage.get_runs("tunekit")
    (name,) = [name for name in names if name.startswith("RS ")]
    assert len(names) == 1 + 6  # it shows no trial that never reported
    logs = storage.get_logs("tunekit", name)
    assert max(log["step"] for log in logs if "best/score" in log) == 40
    assert capfd.readouterr().out == ""
    assert os.listdir(tmp_path)
